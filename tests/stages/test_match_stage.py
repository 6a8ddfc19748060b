"""match: from landed images to links, proposals and what people taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks.labelled_companies import RICH, labelled

from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.hub.links import counterparts, unlink
from crosswalk.hub.matches import decide, open_matches
from crosswalk.hub.thresholds import decisions_since, thresholds
from crosswalk.hub.undoing import undo
from crosswalk.identity.deciding import NOT_ENOUGH
from crosswalk.model.entities import CUSTOMER, ENTITIES
from crosswalk.model.records import Image
from crosswalk.pairing import load_pairing
from crosswalk.pairing.matching import Matching, MatchPolicy
from crosswalk.stages.context import StageContext
from crosswalk.stages.match import match_all, match_entity

INCLUDE = Path(__file__).parents[2] / "include"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def landed(hub: Hub, system: str, rows: Mapping[str, Mapping[str, Any]], entity: str = "customer") -> None:
    images = [
        Image(system, entity, key, "1", NOON, False, dict(row), fingerprint=hash(frozenset(row.items())))
        for key, row in rows.items()
    ]
    with hub.connection() as connection:
        land(connection, system=system, entity=ENTITIES[entity], images=images, run_id="run 1", watermark=None)


@pytest.fixture
def ctx(hub: Hub) -> StageContext:
    pairing = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
    policies = Matching(entities={"customer": MatchPolicy(), "contact": MatchPolicy()})
    return StageContext(
        hub,
        pairing.model_copy(update={"matching": policies}),
        "run 1",
        lambda side: pytest.fail(f"matching asked {side} for something"),
        INCLUDE / "mappings",
        NOON,
    )


def test_sure_pairs_are_linked_doubtful_ones_proposed_and_nothing_is_done_twice(hub: Hub, ctx: StageContext):
    data = labelled(600, RICH)
    landed(hub, "salesforce", data.left)
    landed(hub, "netsuite", data.right)
    first = match_entity(ctx, "customer")
    with hub.connection() as connection:
        links = counterparts(connection, ctx.pairing.name, "customer", "salesforce", "netsuite", list(data.left))
        waiting = open_matches(connection, ctx.pairing.name, limit=None)
    assert first.linked == len(links) > 0.8 * len(data.true)
    assert set(links.items()) <= data.true
    assert first.doubtful == len(waiting) > 0
    assert not {match.left_key for match in waiting} & set(links)
    for number in range(2):
        landed(hub, "salesforce", {"news": {"name": "Nobody knows them", "phone": f"+49301234{number}"}})
        again = match_entity(ctx, "customer")
        assert (again.ran, again.linked, again.doubtful) == (True, 0, first.doubtful)
    assert match_entity(ctx, "customer").ran is False


def test_a_link_that_is_undone_and_called_different_is_not_made_again(hub: Hub, ctx: StageContext):
    data = labelled(600, RICH)
    landed(hub, "salesforce", data.left)
    landed(hub, "netsuite", data.right)
    match_entity(ctx, "customer")
    with hub.connection() as connection:
        chosen = open_matches(connection, ctx.pairing.name)[0]
        decide(connection, chosen.id, "different", actor="ann")
        key = next(key for key, _ in sorted(data.true))
        unlink(connection, ctx.pairing.name, "customer", "salesforce", key, actor="ann", reason="try again")
    landed(hub, "netsuite", {"fresh": {"name": "Somebody Else", "billing_country": "DE"}})
    result = match_entity(ctx, "customer")
    assert result.ran
    with hub.connection() as connection:
        assert chosen.id not in {match.id for match in open_matches(connection, ctx.pairing.name, limit=None)}


def test_decisions_move_the_threshold_only_where_nothing_else_was_in_doubt(hub: Hub, ctx: StageContext):
    data = labelled(600, RICH)
    landed(hub, "salesforce", data.left)
    landed(hub, "netsuite", data.right)
    first = match_entity(ctx, "customer")
    with hub.connection() as connection:
        objected = next(m for m in open_matches(connection, ctx.pairing.name, limit=None) if "differ" in m.reason)
        decide(connection, objected.id, "different", actor="ann")
    second = match_entity(ctx, "customer")
    assert (second.linked, second.threshold) == (0, "unchanged: 0 decisions say nothing else")
    with hub.connection() as connection:
        linked = counterparts(connection, ctx.pairing.name, "customer", "salesforce", "netsuite", list(data.left))
        key = next(iter(linked))
        undo(connection, ctx.pairing.name, "customer", "salesforce", key, actor="ann", reason="two companies")
        assert decisions_since(connection, ctx.pairing.name) == {"customer": 1}
        learnt = thresholds(connection, ctx.pairing.name)["customer"]
        connection.execute(
            "delete from hub.link_end; delete from hub.link"
        )  # so that the next run decides about all anew
    third = match_entity(ctx, "customer")
    with hub.connection() as connection:
        raised = thresholds(connection, ctx.pairing.name)["customer"]
        told = connection.execute(
            "select (detail -> 'auto' ->> 0)::float, (detail -> 'auto' ->> 1)::float, run_id from hub.ledger where kind = 'calibrated'"
        ).fetchall()
    assert (learnt.auto, learnt.says) == (10.0, "unchanged: 0 decisions say nothing else")
    assert told == [(10.0, raised.auto, ctx.run_id)]
    assert raised.auto > 10
    assert third.threshold.startswith("raised from 10 to")
    assert third.linked < first.linked == len(linked)
    with hub.connection() as connection:
        asked = {m.bits for m in open_matches(connection, ctx.pairing.name, limit=None) if m.reason == NOT_ENOUGH}
    assert len([bits for bits in asked if bits >= 10]) > 0, "what was linked unasked before is asked about now"
    assert max(asked) < raised.auto


def test_products_are_matched_by_numbers_that_are_written_in_two_ways(hub: Hub, ctx: StageContext):
    shipped = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
    ctx = replace(ctx, pairing=shipped)
    for system, dash in (("salesforce", "-"), ("netsuite", " ")):
        rows = {f"{n}": {"sku": f"HB{dash}{n}", "name": f"Hex bolt M{n} zinc"} for n in range(100, 160)}
        landed(hub, system, {**rows, "bare": {"name": "Ring spanner 17"}}, "product")
    found = match_entity(ctx, "product")
    with hub.connection() as connection:
        links = counterparts(
            connection, shipped.name, "product", "salesforce", "netsuite", [*map(str, range(100, 160)), "bare"]
        )
        waiting = [(m.left_key, m.right_key) for m in open_matches(connection, shipped.name)]
    assert (found.linked, links) == (60, {f"{n}": f"{n}" for n in range(100, 160)})
    assert waiting == [("bare", "bare")]


def test_people_are_matched_within_their_company_in_the_other_pairing_too(hub: Hub, ctx: StageContext):
    other = load_pairing(INCLUDE / "pairings" / "sap_business_one_hubspot.yaml")
    ctx = replace(ctx, pairing=other)
    data = labelled(400, RICH)
    landed(hub, "hubspot", data.left)
    landed(hub, "sap_business_one", data.right)
    people = {
        f"{key}": {"first_name": f"First{n}", "last_name": f"Last{n}", "email": f"p{n}@example.com"}
        for n, key in enumerate(sorted(data.true))
    }
    for system, place in (("hubspot", 0), ("sap_business_one", 1)):
        rows = {
            f"person of {key[place]}": {**people[f"{key}"], "customer_key": key[place]} for key in sorted(data.true)
        }
        landed(hub, system, rows, "contact")
    results = {result.entity: result for result in match_all(ctx).results}
    assert list(results) == ["customer", "contact", "product"]
    assert results["contact"].linked >= results["customer"].linked > 0
    with hub.connection() as connection:
        pairs = counterparts(connection, other.name, "customer", "hubspot", "sap_business_one", list(data.left))
    assert set(pairs.items()) <= data.true


def test_the_shipped_pairing_matches_only_what_can_be_matched():
    pairing = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
    assert set(pairing.matching.entities) <= {"customer", "contact", "product"}
    assert CUSTOMER.name in pairing.matching.entities


def test_a_field_that_the_pairing_leaves_out_neither_speaks_for_a_pair_nor_against_it(hub: Hub, ctx: StageContext):
    data = labelled(600, RICH)
    for system, rows, first in (("salesforce", data.left, "C"), ("netsuite", data.right, "1")):
        numbered = {key: {**row, "number": f"{first}{n}"} for n, (key, row) in enumerate(sorted(rows.items()))}
        landed(hub, system, numbered)
    contradicted = match_entity(ctx, "customer")
    with hub.connection() as connection:
        objections = {match.reason for match in open_matches(connection, ctx.pairing.name, limit=None)}
    assert "they have different numbers" in objections
    silent = Matching(entities={"customer": MatchPolicy(leave_out=("number",))})
    ctx = replace(ctx, pairing=ctx.pairing.model_copy(update={"matching": silent}))
    left_out = match_entity(ctx, "customer")
    assert left_out.linked > 10 * contradicted.linked
    with hub.connection() as connection:
        links = counterparts(connection, ctx.pairing.name, "customer", "salesforce", "netsuite", list(data.left))
        waiting = open_matches(connection, ctx.pairing.name, limit=None)
    assert set(links.items()) <= data.true
    assert "they have different numbers" not in {match.reason for match in waiting}
    assert {bits for match in waiting for field, _, bits in match.evidence if field == "number"} == {0}


def test_a_field_to_leave_out_has_to_be_one():
    with pytest.raises(ValueError, match="leave_out: 'numbr' is no field of a customer"):
        Matching(entities={"customer": MatchPolicy(leave_out=("numbr",))})
