"""The rule table's laws: forward only, at rest after one step on each side, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswalk.lifecycle import Move, Standing, kind_wanted, moves, stage_wanted
from crosswalk.lifecycle.fit import refuse_unfit
from crosswalk.lifecycle.rules import first_kind, makers
from crosswalk.mapping.document import load_mapping
from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import LifecyclePolicy, load_pairing
from tests.lifecycle.policies import POLICIES, SHIPPED, STANDINGS

INCLUDE = Path(__file__).parents[2] / "include"
FILE = INCLUDE / "pairings" / "sap_business_one_hubspot.yaml"
TABLE = LifecyclePolicy(**SHIPPED)
AT_LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def _moved(standing: Standing, move: Move) -> Standing:
    return replace(standing, stage=move.to) if move.side == "crm" else replace(standing, kind=move.to)


def _rank(move: Move, name: str | None) -> int:
    order = STAGES if move.side == "crm" else CUSTOMER_KINDS
    return -1 if name is None else order.index(name)


@AT_LEISURE
@given(POLICIES, STANDINGS)
def test_whatever_the_table_every_move_goes_forward_from_where_the_customer_is(
    policy: LifecyclePolicy, standing: Standing
) -> None:
    for move in moves(standing, policy):
        assert move.was == (standing.stage if move.side == "crm" else standing.kind)
        assert _rank(move, move.to) > _rank(move, move.was)


@AT_LEISURE
@given(POLICIES, STANDINGS, st.booleans())
def test_one_move_on_each_side_in_whatever_order_leaves_nothing_to_move(
    policy: LifecyclePolicy, standing: Standing, crm_first: bool
) -> None:
    wanted = sorted(moves(standing, policy), key=lambda move: (move.side == "crm") != crm_first)
    for move in wanted:
        standing = _moved(standing, move)
    again = list(moves(standing, policy))
    assert len(again) < 2
    for move in again:  # a side may follow the other's last step, once
        assert move.side not in {one.side for one in wanted}
        standing = _moved(standing, move)
    assert list(moves(standing, policy)) == []


@AT_LEISURE
@given(POLICIES, STANDINGS)
def test_what_nobody_knows_or_stands_beside_the_order_is_never_moved(
    policy: LifecyclePolicy, standing: Standing
) -> None:
    for kind in (None, "other"):
        assert list(moves(replace(standing, kind=kind), policy)) == []
    assert stage_wanted(replace(standing, stage="other"), policy) is None
    if policy.inactive == "leave":
        assert list(moves(replace(standing, active=False), policy)) == []


@pytest.mark.parametrize(
    ("standing", "kind", "stage"),
    [
        (Standing("lead", "lead"), None, "sales_qualified"),
        (Standing("sales_qualified", "lead"), None, None),
        (Standing("opportunity", "lead", won=True), "customer", None),
        (Standing("customer", "lead"), "customer", None),
        (Standing("evangelist", "lead"), "customer", None),
        (Standing("opportunity", "customer"), None, None),  # it never bought
        (Standing("opportunity", "customer", traded=True), None, "customer"),
        (Standing(None, "customer", traded=True), None, "customer"),
        (Standing("lead", "customer"), None, "sales_qualified"),
        (Standing("evangelist", "customer", traded=True), None, None),
        (Standing("other", "lead", won=True), "customer", None),
        (Standing("lead", "customer", active=False, traded=True), None, None),
    ],
)
def test_the_shipped_rows_say_what_the_documents_say(standing: Standing, kind: str | None, stage: str | None) -> None:
    wanted = (kind_wanted(standing, TABLE), stage_wanted(standing, TABLE))
    assert [move and move.to for move in wanted] == [kind, stage]
    shipped = load_pairing(FILE).lifecycle
    assert shipped is not None
    assert wanted == (kind_wanted(standing, shipped), stage_wanted(standing, shipped))


def test_a_move_says_why() -> None:
    move = kind_wanted(Standing("customer", "lead", won=True), TABLE)
    assert move == Move("erp", "lead", "customer", "a deal was won")
    move = stage_wanted(Standing("lead", "customer", traded=True), TABLE)
    assert move == Move("crm", "lead", "customer", "the ERP has it as customer with orders or invoices")


def test_a_new_customer_is_of_the_kind_that_its_stage_or_its_deal_makes_it() -> None:
    policy = LifecyclePolicy(**SHIPPED, create_from="opportunity")
    assert makers(policy) == ("opportunity", "customer", "evangelist")
    assert (makers(TABLE), first_kind("lead", False, policy)) == ((), None)
    assert first_kind("opportunity", False, policy) == "lead"
    assert first_kind("opportunity", True, policy) == "customer"


# --- what a pairing file may say ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("    sales_qualified: lead", "    qualified: lead", "to_erp:", "'qualified' is no stage"),
        ("    sales_qualified: lead", "    sales_qualified: leed", "to_erp:", "'leed', which is no kind"),
        ("    lead: sales_qualified", "    lead: other", "to_crm:", "'other', which is no stage"),
        ("    sales_qualified: lead", "    lead: customer\n    opportunity: lead", "to_erp:", "before it, a customer"),
        ("    lead: sales_qualified", "    lead: customer", "lifecycle:", "every lead of the ERP would become a customer"),
        ("    lead: sales_qualified", "    lead: opportunity", "lifecycle:", "every sales_qualified of the CRM would"),
        ("  traded: true", "  create_from: lead", "lifecycle:", "write a row for it"),
        ("  taken_back: ask", "  taken_back: never", "taken_back:", "'ask' or 'restore'"),
        ("  mode: live\n  to_erp", "  mode: on\n  to_erp", "mode: on", "'off', 'shadow' or 'live'"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_kept_is_answered_with_file_line_and_reason(
    tmp_path: Path, old: str, new: str, at: str, says: str
) -> None:
    text = FILE.read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_pairing(path)
    assert says in caught.value.message
    lines = path.read_text().splitlines()
    assert at in lines[int(caught.value.message.split(":")[1]) - 1]


def test_mapping_files_that_do_not_let_the_table_be_carried_out_are_answered_by_line(tmp_path: Path) -> None:
    changes = {
        "hubspot.yaml": ("customer: customer", "customer: opportunity"),
        "sap_business_one.yaml": ("kind:                 {native: CardType, law: lossy", "kind:  {native: CardType, law: one_way"),
    }  # fmt: skip
    for name, (old, new) in changes.items():
        text = (INCLUDE / "mappings" / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new, 1))
    pairing = load_pairing(FILE)
    header = {**pairing.orders.header}
    orders = pairing.orders.model_copy(update={"customer": {"CardType": header["DocCurrency"]}})
    pairing = pairing.model_copy(update={"orders": orders})
    with pytest.raises(ConfigurationError) as caught:
        refuse_unfit(pairing, {side: load_mapping(tmp_path / pairing.side(side).mapping) for side in ("crm", "erp")})
    stage, kind, twice = caught.value.message.splitlines()
    assert stage.startswith("hubspot.yaml:")
    assert "no native value for 'customer'" in stage
    assert kind.startswith("sap_business_one.yaml:")
    assert "customer.kind is one_way" in kind
    assert "orders.customer.CardType" in twice
    without = {side: load_mapping(INCLUDE / "mappings" / pairing.side(side).mapping) for side in ("crm", "erp")}
    bare = without["crm"].entities["customer"]
    fields = {name: field for name, field in bare.fields.items() if name != "stage"}
    entities = {**without["crm"].entities, "customer": bare.model_copy(update={"fields": fields})}
    without["crm"] = without["crm"].model_copy(update={"entities": entities})
    with pytest.raises(
        ConfigurationError, match=r"hubspot\.yaml:\d+: lifecycle goes by the customer's stage, which is not mapped"
    ):
        refuse_unfit(load_pairing(FILE), without)
