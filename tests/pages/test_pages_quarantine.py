"""The quarantine's pages: what they count, list and say equals what SQL finds; what people do is done, told and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from crosswalk.hub.quarantine import trouble_fingerprint
from crosswalk.model.errors import ValidationError
from tests.facts.shop import put
from tests.pages.conftest import Desk
from tests.pages.desk import (
    DAG,
    HOSTILE,
    NO_LINES,
    NOW,
    PAIRING,
    begin_run,
    no_lines,
    order,
    refuse_order,
    run_of,
    trouble,
)

CAUSES = """
select stage, error_class, count(*) from hub.quarantine where status = 'open' and ignored_at is null group by stage, error_class, fingerprint
"""
SPACE = "\u202f"


def number(text: str) -> int:
    return int(text.replace(SPACE, ""))


def groups(desk: Desk, **query: object) -> list[tuple[str, str, int]]:
    """The causes as the page lists them: stage, class, records."""
    found = []
    for cause in desk.page("/quarantine", **query).xpath("//details[@class='cause']/summary"):
        words = cause.xpath("string(b/following-sibling::text()[1])").split()
        found.append(
            (words[1].strip(",:"), cause.xpath("string(span[1])").replace(" ", "_"), number(cause.xpath("string(b)")))
        )
    return found


def test_causes_are_counted_as_sql_counts_them_the_largest_first(desk: Desk) -> None:
    shown = groups(desk)
    assert sorted(shown) == sorted((stage, kind, count) for stage, kind, count in desk.rows(CAUSES))
    assert [count for *_, count in shown] == sorted((count for *_, count in shown), reverse=True)
    said = desk.page("/quarantine").xpath("string(//p[contains(., 'with')])")
    assert number(said.split()[0]) == sum(count for *_, count in desk.rows(CAUSES))


def test_each_cause_says_who_looks_after_it_how_old_it_is_and_what_to_do(desk: Desk) -> None:
    [(one, oldest)] = desk.rows(
        "select fingerprint, min(id) from hub.quarantine where status = 'open' and ignored_at is null group by 1 order by count(*) desc limit 1"
    )
    with desk.hub.connection() as connection:
        connection.execute("update hub.quarantine set owner = 'olga' where fingerprint = %s", (one,))
        connection.execute(
            "update hub.quarantine set first_seen = first_seen - interval '3 days' where id = %s", (oldest,)
        )
    shown = set()
    for cause in desk.page("/quarantine").xpath("//details[@class='cause']"):
        told = " ".join(cause.xpath("string(summary/span[2])").split())
        what = " ".join(cause.xpath("string(div[1])").split()).removeprefix("What to do: ").partition(" Runbook: ")[0]
        [runbook] = cause.xpath("div[1]//a/@href")
        shown.add(
            (
                cause.xpath("string(summary/span[1])").replace(" ", "_"),
                what,
                runbook.rpartition("/")[2],
                told.partition(" · ")[0],
                told.split(" · ")[1],
            )
        )
    asked = desk.rows(
        """select error_class, (array_agg(hint order by last_seen desc, id desc))[1], error_class,
                  extract(epoch from now() - min(first_seen))::int, extract(epoch from now() - max(last_seen))::int,
                  coalesce('owner ' || string_agg(distinct owner, ', '), 'no owner')
             from hub.quarantine where status = 'open' and ignored_at is null group by stage, error_class, fingerprint"""
    )
    with desk.hub.connection() as connection:
        connection.execute("update hub.quarantine set owner = null where fingerprint = %s", (one,))
        connection.execute(
            "update hub.quarantine set first_seen = first_seen + interval '3 days' where id = %s", (oldest,)
        )
    assert shown == {
        (kind, " ".join(hint.split()) or "See the runbook.", page, f"first seen {age(first)}, last {age(last)}", owner)
        for kind, hint, page, first, last, owner in asked
    }
    assert {owner for *_, owner in shown} == {"owner olga", "no owner"}


def age(seconds: int) -> str:
    """How long ago that was, in whole units."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds // size > 1 else ''} ago"
    return "just now"


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"error_class": "not_found"}, "error_class = 'not_found'"),
        ({"stage": "pull"}, "stage = 'pull'"),
        ({"entity": "customer"}, "entity = 'customer'"),
        ({"text": "PROTO-1"}, "message like '%PROTO-1%'"),
        ({"text": "100%_"}, "false"),
        ({"run": run_of(1)}, "first_seen < (select started_at from hub.run where id like '%__2')"),
    ],
)
def test_a_filter_narrows_to_what_sql_finds(desk: Desk, query: dict[str, str], where: str) -> None:
    found = desk.rows(CAUSES.replace("where", f"where {where} and"))
    assert sorted(groups(desk, **query)) == sorted(found)


def test_a_cause_lists_every_record_once_a_page_at_a_time(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        error = ValidationError("It has no owner.", hint="Give it one.")
        for place in range(230):
            trouble(connection, f"006many{place}", error, stage="plan", name=f"Many {place}")
    address, seen = (
        "/quarantine/cause?stage=plan&fingerprint=" + trouble_fingerprint("validation", None, None, "It has no owner."),
        [],
    )
    while address:
        shown = desk.page(address)
        seen += shown.xpath("//table[@class='items']//tr/@data-item")
        [address, *_] = [*shown.xpath("//nav[@class='pages']/a[contains(., 'Older')]/@href"), ""]
        address = address.removeprefix("/crosswalk")
    asked = desk.rows(
        "select id::text from hub.quarantine where message = 'It has no owner.' order by quarantine.id desc"
    )
    assert [(one,) for one in seen] == asked
    assert desk.page("/quarantine").xpath("//a[contains(., 'All 230')]")
    with desk.hub.connection() as connection:
        connection.execute("delete from hub.quarantine where message = 'It has no owner.'")


def test_a_record_shows_what_was_sent_what_was_answered_and_what_a_replay_would_do(desk: Desk) -> None:
    item = desk.one("select id from hub.quarantine where payload ->> 'intent' = 'SF-OPP-A-R1'")
    shown = desk.page(f"/quarantine/item/{item}", "op")
    fields = {
        row.xpath("string(td[1])"): row.xpath("string(td[3]//@value)")
        for row in shown.xpath("//form[@id='payload']//tbody/tr")
    }
    payload = desk.one("select payload from hub.intent where key = 'SF-OPP-A-R1'")
    assert fields["memo"] == payload["values"]["memo"]
    assert Decimal(fields["line 2: quantity"]) == Decimal(payload["lines"][1]["quantity"]["$decimal"])
    assert shown.xpath("//tr[@class='bad']/td[1]/text()") == ["memo"]
    assert "INVALID_CONTENT" in shown.xpath("string(//dl[@id='answer'])")
    outlook = shown.xpath("string(//p[@id='outlook'])")
    assert "sent once" in outlook
    assert f"The next run of {DAG} is due at 13:30 UTC" in outlook
    assert shown.xpath("//a[contains(., 'Runbook')]/@href") == ["/crosswalk/runbook/validation"]
    history = [row.xpath("string(td[2])") for row in shown.xpath("//table[@class='entries']/tbody/tr")]
    assert history == ["quarantined", "rejected", "sending", "planned"]


def test_who_may_only_read_is_offered_no_button_and_sees_the_values(desk: Desk) -> None:
    item = desk.one("select id from hub.quarantine where payload ->> 'intent' = 'SF-OPP-A-R1'")
    shown = desk.page(f"/quarantine/item/{item}", "viewer")
    assert shown.xpath("//button | //form[@method='post' and not(@id='payload')]") == []
    assert "Deal 006order1" in shown.xpath("string(//form[@id='payload'])")
    offered = desk.page(f"/quarantine/item/{item}", "user").xpath("//button/text()")
    assert {"Assign", "Ignore", "Close"} == set(offered)


def test_a_refused_write_is_edited_and_replayed_with_the_persons_values_and_name(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        item = refuse_order(connection, "SF-OPP-E-R1", "006edit", run=run_of(2))
    form = {
        "pairing": PAIRING,
        "id": item,
        "field:values.memo": "Shorter",
        "field:lines.1.quantity": "2.50",
        "reason": "too long",
    }
    refusals = {
        "field:lines.1.quantity": "many",
        "field:values.tranDate": "tomorrow",
        "field:values.entity": "7",
        "field:lines.9.rate": "1",
    }
    for name, value in refusals.items():
        answer = desk.post("/quarantine/edit", {**form, name: value})
        assert answer.status_code == 422
        assert "Nothing was stored" in answer.text
    assert desk.one("select status from hub.intent where key = 'SF-OPP-E-R1'") == "rejected"
    assert desk.post("/quarantine/edit", form).status_code == 303
    [(status, payload)] = desk.rows("select status, payload from hub.intent where key = 'SF-OPP-E-R1'")
    assert status == "planned"
    assert (payload["values"]["memo"], payload["lines"][1]["quantity"]) == ("Shorter", {"$decimal": "2.50"})
    [(actor, detail)] = desk.rows(
        "select actor, detail from hub.ledger where kind = 'edited' and intent_key = 'SF-OPP-E-R1'"
    )
    assert actor == "person:op"
    assert detail["fields"]["values.memo"] == ["Deal 006edit", "Shorter"]
    assert desk.rows("select replayed_by from hub.quarantine where id = %s", item) == [("person:op",)]
    again = desk.post("/quarantine/edit", {**form, "field:values.memo": "Shortest"})
    assert "stuck=1" in again.headers["Location"]
    assert desk.one("select payload -> 'values' ->> 'memo' from hub.intent where key = 'SF-OPP-E-R1'") == "Shorter"


def test_an_order_of_a_thousand_lines_can_still_be_edited(desk: Desk) -> None:
    from tests.pages.desk import deliver, refused

    lines = [{"item": str(place), "quantity": {"$decimal": "1"}} for place in range(1000)]
    wish = order("SF-OPP-L-R1", "006long", payload={"label": "long", "values": {"memo": "x"}, "lines": lines})
    with desk.hub.connection() as connection:
        deliver(connection, [wish], {wish.key: refused(wish.key)}, run=run_of(2), at=NOW)
    item = desk.one("select id from hub.quarantine where payload ->> 'intent' = 'SF-OPP-L-R1'")
    form = {f"field:lines.{place}.item": str(place) for place in range(1000)} | {
        f"field:lines.{place}.quantity": "1" for place in range(1000)
    }
    answer = desk.post("/quarantine/edit", {**form, "pairing": PAIRING, "id": item, "field:lines.999.quantity": "3"})
    assert answer.status_code == 303, answer.text[:500]
    assert (
        desk.one(
            "select payload -> 'lines' -> 999 -> 'quantity' ->> '$decimal' from hub.intent where key = 'SF-OPP-L-R1'"
        )
        == "3"
    )


def test_what_waits_for_an_approval_is_not_let_through_by_a_replay(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        item = refuse_order(connection, "SF-OPP-H-R1", "006held", run=run_of(2))
        connection.execute("update hub.intent set status = 'held', held_reason = 'approval' where key = 'SF-OPP-H-R1'")
    told = desk.post("/quarantine/replay", {"pairing": PAIRING, "id": item})
    assert "stuck=1" in told.headers["Location"]
    assert "wait for a person" in desk.page(told.headers["Location"].removeprefix("/crosswalk"), "op").xpath(
        "string(//p[@role='status'])"
    )
    desk.post("/quarantine/edit", {"pairing": PAIRING, "id": item, "field:values.memo": "cheaper"})
    assert desk.rows(
        "select status, held_reason, payload -> 'values' ->> 'memo' from hub.intent where key = 'SF-OPP-H-R1'"
    ) == [("held", "approval", "Deal 006held")]


def test_a_group_is_assigned_ignored_taken_back_closed_and_replayed_and_no_other(desk: Desk) -> None:
    kind = trouble_fingerprint("validation", "no_lines", None, NO_LINES)
    group = {"pairing": PAIRING, "stage": "plan", "fingerprint": kind}
    mine = f"select count(*) from hub.quarantine where fingerprint = '{kind}' and {{}}"
    others = f"select count(*) from hub.quarantine where fingerprint <> '{kind}' and (owner is not null or ignored_at is not null or status <> 'open' and resolved_by like 'person:%')"
    total, before = desk.one(mine.format("status = 'open'")), desk.one(others)
    assert f"count={total}" in desk.post("/quarantine/assign", {**group, "owner": "olga"}, "user").headers["Location"]
    assert desk.one(mine.format("owner = 'olga'")) == total
    with desk.hub.connection() as connection:
        no_lines(connection, ["006late"])
    assert desk.one("select owner from hub.quarantine where key = '006late'") == "olga"
    desk.post("/quarantine/ignore", {**group, "reason": "a test deal"}, "user")
    assert desk.one(mine.format("ignored_by = 'person:user'")) == total + 1
    assert ("plan", "validation", total + 1) not in groups(desk)
    assert ("plan", "validation", total + 1) in groups(desk, ignored="true")
    desk.post("/quarantine/notice", {**group, "ignored": "true"}, "user")
    assert desk.one(mine.format("ignored_at is null")) == total + 1
    desk.post("/quarantine/replay", group)
    assert desk.one(mine.format("replayed_by = 'person:op'")) == total + 1
    one = desk.one("select id from hub.quarantine where key = '006late'")
    desk.post("/quarantine/close", {"pairing": PAIRING, "id": one, "reason": "sold by phone"}, "user")
    assert desk.one(mine.format("status = 'open'")) == total
    assert (
        desk.one("select detail ->> 'reason' from hub.ledger where kind = 'resolved' and key = '006late'")
        == "sold by phone"
    )
    assert desk.one(others) == before
    page = desk.page(f"/quarantine/item/{one}", "op")
    assert "Closed just now by user" in page.xpath("string(//main)")


def test_everything_that_is_listed_is_replayed_within_the_filter_alone(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        run = begin_run(connection, 3, NOW + timedelta(hours=1))
        for place in range(3):
            trouble(
                connection,
                f"006all{place}",
                ValidationError(f"It has trouble {'abc'[place]}.", hint="-"),
                run=run,
                at=NOW + timedelta(hours=1),
            )
    told = desk.post("/quarantine/replay", {"pairing": PAIRING, "text": "006all"})
    assert "count=3" in told.headers["Location"]
    assert {key for (key,) in desk.rows("select key from hub.quarantine where replayed_at is not null and key like '006all%'")} == {
        "006all0", "006all1", "006all2",
    }  # fmt: skip


def test_what_a_system_says_with_characters_that_nobody_can_keep_is_kept_without_them(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        item = refuse_order(connection, "SF-OPP-N-R1", "006nul", run=run_of(2), message="The memo \x00 is \ud800 odd.")
        trouble(
            connection,
            "006nulplan",
            ValidationError("It is \x00 odd.", hint="\x00"),
            name="Odd \x00",
            problems=[{"message": "\x00"}],
        )
    assert desk.one("select message from hub.quarantine where id = %s", item) == "The memo \ufffd is ? odd."
    assert "\ufffd" in desk.page(f"/quarantine/item/{item}", "op").xpath("string(//dl[@id='answer'])")
    assert desk.one("select payload ->> 'name' from hub.quarantine where key = '006nulplan'") == "Odd \ufffd"


def test_hostile_words_are_shown_and_not_obeyed(desk: Desk) -> None:
    item = desk.one("select id from hub.quarantine where key like '006evil%'")
    for path in ("/quarantine?text=006evil", f"/quarantine/item/{item}"):
        shown = desk.page(path, "op")
        assert HOSTILE.split()[0] in shown.xpath("string(//main)")
        assert shown.xpath("//script[not(@src)] | //img | //*[@onerror]") == []
        assert "49" not in shown.xpath("string(//h1)")


def test_a_refused_order_is_listed_under_the_name_of_its_deal(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        put(connection, "deal", "salesforce", "006named", name="Kim Foods, welding")
        item = refuse_order(connection, "SF-OPP-named-R1", "006named", run=run_of(1))
    for path in ("/quarantine", "/quarantine/cause"):
        wanted = {"text": "006named"} if path == "/quarantine" else {"fingerprint": _fingerprint(desk, item)}
        assert "Kim Foods, welding" in desk.page(path, **wanted).xpath(f"string(//tr[@data-item='{item}']/td[1])")


def _fingerprint(desk: Desk, item: int) -> str:
    [(found,)] = desk.rows("select fingerprint from hub.quarantine where id = %s", item)
    return str(found)
