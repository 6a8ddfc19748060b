"""One account that buys from several subsidiaries of the ERP: a customer in each, orders for the right one, and nobody there twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crosswalk.facts.customer import customer_facts
from crosswalk.facts.search import search
from crosswalk.hub.undoing import undo
from crosswalk.identity.cutover import cutover
from crosswalk.pairing.document import ChoiceRule
from crosswalk.quality.checks import checks_of
from crosswalk_sandbox.company.model import Size
from tests.stages.office import Office
from tests.stages.world import world

INC, GMBH, LTD = "Aldermoor Inc.", "Aldermoor GmbH", "Aldermoor Ltd"
NATIVE = {INC: "1", GMBH: "2", LTD: "3"}
OF = {"for Leeds": LTD, "for Stuttgart": GMBH, "for the moon": "Aldermoor Moon"}


@pytest.fixture
def office(tmp_path: Path, hub_dsn: str) -> Iterator[Office]:
    with world(tmp_path, hub_dsn, size=Size(accounts=3, products=20, deals=2)) as running:
        running.run_orders()
        several_subsidiaries(running)
        yield Office(running)


def several_subsidiaries(running: Any) -> None:
    """What somebody enters into the pairing file whose deals say in their description which subsidiary they are for."""
    by = {name: ChoiceRule(by="subsidiary", values=values) for name, values in {
        "location": {INC: "1", GMBH: "3", LTD: "5"}, "taxCode": {INC: "1", GMBH: "4", LTD: "7"}, "subsidiary": NATIVE,
    }.items()}  # fmt: skip
    orders = running.pairing.orders
    changed = orders.model_copy(
        update={
            "subsidiary": ChoiceRule(by="deal.description", values=OF, default=INC),
            "header": orders.header | {"location": by["location"]},
            "line": orders.line | {"taxCode": by["taxCode"]},
            "customer": orders.customer | {"subsidiary": by["subsidiary"]},
        }
    )
    running.pairing = running.pairing.model_copy(update={"orders": changed})


def bought(office: Office, *deals: str) -> list[str]:
    """The subsidiary of the customer of each deal's one order."""
    found = []
    for deal in deals:
        [order] = office.orders_of(deal)
        query = f"SELECT c.id, s.name FROM transaction t JOIN customer c ON c.id = t.entity JOIN subsidiary s ON s.id = c.subsidiary WHERE t.id = {order}"
        found.append(office.erp.suiteql(query)[0]["name"])
    return found


def made(office: Office, account: str) -> int:
    return len(office.erp.suiteql(f"SELECT id FROM customer WHERE externalid LIKE 'SF-ACC-{account}%'"))


def test_each_deal_is_ordered_by_its_subsidiarys_customer_and_each_subsidiary_has_one(office: Office) -> None:
    account = office.open_account()
    first = [office.win(account, Description=text) for text in ("", "for Leeds", "for Leeds")]
    counts = office.world.run_orders()
    assert counts["deliver_orders"]["rejected"] == 0
    assert bought(office, *first) == [INC, LTD, LTD]
    assert made(office, account) == 2
    office.later()
    again = [office.win(account, Description="for Leeds"), office.win(account)]
    nowhere = office.win(account, Description="for the moon")
    quiet = office.world.run_orders()["plan_orders"]
    assert (quiet["intents"], quiet["blocked"], bought(office, *again), made(office, account)) == (2, 1, [LTD, INC], 2)
    [(message,)] = office.world.rows("select message from hub.quarantine where key = %s and status = 'open'", nowhere)
    assert "has no value for subsidiary 'Aldermoor Moon'" in message
    seen(office, account, {INC, LTD})
    in_order(office)
    office.crm.update("Opportunity", first[0], {"Description": "for Leeds"})
    office.world.run_orders()
    [(flag,)] = office.world.rows("select message from hub.quarantine where key = %s and status = 'open'", first[0])
    assert f"was ordered in {INC}, and is for {LTD} now" in flag
    assert bought(office, first[0]) == [INC]


def seen(office: Office, account: str, subsidiaries: set[str]) -> None:
    """The customer page shows all of the company's customers, whichever of its records is asked for, and search finds it once."""
    world = office.world
    keys = [(world.pairing.crm.system, account)]
    keys += [
        (world.pairing.erp.system, row["id"])
        for row in office.erp.suiteql(f"SELECT id FROM customer WHERE externalid LIKE 'SF-ACC-{account}%'")
    ]
    with world.hub.connection() as connection:
        for system, key in keys:
            facts = customer_facts(connection, world.pairing, system, key, today=datetime.now(UTC).date())
            assert facts is not None
            assert facts.crm is not None
            assert facts.erp is not None
            shown = [facts.erp, *facts.others]
            assert (facts.crm.key, sorted(str(one.value("subsidiary")) for one in shown)) == (
                account,
                sorted(subsidiaries),
            )
        name = str(facts.crm.value("name"))
        assert [hit.crm for hit in search(connection, world.pairing, name).hits] == [account]


def in_order(office: Office) -> None:
    """The checks between the systems and the cutover report take several customers of an account for what they are."""
    world = office.world
    context = world.context()
    checks = [one for one in checks_of(world.pairing, {side: context.mapping(side) for side in ("crm", "erp")})
              if one.check_id in ("customer_counts", "customer_duplicates", "customer_keys", "customer_links", "order_customer", "won_deal_has_one_order")]  # fmt: skip
    with world.hub.connection() as connection:
        connection.execute("update hub.link set created_at = created_at - interval '1 day'")
        connection.execute(
            "update hub.deal set changed_at = changed_at - interval '1 day' where key <> all(select key from hub.quarantine)"
        )
    with world.hub.connection() as connection:
        wrong = {one.check_id: connection.execute(one.violations.encode()).fetchall() for one in checks}
        looked_at = {one.check_id: connection.execute(one.population.encode()).fetchone() for one in checks}
    assert wrong == {one.check_id: [] for one in checks}
    assert len(checks) == 6
    assert all(row is not None and row[0] > 0 for row in looked_at.values())
    with world.hub.connection() as connection:
        for one in cutover(connection, world.pairing):
            assert one.erp == one.pairs + one.further + one.doubtful_erp + one.only_erp
            assert (one.further, one.twice_erp) == ((1 if one.entity == "customer" else 0), 0)


def test_a_customer_that_somebody_made_elsewhere_is_asked_about_and_then_linked_not_made_again(office: Office) -> None:
    account = office.open_account()
    office.win(account)
    office.world.run_orders()
    [known] = office.erp.suiteql(f"SELECT * FROM customer WHERE externalid LIKE 'SF-ACC-{account}%'")
    survivors = office.world.pairing.matching.model_copy(
        update={"survivors": {"customer": {"name": "erp", "email": "erp"}}}
    )
    office.world.pairing = office.world.pairing.model_copy(update={"matching": survivors})
    office.crm.update("Account", account, {"Name": "Quillfeather of another name", "Website": "https://quill.example"})
    values = {"companyName": f"{known['companyname']} Deutschland", "phone": known["phone"]}
    twin = office.world.new_item("customer", **values, subsidiary={"id": NATIVE[GMBH]}, currency={"id": "1"})
    office.later()
    leeds, stuttgart = office.win(account, Description="for Leeds"), office.win(account, Description="for Stuttgart")
    office.world.run_orders()
    assert (bought(office, leeds), office.orders_of(stuttgart)) == ([LTD], [])  # a twin elsewhere stops nobody
    [further] = office.erp.suiteql(
        f"SELECT companyname, url FROM customer WHERE externalid = 'SF-ACC-{account}-Aldermoor-Ltd'"
    )
    assert (further["companyname"], further["url"]) == (
        known["companyname"],
        "https://quill.example",
    )  # its first values
    [(message,)] = office.world.rows("select message from hub.quarantine where key = %s and status = 'open'", stuttgart)
    assert f"has no linked ERP customer in {GMBH}, but it looks like" in message
    office.later()
    office.erp.update("customer", twin, {"externalId": f"SF-ACC-{account}-Aldermoor-GmbH"})
    office.world.run_orders()
    assert bought(office, stuttgart) == [GMBH]
    assert made(office, account) == 3  # with the one that was made by hand
    seen_by = "select rule from hub.further_end where key = %s"
    assert office.world.rows(seen_by, twin) == [("stored_key:erp",)]
    with office.world.hub.connection() as connection:
        undo(connection, office.world.pairing.name, "customer", "netsuite", twin, actor="olga", reason="another firm")
    office.world.run_orders()
    assert office.world.rows(seen_by, twin) == []
    assert office.customer_of(account) == known["id"]
