"""HubSpot §10: a late index, operators, limits, windows."""

from __future__ import annotations

import pytest
from hubspot_account import OBJECTS, Client, Opener, ids, to, where
from hypothesis import given, settings
from hypothesis import strategies as st


def found(hub: Client, kind: str, *filters: dict, **more: object) -> set[str]:
    return set(ids(hub.search(kind, *filters, limit=200, **more)))


@pytest.fixture(scope="module")
def cities(hub: Client) -> dict[str, str]:
    rows = {
        "one": {"city": "Ulm", "numberofemployees": "5", "industry": "RETAIL", "founded_year": "alpha beta"},
        "two": {"city": "ULM", "numberofemployees": "50", "industry": "UTILITIES", "founded_year": "beta-gamma"},
        "three": {"city": "Bonn", "numberofemployees": "500", "founded_year": "delta"},
        "none": {"numberofemployees": "7"},
    }
    return {
        key: hub.create("companies", name=f"Search {key}", zip="SEARCHED", **values) for key, values in rows.items()
    }


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (where("city", "EQ", "ulm"), {"one", "two"}), (where("city", "NEQ", "ulm"), {"three", "none"}),
        (where("industry", "EQ", "retail"), set()), (where("industry", "EQ", "RETAIL"), {"one"}),
        (where("city", "IN", values=["ulm", "bonn"]), {"one", "two", "three"}), (where("city", "IN", values=["ULM"]), set()),
        (where("city", "NOT_IN", values=["ulm"]), {"three", "none"}), (where("numberofemployees", "GT", "7"), {"two", "three"}),
        (where("numberofemployees", "GTE", 7), {"two", "three", "none"}), (where("numberofemployees", "LT", "7"), {"one"}),
        (where("numberofemployees", "LTE", "7"), {"one", "none"}),
        (where("numberofemployees", "BETWEEN", "5", highValue="50"), {"one", "two", "none"}),
        (where("city", "HAS_PROPERTY"), {"one", "two", "three"}), (where("city", "NOT_HAS_PROPERTY"), {"none"}),
        (where("founded_year", "CONTAINS_TOKEN", "beta"), {"one", "two"}), (where("founded_year", "CONTAINS_TOKEN", "gam*"), {"two"}),
        (where("founded_year", "NOT_CONTAINS_TOKEN", "beta"), {"three", "none"}),
    ],
)  # fmt: skip
def test_operators(hub: Client, cities: dict[str, str], condition: dict, wanted: set[str]) -> None:
    assert found(hub, "companies", where("zip", "EQ", "searched"), condition) == {cities[one] for one in wanted}


def test_negations_leave_out_empty_ones_where_switched(account: Opener) -> None:  # unsure in the reference
    client = account(search_matches_empty=False)
    ident = client.create("companies", name="Empty", zip="NEG")
    assert found(client, "companies", where("zip", "EQ", "neg"), where("city", "NEQ", "ulm")) == set()
    client.set("companies", ident, city="Bonn")
    assert found(client, "companies", where("zip", "EQ", "neg"), where("city", "NEQ", "ulm")) == {ident}


def test_groups_are_alternatives_and_top_level_filters_a_group(hub: Client, cities: dict[str, str]) -> None:
    groups = [{"filters": [where("zip", "EQ", "searched"), where("city", "EQ", one)]} for one in ("bonn", "ulm")]
    answer = hub.good("POST", f"{OBJECTS}/companies/search", {"filterGroups": groups, "limit": 200})
    assert set(ids(answer)) == {cities[one] for one in ("one", "two", "three")}
    plain = hub.good("POST", f"{OBJECTS}/companies/search", {"filters": [where("name", "EQ", "search three")]})
    assert ids(plain) == [cities["three"]]


def test_query_looks_into_the_types_text(hub: Client, cities: dict[str, str]) -> None:
    assert cities["three"] in ids(hub.search("companies", query="search THREE"))
    assert cities["three"] not in ids(hub.search("companies", query="bonn", limit=200)), (
        "city is not among what is searched"
    )
    assert hub.refused("POST", f"{OBJECTS}/companies/search", {"query": "x" * 3001})[0] == 400


def test_one_sort_in_either_form(hub: Client, cities: dict[str, str]) -> None:
    only = where("zip", "EQ", "searched")
    for sort in ({"propertyName": "numberofemployees", "direction": "DESCENDING"}, "-numberofemployees"):
        assert ids(hub.search("companies", only, sorts=[sort])) == [
            cities[one] for one in ("three", "two", "none", "one")
        ]
    assert hub.refused("POST", f"{OBJECTS}/companies/search", {"sorts": ["name", "city"]})[0] == 400
    for shape in ({"sorts": {"propertyName": "name"}}, {"sorts": {}}, {"filterGroups": {}}):
        status, told = hub.refused("POST", f"{OBJECTS}/companies/search", shape)
        assert (status, "Cannot deserialize value of type" in told["message"], "category" in told) == (400, True, False)


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201}, {"after": "9991", "limit": 10}, {"after": "x"}, {"filterGroups": [{"filters": [where("name", "HAS_PROPERTY")] * 7}]},
        {"filterGroups": [{"filters": [where("name", "HAS_PROPERTY")]}] * 6},
        {"filterGroups": [{"filters": [where("name", "HAS_PROPERTY")] * 4}] * 5}, {"filterGroups": [{"filters": [where("nope", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [where("name", "LIKE", "x")]}]}, {"filterGroups": [{"filters": [where("name", "EQ")]}]},
        {"filterGroups": [{"filters": [where("name", "IN", "x")]}]}, {"filterGroups": [{"filters": [where("numberofemployees", "GT", "x")]}]},
        {"sorts": ["nope"]}, {"sorts": [{"propertyName": "name", "direction": "UP"}]}, {"filterGroups": [{"filters": [where("associations.p_thing", "EQ", "1")]}]},
    ],
)  # fmt: skip
def test_what_search_refuses(hub: Client, body: dict) -> None:
    status, told = hub.refused("POST", f"{OBJECTS}/companies/search", body)
    assert (status, told["category"]) == (400, "VALIDATION_ERROR")


def test_an_answer_has_total_and_an_offset_but_no_link(hub: Client) -> None:
    first = hub.search("deals", limit=25, properties=["dealname", "nonsense"])
    assert first["paging"] == {"next": {"after": "25"}}
    assert first["total"] == len(first["results"]) + hub.search("deals", after=25, limit=200)["total"] - 25
    assert "associations" not in first["results"][0]
    assert "nonsense" not in first["results"][0]["properties"]
    last = hub.search("deals", limit=200, after=0)
    assert "paging" not in last
    assert ids(last)[:25] == ids(first)


def test_instants_are_milliseconds_or_text(hub: Client) -> None:
    ident = hub.create("companies", name="Instant")
    stamp = hub.read("companies", ident)["updatedAt"]
    epoch = str(hub.emulator.records.store.record(int(ident)).modified)
    for value in (stamp, epoch, int(epoch)):
        assert found(hub, "companies", where("hs_lastmodifieddate", "EQ", value)) == {ident}


def test_associations_can_be_filtered_by(hub: Client) -> None:
    company = hub.create("companies", name="Filter end")
    deal = hub.create("deals", [to(company, 341)], dealname="x", dealstage="contractsent")
    assert found(hub, "deals", where("associations.company", "EQ", company)) == {deal}
    assert deal not in found(hub, "deals", where("associations.company", "NEQ", company))


def test_new_changed_and_archived_records_appear_late(account: Opener) -> None:  # §0.7
    hub = account(search_delay=3.0)
    hub.clock.set(hub.clock.now(), frozen=True)
    old = hub.create("companies", name="Late old", zip="LATE")
    only = where("zip", "EQ", "late")
    assert found(hub, "companies", only) == set()
    hub.clock.advance(3.1)
    assert found(hub, "companies", only) == {old}
    new = hub.create("companies", name="Late new", zip="LATE")
    hub.set("companies", old, zip="OTHER", name="Renamed")
    answer = hub.search("companies", only, properties=["zip", "name"])
    assert ids(answer) == [old], "matched by the old entry"
    assert answer["results"][0]["properties"]["name"] == "Renamed", "but shown as it is now"
    hub.action("switch", search_returns="indexed")
    assert hub.search("companies", only, properties=["name"])["results"][0]["properties"]["name"] == "Late old"
    hub.clock.advance(3.1)
    assert found(hub, "companies", only) == {new}
    hub.call("DELETE", f"{OBJECTS}/companies/{new}")
    assert found(hub, "companies", only) == {new}
    hub.clock.advance(3.1)
    assert found(hub, "companies", only) == set()


def test_associations_are_late_too(account: Opener) -> None:
    hub = account(search_delay=3.0)
    hub.clock.set(hub.clock.now(), frozen=True)
    company = hub.create("companies", name="x")
    deal = hub.create("deals", dealname="x", dealstage="contractsent")
    hub.clock.advance(4)
    path = f"/crm/v4/objects/deals/{deal}/associations/companies/{company}"
    linked = where("associations.company", "EQ", company)
    for call, before, after in (("PUT", set(), {deal}), ("DELETE", {deal}, set())):
        hub.call(
            call,
            path,
            [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}] if call == "PUT" else None,
        )
        assert found(hub, "deals", linked) == before
        hub.clock.advance(4)
        assert found(hub, "deals", linked) == after


def test_late_rows_merge_into_pages_and_totals(account: Opener) -> None:
    hub = account(search_delay=60.0)
    known = ids(hub.search("companies", limit=200))
    hub.call("DELETE", f"{OBJECTS}/companies/{known[3]}")
    hub.set("companies", known[5], city="x")
    hub.create("companies", name="unseen")
    paged: list[str] = []
    while len(paged) < (total := hub.search("companies", limit=1)["total"]):
        paged += ids(hub.search("companies", limit=4, after=str(len(paged))))
    assert (paged, total) == (known, len(known))


def test_searching_for_what_was_just_written_is_noted(account: Opener) -> None:  # §25 strict mode
    hub = account(search_delay=3.0)
    ident = hub.create("companies", name="x", erp_key="just:1")
    hub.search("companies", where("erp_key", "EQ", "just:1"))
    hub.search("companies", where("hs_object_id", "EQ", ident))
    assert [one["kind"] for one in hub.action("misuse")] == ["search used as confirmation"] * 2


def test_a_bulk_change_beyond_the_window_is_read_by_id(account: Opener) -> None:  # §10, research 1.2
    hub = account()
    rows = [(80_000_000_000 + one, "0-2", 0, 1, 1, None, '{"name":"bulk"}') for one in range(10_050)]
    with hub.emulator.records.store.write() as connection:
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    stamp = hub.action("bulk_edit", type="companies", count=20_000, properties={"city": "Ulm"})
    window = where("hs_lastmodifieddate", "BETWEEN", stamp["at"], highValue=stamp["at"])
    assert hub.search("companies", window)["total"] == stamp["changed"] > 10_000
    assert (
        hub.refused(
            "POST",
            f"{OBJECTS}/companies/search",
            {"filterGroups": [{"filters": [window]}], "after": "10000", "limit": 1},
        )[0]
        == 400
    )
    seen, last = 0, "0"
    while page := ids(
        hub.search("companies", window, where("hs_object_id", "GT", last), limit=200, sorts=["hs_object_id"])
    ):
        seen, last = seen + len(page), page[-1]
    assert seen == stamp["changed"]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["hs_object_id", "hs_lastmodifieddate"]),
    st.sampled_from(["EQ", "LT", "LTE", "GT", "GTE"]),
    st.integers(0, 30),
    st.booleans(),
)
def test_what_an_index_answers_is_what_comparing_says(
    hub: Client, name: str, operator: str, place: int, down: bool
) -> None:
    rows = hub.emulator.records.store.page("0-3", 0, 0, 100)
    of = {"hs_object_id": lambda one: one.id, "hs_lastmodifieddate": lambda one: one.modified}[name]
    bound = of(rows[place])
    holds = {"EQ": int.__eq__, "LT": int.__lt__, "LTE": int.__le__, "GT": int.__gt__, "GTE": int.__ge__}[operator]
    wanted = sorted((one for one in rows if holds(of(one), bound)), key=lambda one: (of(one), one.id), reverse=down)
    answer = hub.search("deals", where(name, operator, str(bound)), sorts=[f"{'-' if down else ''}{name}"], limit=200)
    assert ids(answer) == [str(one.id) for one in wanted]
    assert answer["total"] == len(wanted)


def test_any_sort_reaches_the_end_of_the_window_of_a_large_account(account: Opener) -> None:
    hub = account()
    rows = [
        (81_000_000_000 + one, "0-2", 0, one, one, None, f'{{"name":"Deep {one}"}}' if one % 7 else "{}")
        for one in range(45_000)
    ]
    with hub.emulator.records.store.write() as connection:
        connection.execute("DELETE FROM record WHERE type = '0-2'")
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    names = sorted((f"deep {one}" for one in range(45_000) if one % 7), reverse=True)
    answer = hub.search("companies", sorts=["-name"], after=9_800, limit=200, properties=["name"])
    assert answer["total"] == 45_000
    assert [row["properties"]["name"].lower() for row in answer["results"]] == names[9_800:10_000]
    assert ids(hub.search("companies", sorts=["name"], limit=1)) == [str(81_000_000_001)]


def test_totals_are_counted_anew_after_a_write(hub: Client) -> None:
    filters = [where("hs_lastmodifieddate", "GTE", "1")]
    before = hub.search("companies", *filters, limit=1)["total"]
    assert hub.search("companies", *filters, limit=1, after=3)["total"] == before
    hub.create("companies", name="One more")
    assert hub.search("companies", *filters, limit=1)["total"] == before + 1
    assert hub.search("companies", limit=1)["total"] == before + 1
