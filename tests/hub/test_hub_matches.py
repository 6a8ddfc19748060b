"""Proposals, decisions, labels, and undoing a link."""

from __future__ import annotations

import pytest

from crosswalk.hub.database import Connection
from crosswalk.hub.further import add_further
from crosswalk.hub.intents import claim, finish, mark_sending
from crosswalk.hub.ledger import history
from crosswalk.hub.links import LinkPair, counterpart, create_links
from crosswalk.hub.matches import (
    Proposal,
    decide,
    decided,
    latest_decisions,
    never,
    open_matches,
    propose,
    take_back,
)
from crosswalk.hub.undoing import undo, written_through
from crosswalk.model.errors import NotFoundError
from crosswalk.model.records import Outcome, Receipt
from tests.facts.shop import put
from tests.hub.records import after, draft, plan

SYSTEMS = ("salesforce", "netsuite")


def proposal(left: str, right: str, bits: float = 5.0) -> Proposal:
    return Proposal(left, right, bits, "not enough speaks for it", (("name", "the same name", bits),))


def proposed(connection: Connection, *pairs: tuple[str, str]) -> dict[tuple[str, str], int]:
    proposals = [proposal(left, right, 9.0 - place) for place, (left, right) in enumerate(pairs)]
    propose(connection, "demo", "customer", SYSTEMS, proposals, "run 1", now=after(0))
    return {(m.left_key, m.right_key): m.id for m in open_matches(connection, "demo", "customer")}


def test_the_surest_comes_first_and_what_was_skipped_last(connection: Connection):
    ids = proposed(connection, ("A", "1"), ("B", "2"), ("C", "3"))
    decide(connection, ids["A", "1"], "skip", actor="ann", now=after(1))
    assert [m.left_key for m in open_matches(connection, "demo")] == ["B", "C", "A"]


def test_calling_them_the_same_links_them_and_ends_every_other_proposal_of_either(connection: Connection):
    ids = proposed(connection, ("A", "1"), ("A", "2"), ("B", "1"), ("C", "3"))
    decide(connection, ids["A", "1"], "same", actor="ann", now=after(1))
    assert counterpart(connection, "demo", "customer", "salesforce", "A") == "1"
    assert [(m.left_key, m.right_key) for m in open_matches(connection, "demo")] == [("C", "3")]
    told = [(entry.kind, entry.actor) for entry in history(connection, "netsuite", "customer", "1")]
    assert ("decided", "ann") in told
    assert ("linked", "ann") in told


def test_what_was_called_different_is_not_open_when_it_is_proposed_again(connection: Connection):
    ids = proposed(connection, ("A", "1"), ("B", "2"))
    decide(connection, ids["A", "1"], "different", actor="ann", now=after(1))
    assert set(proposed(connection, ("A", "1"), ("B", "2"))) == {("B", "2")}
    assert never(connection, "demo", "customer") == {frozenset({("salesforce", "A"), ("netsuite", "1")})}
    assert [(m.left_key, m.status, m.decided_by) for m in decided(connection, "demo", "customer")] == [
        ("A", "different", "ann")
    ]


def test_what_is_not_proposed_any_more_is_withdrawn(connection: Connection):
    proposed(connection, ("A", "1"), ("B", "2"))
    assert set(proposed(connection, ("B", "2"))) == {("B", "2")}


def test_of_two_people_who_decide_the_second_is_told(connection: Connection):
    ids = proposed(connection, ("A", "1"))
    decide(connection, ids["A", "1"], "different", actor="ann")
    with pytest.raises(NotFoundError, match="not open any more"):
        decide(connection, ids["A", "1"], "same", actor="ben")


def test_a_record_that_was_linked_meanwhile_cannot_be_linked_again(connection: Connection):
    ids = proposed(connection, ("A", "1"))
    create_links(connection, "demo", "customer", [LinkPair("salesforce", "A", "netsuite", "9", "number")], "run 2")
    with pytest.raises(NotFoundError, match="linked to another record"):
        decide(connection, ids["A", "1"], "same", actor="ann")


def test_a_decision_that_is_undone_does_not_stand_beside_its_opposite(connection: Connection):
    ids = proposed(connection, ("A", "1"))
    decide(connection, ids["A", "1"], "same", actor="ann")
    undo(connection, "demo", "customer", "netsuite", "1", actor="ben", reason="a branch")
    assert [(m.status, m.decided_by) for m in decided(connection, "demo", "customer")] == [("different", "ben")]


def test_undoing_a_link_lists_what_was_written_through_it_and_keeps_the_pair_apart(connection: Connection):
    create_links(
        connection, "demo", "customer", [LinkPair("salesforce", "A", "netsuite", "1", "scored")], "run 1", now=after(0)
    )
    wish = draft(
        "write back", operation="update", entity="customer", source_system="netsuite", source_entity="customer",
        source_key="1", target_system="salesforce", target_key="A",
    )  # fmt: skip
    plan(connection, [wish, draft("of another record")])
    for intent in claim(connection, pairing="demo", flow="orders", limit=5, lease_seconds=60, now=after(10)):
        assert mark_sending(connection, intent.key, intent.epoch, now=after(11))
        finish(connection, intent.key, intent.epoch, Receipt(intent.key, Outcome.DONE, native_id="A"), now=after(12))
    assert [w.intent_key for w in written_through(connection, "demo", "customer", "netsuite", "1")] == ["write back"]
    written = undo(connection, "demo", "customer", "salesforce", "A", actor="ann", reason="a branch", now=after(20))
    assert [(w.target_system, w.target_key, w.operation) for w in written] == [("salesforce", "A", "update")]
    assert counterpart(connection, "demo", "customer", "salesforce", "A") is None
    assert never(connection, "demo", "customer") == {frozenset({("salesforce", "A"), ("netsuite", "1")})}
    assert [m.status for m in decided(connection, "demo", "customer")] == ["different"]
    with pytest.raises(NotFoundError, match="no link"):
        undo(connection, "demo", "customer", "salesforce", "A", actor="ann", reason="again")


def _ordered(connection: Connection, deal: str, order: str, customer: str, product: str) -> None:
    """A deal of account A with one line, and the order that a write of ours made of it."""
    put(connection, "deal", "salesforce", deal, customer_key="A", name=deal)
    put(connection, "deal_line", "salesforce", f"{deal} line", deal_key=deal, product_key="P")
    put(connection, "order", "netsuite", order, customer_key=customer, number=order)
    put(connection, "order_line", "netsuite", f"{order} line", order_key=order, product_key=product)
    wish = draft(f"order of {deal}", entity="order", source_key=deal)
    plan(connection, [wish])
    [intent] = claim(connection, pairing="demo", flow="orders", limit=5, lease_seconds=60, now=after(10))
    assert mark_sending(connection, intent.key, intent.epoch, now=after(11))
    finish(connection, intent.key, intent.epoch, Receipt(intent.key, Outcome.DONE, native_id=order), now=after(12))


def test_orders_are_told_that_were_made_through_the_link_of_their_customer_or_product(connection: Connection):
    pairs = [LinkPair("salesforce", "A", "netsuite", "1", "scored")]
    create_links(connection, "demo", "customer", pairs, "run 1", now=after(0))
    put(connection, "customer", "netsuite", "1", name="one", subsidiary="Inc.")
    put(connection, "customer", "netsuite", "2", name="two", subsidiary="Ltd")
    further = [LinkPair("salesforce", "A", "netsuite", "2", "scored")]
    assert add_further(connection, "demo", further, "run 1", now=after(0)) == 1
    create_links(
        connection, "demo", "product", [LinkPair("salesforce", "P", "netsuite", "I", "scored")], "run 1", now=after(0)
    )
    _ordered(connection, "D1", "O1", "1", "I")
    _ordered(connection, "D2", "O2", "2", "another item")
    _ordered(connection, "D3", "O3", "3", "I")  # for a customer that is not of this link

    def told(entity: str, system: str, key: str) -> set[str]:
        return {one.target_key for one in written_through(connection, "demo", entity, system, key)}

    assert told("customer", "salesforce", "A") == told("customer", "netsuite", "1") == {"O1", "O2"}
    assert told("customer", "netsuite", "2") == {"O2"}
    assert told("product", "netsuite", "I") == {"O1", "O3"}
    gone = undo(connection, "demo", "customer", "netsuite", "2", actor="ann", reason="a branch", now=after(20))
    assert [(one.entity, one.target_key) for one in gone] == [("order", "O2")]
    assert told("customer", "netsuite", "1") == {"O1"}


def test_what_was_called_different_by_mistake_is_open_again_and_the_ledger_knows_both(connection: Connection):
    ids = proposed(connection, ("A", "1"))
    decide(connection, ids["A", "1"], "different", actor="ann", now=after(1))
    assert [match.id for match in latest_decisions(connection, "demo")] == [ids["A", "1"]]
    take_back(connection, ids["A", "1"], actor="ben", now=after(2))
    assert [match.id for match in open_matches(connection, "demo")] == [ids["A", "1"]]
    assert (latest_decisions(connection, "demo"), never(connection, "demo", "customer")) == ([], frozenset())
    told = [
        (e.actor, e.detail["decision"]) for e in history(connection, "netsuite", "customer", "1") if e.kind == "decided"
    ]
    assert sorted(told) == [("ann", "different"), ("ben", "taken back")]
    decide(connection, ids["A", "1"], "same", actor="ann", now=after(3))
    with pytest.raises(NotFoundError, match="not called different"):
        take_back(connection, ids["A", "1"], actor="ben")
