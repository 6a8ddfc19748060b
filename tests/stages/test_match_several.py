"""match, where an account may have a customer in each subsidiary: further ones proposed, linked, kept apart, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.labelled_companies import RICH, SUBSIDIARIES, Labelled, in_subsidiaries

from crosswalk.hub.database import Hub
from crosswalk.hub.further import customers_of
from crosswalk.hub.matches import Match, decide, open_matches
from crosswalk.hub.undoing import undo
from crosswalk.identity.several import FURTHER
from crosswalk.model.errors import NotFoundError
from crosswalk.pairing import load_pairing
from crosswalk.pairing.document import ChoiceRule
from crosswalk.pairing.matching import Matching, MatchPolicy
from crosswalk.stages.context import StageContext
from crosswalk.stages.match import match_entity
from tests.stages.test_match_stage import INCLUDE, NOON, landed

SYSTEMS = "salesforce", "netsuite"


def context(hub: Hub, further: str) -> StageContext:
    pairing = load_pairing(Path(INCLUDE) / "pairings" / "netsuite_salesforce.yaml")
    regions = dict(zip(("DE", "US", "GB"), SUBSIDIARIES, strict=True))
    orders = pairing.orders.model_copy(update={"subsidiary": ChoiceRule(by="billing_country", values=regions)})
    matching = Matching(entities={"customer": MatchPolicy(further=further)})
    pairing = pairing.model_copy(update={"orders": orders, "matching": matching})
    return StageContext(hub, pairing, "run 1", lambda side: pytest.fail(f"asked {side}"), INCLUDE / "mappings", NOON)


@pytest.fixture
def data(hub: Hub) -> Labelled:
    data = in_subsidiaries(500, RICH, share=0.4)
    landed(hub, "salesforce", data.left)
    landed(hub, "netsuite", data.right)
    return data


def waiting(hub: Hub, ctx: StageContext) -> list[Match]:
    with hub.connection() as connection:
        return open_matches(connection, ctx.pairing.name, "customer", limit=None)


def customers(hub: Hub, ctx: StageContext, data: Labelled) -> set[tuple[str, str]]:
    with hub.connection() as connection:
        found = customers_of(connection, ctx.pairing.name, *SYSTEMS, list(data.left))
    return {(account, key) for account, keys in found.items() for key in keys}


def decided(hub: Hub, match: Match, decision: str) -> None:
    with hub.connection() as connection:
        decide(connection, match.id, decision, actor="ann", several_in="netsuite")


def test_a_further_customer_is_asked_about_linked_by_a_person_and_never_proposed_again_when_it_is_none(
    hub: Hub, data: Labelled
):
    ctx = context(hub, "ask")
    first = match_entity(ctx, "customer")
    before = customers(hub, ctx, data)
    asked = [match for match in waiting(hub, ctx) if match.reason == FURTHER]
    assert first.further == 0
    assert first.linked == len(before)
    assert len(asked) > 20
    mine, other = asked[:2]
    decided(hub, mine, "same")
    decided(hub, other, "different")
    assert customers(hub, ctx, data) - before == {(mine.left_key, mine.right_key)}
    landed(hub, "salesforce", {"news": {"name": "Nobody knows them"}})
    again = match_entity(ctx, "customer")
    assert (again.linked, again.further) == (0, 0)
    left = {(match.left_key, match.right_key) for match in waiting(hub, ctx) if match.reason == FURTHER}
    assert left == {(match.left_key, match.right_key) for match in asked[2:]}
    with hub.connection() as connection:
        told = connection.execute(
            "select actor, detail ->> 'rule', (detail ->> 'further')::boolean from hub.ledger where kind = 'linked' and key = %s and actor = 'ann'",
            (mine.right_key,),
        ).fetchall()
    assert told == [("ann", "person", True)]


def test_of_an_account_that_is_linked_by_a_person_only_proposals_for_other_subsidiaries_stay(hub: Hub, data: Labelled):
    ctx = context(hub, "ask")
    match_entity(ctx, "customer")
    by_account: dict[str, list[Match]] = {}
    for match in waiting(hub, ctx):
        by_account.setdefault(match.left_key, []).append(match)
    linked = {account for account, _ in customers(hub, ctx, data)}
    chosen = next(
        found
        for account, found in by_account.items()
        if account not in linked and len({data.right[match.right_key]["subsidiary"] for match in found}) > 1
    )
    subsidiary = data.right[chosen[0].right_key]["subsidiary"]
    decided(hub, chosen[0], "same")
    kept = {match.right_key for match in waiting(hub, ctx) if match.left_key == chosen[0].left_key}
    assert kept == {
        match.right_key for match in chosen if data.right[match.right_key]["subsidiary"] not in (subsidiary, None)
    }
    second = next(match for match in chosen if match.right_key in kept)
    with pytest.raises(NotFoundError, match="linked to another record"), hub.connection() as connection:
        decide(connection, second.id, "same", actor="ann")  # in a pairing that gives an account one customer
    decided(hub, second, "same")
    assert {(match.left_key, match.right_key) for match in (chosen[0], second)} <= customers(hub, ctx, data)


def test_where_the_pairing_says_so_further_customers_are_linked_unasked_and_an_undone_one_stays_apart(
    hub: Hub, data: Labelled
):
    ctx = context(hub, "link")
    first = match_entity(ctx, "customer")
    found = customers(hub, ctx, data)
    assert first.further > 20
    assert len(found) == first.linked + first.further
    assert found <= data.true
    with hub.connection() as connection:
        [(account, key)] = connection.execute(
            "select l.key, f.key from hub.further_end f join hub.link_end l on l.link_id = f.link_id and l.system = 'salesforce' limit 1"
        ).fetchall()
        undo(connection, ctx.pairing.name, "customer", "netsuite", key, actor="ann", reason="another firm")
    again = match_entity(replace(ctx, run_id="run 2"), "customer")
    assert again.threshold.startswith("raised from 10 to")
    assert customers(hub, ctx, data) == found - {(account, key)}
    assert (account, key) not in {(match.left_key, match.right_key) for match in waiting(hub, ctx)}
