"""From won deals to orders, over both emulators and a real hub: once each, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.model.errors import AuthenticationError, CrosswalkError, ReadOnlyError
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import Release, gate
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import plan
from crosswalk.stages.pull import pull
from crosswalk.stages.settle import settle
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule
from tests.stages.world import World

ORDERS = r"/record/v1/salesOrder"
PREFIX = "SF-OPP-"


def planned(world: World) -> dict[str, object]:
    """Bring the hub up to date and let the plan through the gate; nothing is sent yet."""
    world.pull_all()
    context = world.context()
    link_all(context)
    counts = plan(context, "orders").as_dict()
    gate(context, "orders")
    return counts


def wanted_keys(world: World) -> set[str]:
    return {key for (key,) in world.rows("select key from hub.intent where flow = 'orders' and entity = 'order'")}


def keys_in_erp(world: World) -> Counter[str]:
    return Counter(key for key, _ in world.netsuite_orders() if key.startswith(PREFIX))


def customers_in_erp(world: World) -> Counter[str]:
    return Counter(
        row.get("externalid", "")
        for row in world.suiteql("select externalid from customer where externalid is not null")
    )


def assert_each_once(world: World, keys: set[str]) -> None:
    there = keys_in_erp(world)
    assert keys <= set(there)
    assert {key: count for key, count in there.items() if count > 1} == {}
    assert {key: count for key, count in customers_in_erp(world).items() if key and count > 1} == {}


def statuses(world: World) -> dict[str, int]:
    return dict(world.rows("select status, count(*) from hub.intent where flow = 'orders' group by 1"))


def test_every_ready_deal_becomes_one_order_and_the_second_run_has_nothing_to_do(small_world: World) -> None:
    before = keys_in_erp(small_world)
    counts = small_world.run_orders()
    assert (
        counts["plan_orders"]["intents"] == counts["deliver_orders"]["done"] == counts["settle_orders"]["settled"] != 0
    )
    assert_each_once(small_world, wanted_keys(small_world))
    assert set(keys_in_erp(small_world)) - set(before) == wanted_keys(small_world)
    again = small_world.run_orders()
    assert (again["plan_orders"]["intents"], again["deliver_orders"]["done"], again["deliver_write_back"]["done"]) == (
        0,
        0,
        0,
    )


def test_the_crm_knows_its_orders_and_customers_afterwards(small_world: World) -> None:
    small_world.run_orders()
    small_world.pull_all()
    missing = small_world.rows(
        """select d.key from hub.intent i join hub.deal d on d.system = 'salesforce' and d.key = i.source_key
            where i.flow = 'orders' and i.entity = 'order' and i.status = 'done' and d.counterpart_key is distinct from i.target_key"""
    )
    assert missing == []


def test_orders_carry_what_was_sold(small_world: World) -> None:
    small_world.run_orders()
    pull(small_world.context(), "erp", "order_line")
    differing = small_world.rows(
        """select d.key, d.amount, o.total - coalesce(o.tax_total, 0) from hub.intent i
             join hub.deal d on d.system = 'salesforce' and d.key = i.source_key
             join hub."order" o on o.system = 'netsuite' and o.key = i.target_key
            where i.flow = 'orders' and i.entity = 'order' and (d.amount <> o.total - coalesce(o.tax_total, 0) or d.currency <> o.currency)"""
    )
    assert differing == []


def test_a_deal_that_cannot_be_ordered_waits_with_a_hint_and_stops_nobody(troubled_world: World) -> None:
    counts = troubled_world.run_orders()
    quarantined = troubled_world.rows(
        "select key, message, hint, payload from hub.quarantine where stage = 'plan' and status = 'open'"
    )
    assert len(quarantined) == counts["plan_orders"]["blocked"] != 0
    assert all(message and hint for _, message, hint, _ in quarantined)
    codes = {problem["code"] for *_, payload in quarantined for problem in payload["problems"]}
    assert codes >= {"deal_without_lines", "product_inactive", "subsidiary_closed"}
    assert not {key for key, *_ in quarantined} & {
        key.removeprefix(PREFIX).removesuffix("-R1") for key in wanted_keys(troubled_world)
    }


def test_two_deals_of_one_new_customer_make_one_customer(troubled_world: World) -> None:
    troubled_world.run_orders()
    shared = troubled_world.rows(
        "select depends_on, count(*) from hub.intent where flow = 'orders' and depends_on is not null group by 1 order by 2 desc"
    )
    assert shared[0][1] >= 2
    assert customers_in_erp(troubled_world)[shared[0][0]] == 1


def test_an_order_whose_reply_was_lost_is_found_by_its_key_at_once(small_world: World) -> None:
    planned(small_world)
    small_world.vendors["netsuite"].faults.add(FaultRule(FaultKind.LOST_REPLY, path=ORDERS, method="POST", count=3))
    result = deliver(small_world.context(), "orders")
    assert (result.in_doubt, result.adopted) == (3, 3)
    assert_each_once(small_world, wanted_keys(small_world))
    assert set(statuses(small_world)) == {"done"}


def test_an_order_that_never_arrived_is_sent_again_when_it_surely_cannot_arrive_any_more(small_world: World) -> None:
    planned(small_world)
    small_world.vendors["netsuite"].faults.add(FaultRule(FaultKind.REFUSE, path=ORDERS, method="POST", count=3))
    deliver(small_world.context(), "orders")
    assert statuses(small_world)["in_doubt"] == 3
    small_world.clock = lambda: datetime.now(UTC) + timedelta(seconds=3000)
    assert deliver(small_world.context(), "orders").done == 3
    assert_each_once(small_world, wanted_keys(small_world))
    assert set(statuses(small_world)) == {"done"}


def test_an_order_that_may_still_arrive_is_not_sent_again_before_its_time(small_world: World) -> None:
    planned(small_world)
    vendor = small_world.vendors["netsuite"]
    vendor.faults.add(FaultRule(FaultKind.REFUSE, path=ORDERS, method="POST", count=2))
    deliver(small_world.context(), "orders")
    vendor.log.clear()
    small_world.clock = lambda: datetime.now(UTC) + timedelta(seconds=600)
    assert deliver(small_world.context(), "orders").done == 0
    assert not [
        row for row in vendor.log.snapshot()["counts"] if row["method"] == "POST" and "salesOrder" in row["path"]
    ]


@pytest.mark.parametrize("retry_after", [None, 1])
def test_a_limit_is_waited_out(small_world: World, retry_after: int | None) -> None:
    planned(small_world)
    small_world.vendors["netsuite"].faults.add(
        FaultRule(FaultKind.STATUS, status=429, retry_after=retry_after, count=4)
    )
    result = deliver(small_world.context(), "orders")
    assert result.done == len(small_world.rows("select key from hub.intent where flow = 'orders'"))
    assert_each_once(small_world, wanted_keys(small_world))


@pytest.mark.parametrize(
    "fault",
    [
        FaultRule(FaultKind.STATUS, status=503, count=2),
        FaultRule(FaultKind.STATUS, status=500, count=2),
        FaultRule(FaultKind.HTML, count=2),
        FaultRule(FaultKind.TRUNCATE, count=2),
        FaultRule(FaultKind.REFUSE, count=2),
        FaultRule(FaultKind.STATUS, status=429, count=2),
        FaultRule(FaultKind.STATUS, status=429, retry_after=1, count=2),
        FaultRule(FaultKind.EXPIRE_SESSIONS, count=1, after=1),
    ],
    ids=["503", "500", "html", "cut-page", "refused", "429", "429-retry-after", "expired-session"],
)
@pytest.mark.parametrize("side", ["crm", "erp"])
def test_a_disturbed_pull_brings_the_same_records(small_world: World, fault: FaultRule, side: str) -> None:
    vendor = small_world.vendors["salesforce" if side == "crm" else "netsuite"]
    calm = pull(small_world.context(), side, "customer", mode="full")
    vendor.faults.add(fault)
    disturbed = pull(small_world.context(), side, "customer", mode="full")
    assert (disturbed.received, disturbed.inserted, disturbed.deleted) == (calm.received, 0, 0)
    assert disturbed.received > 0


def test_two_workers_at_once_send_nothing_twice(small_world: World) -> None:
    planned(small_world)
    small_world.vendors["netsuite"].faults.add(FaultRule(FaultKind.SLOW, path=ORDERS, seconds=0.05))
    barrier, done = threading.Barrier(2), []

    def work() -> None:
        barrier.wait()
        done.append(deliver(small_world.context(), "orders").done)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == len(small_world.rows("select key from hub.intent where flow = 'orders'"))
    assert_each_once(small_world, wanted_keys(small_world))


def test_visibility_cannot_write(small_world: World) -> None:
    planned(small_world)
    small_world.read_only = True
    for vendor in small_world.vendors.values():
        vendor.log.clear()
    with pytest.raises(ReadOnlyError):
        deliver(small_world.context(), "orders")
    assert small_world.vendors["netsuite"].log.snapshot()["total"] == 0
    small_world.read_only = False
    small_world.clock = lambda: datetime.now(UTC) + timedelta(seconds=90)
    deliver(small_world.context(), "orders")
    assert_each_once(small_world, wanted_keys(small_world))


def test_wrong_credentials_stop_the_run_with_the_remedy_and_lose_nothing(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(small_world)
    right = small_world.vendors["netsuite"].settings()
    wrong = type(right)(right.host, right.login, right.password, {**right.extra, "token_secret": "wrong"})
    monkeypatch.setattr(type(small_world.vendors["netsuite"]), "settings", lambda self: wrong)
    with pytest.raises(AuthenticationError) as caught:
        deliver(small_world.context(), "orders")
    assert caught.value.hint
    assert "wrong" not in str(caught.value)
    monkeypatch.undo()
    small_world.clock = lambda: datetime.now(UTC) + timedelta(seconds=900)
    deliver(small_world.context(), "orders")
    assert_each_once(small_world, wanted_keys(small_world))


def test_shadow_stores_the_plan_and_sends_nothing(small_world: World) -> None:
    small_world.pull_all()
    context = small_world.context()
    link_all(context)
    result = plan(context, "orders", dry_run=True)
    gate(context, "orders", dry_run=True)
    small_world.vendors["netsuite"].log.clear()
    assert deliver(context, "orders").done == 0
    assert result.intents > 0
    assert set(statuses(small_world)) == {"shadowed"}
    assert small_world.vendors["netsuite"].log.snapshot()["total"] == 0
    small_world.run_orders()
    assert_each_once(small_world, wanted_keys(small_world))
    assert set(statuses(small_world)) == {"done"}


def test_the_brake_holds_a_plan_that_is_too_large_until_a_person_releases_it(small_world: World) -> None:
    brake = small_world.pairing.orders.brake.model_copy(update={"most_creates": 1})
    small_world.pairing = small_world.pairing.model_copy(
        update={"orders": small_world.pairing.orders.model_copy(update={"brake": brake})}
    )
    small_world.pull_all()
    context = small_world.context()
    link_all(context)
    intents = plan(context, "orders").intents
    held = gate(context, "orders")
    assert (held.held, held.released) == (intents, 0)
    assert "brake" in held.reason
    assert deliver(context, "orders").done == 0
    assert gate(context, "orders", release=Release("olga", "spring campaign")).released == intents
    assert deliver(context, "orders").done == intents
    assert small_world.rows("select distinct actor from hub.ledger where actor = 'olga'") == [("olga",)]


def test_settling_twice_changes_nothing(small_world: World) -> None:
    small_world.run_orders()
    before = small_world.rows("select count(*) from hub.link"), small_world.rows("select count(*) from hub.base_image")
    assert settle(small_world.context(), "orders").settled == 0
    assert before == (
        small_world.rows("select count(*) from hub.link"),
        small_world.rows("select count(*) from hub.base_image"),
    )


def test_an_unknown_field_in_a_mapping_is_named_with_its_object_and_remedy(
    small_world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mappings")
    shipped = small_world.context().mappings_folder
    for name in ("salesforce.yaml", "netsuite.yaml"):
        text = (shipped / name).read_text()
        text = text.replace("{native: Phone,", "{native: Fone__c,").replace(
            "{native: url,", "{native: custentity_none,"
        )
        (folder / name).write_text(text)
    for side, field in (("crm", "Fone__c"), ("erp", "custentity_none")):
        with pytest.raises(CrosswalkError) as caught:
            pull(small_world.context(mappings_folder=folder), side, "customer")
        assert caught.value.error_class == "schema"
        assert field in str(caught.value)
        assert caught.value.hint
