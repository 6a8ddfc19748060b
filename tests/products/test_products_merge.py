"""Whose word counts: laws of the three-way comparison, and the examples behind the policy's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError as ShapeError

from crosswalk.identity.survivorship import first_values
from crosswalk.model.records import Image
from crosswalk.pairing import ProductPolicy
from crosswalk.products.build import (
    PairPlan,
    ProductChange,
    ProductPair,
    Trouble,
    Unlinked,
    may_create,
    plan_missing,
    plan_pair,
)

WORDS = st.sampled_from([None, "a", "b", "c"])
POLICIES = st.builds(
    ProductPolicy,
    fields=st.fixed_dictionaries(
        {"name": st.sampled_from(["erp", "crm", "either"]), "description": st.sampled_from(["erp", "crm", "either"])}
    ),
    overruled_edits=st.sampled_from(["restore", "ask"]),
)
RECORDS = st.fixed_dictionaries({"name": WORDS, "description": WORDS})
PAIRS = st.builds(
    lambda crm, erp, crm_base, erp_base: ProductPair(image("crm", crm), image("erp", erp), crm_base, erp_base),
    RECORDS,
    RECORDS,
    st.one_of(st.just({}), RECORDS),
    st.one_of(st.just({}), RECORDS),
)


def image(system: str, values: dict[str, object], **about: object) -> Image:
    return replace(Image(system, "product", f"{system}-1", "v1", None, False, values), **about)


def after(plan: PairPlan) -> ProductPair:
    """Return the pair once everything is written, read back and settled."""
    crm, erp = dict(plan.pair.crm.values), dict(plan.pair.erp.values)
    crm_base, erp_base = dict(plan.pair.crm_base), dict(plan.pair.erp_base)
    for change in plan.changes:
        (crm if change.target == "crm" else erp).update(change.values)
    for name in (*plan.agreed, *(name for change in plan.changes for name in change.values)):
        crm_base[name], erp_base[name] = crm[name], erp[name]
    return ProductPair(image("crm", crm), image("erp", erp), crm_base, erp_base)


@given(PAIRS, POLICIES)
def test_what_was_settled_asks_for_nothing_more(pair: ProductPair, policy: ProductPolicy) -> None:
    first = plan_pair(pair, policy)
    again = plan_pair(after(first), policy)
    assert again.changes == ()
    assert {trouble.field for trouble in again.troubles} == {trouble.field for trouble in first.troubles}


@given(PAIRS, POLICIES)
def test_a_value_goes_only_where_its_field_may_and_emptiness_goes_nowhere(
    pair: ProductPair, policy: ProductPolicy
) -> None:
    for change in plan_pair(pair, policy).changes:
        for name, value in change.values.items():
            assert value is not None
            assert policy.fields[name] in ({"crm": "erp", "erp": "crm"}[change.target], "either")


@given(RECORDS, RECORDS, st.sampled_from(["name", "description"]), POLICIES)
def test_one_side_alone_changed_by_its_master_always_travels(
    base: dict[str, object], edits: dict[str, object], field: str, policy: ProductPolicy
) -> None:
    erp = {**base, field: edits[field]}
    plan = plan_pair(ProductPair(image("crm", base), image("erp", erp), base, base), policy)
    travels = erp[field] != base[field] and erp[field] is not None and policy.fields[field] in ("erp", "either")
    assert (ProductChange("crm", {field: erp[field]}) in plan.changes) == travels


def pair_of(crm: str, erp: str, base: str | None = "old") -> ProductPair:
    known = {} if base is None else {"name": base}
    return ProductPair(image("crm", {"name": crm}), image("erp", {"name": erp}), known, known)


@pytest.mark.parametrize(
    ("master", "pair", "wanted"),
    [
        ("erp", pair_of("old", "new"), {"crm": "new"}),
        ("erp", pair_of("mine", "old"), {"crm": "old"}),  # an edit on the other side is written over
        ("erp", pair_of("mine", "new"), {"crm": "new"}),
        ("erp", pair_of("mine", "theirs", None), {"crm": "theirs"}),
        ("crm", pair_of("new", "old"), {"erp": "new"}),
        ("either", pair_of("new", "old"), {"erp": "new"}),
        ("either", pair_of("old", "new"), {"crm": "new"}),
        ("either", pair_of("mine", "theirs"), "conflict"),
        ("either", pair_of("mine", "theirs", None), "conflict"),
        ("either", pair_of("same", "same"), {}),
    ],
)
def test_the_policys_word_decides(master: str, pair: ProductPair, wanted: object) -> None:
    plan = plan_pair(pair, ProductPolicy(fields={"name": master}))
    found: object = {change.target: change.values["name"] for change in plan.changes}
    assert ("conflict" if plan.troubles else found) == wanted


def test_an_overruled_edit_waits_for_a_person_where_the_pairing_asks_for_one() -> None:
    plan = plan_pair(pair_of("mine", "old"), ProductPolicy(fields={"name": "erp"}, overruled_edits="ask"))
    (trouble,) = plan.troubles
    assert plan.changes == ()
    assert (trouble.side, trouble.key, trouble.field) == ("crm", "crm-1", "name")
    assert "Undo the edit in the CRM" in trouble.hint


@pytest.mark.parametrize(
    ("deleted_items", "changes", "troubles"), [("deactivate", 1, 0), ("ask", 0, 1), ("leave", 0, 0)]
)
def test_a_deleted_item_never_deletes_its_product(deleted_items: str, changes: int, troubles: int) -> None:
    pair = ProductPair(
        image("crm", {"name": "a", "is_active": True}), image("erp", {}, deleted=True), {"name": "a"}, {"name": "a"}
    )
    plan = plan_pair(pair, ProductPolicy(deleted_items=deleted_items))
    assert (len(plan.changes), len(plan.troubles)) == (changes, troubles)
    assert all(change == ProductChange("crm", {"is_active": False}) for change in plan.changes)


def test_what_may_exist_already_is_not_created() -> None:
    item = image("erp", {"name": "Bolt", "sku": "B-1", "is_active": True, "product_type": "inventory"})
    looked_like = plan_missing(Unlinked(item, "erp", ("01tA",)))
    assert isinstance(looked_like, Trouble)
    assert "01tA" in looked_like.message
    assert isinstance(plan_missing(Unlinked(image("crm", {"name": "Bolt", "sku": None}), "crm")), Trouble)
    assert plan_missing(Unlinked(item, "erp")) == ProductChange(
        "crm", {"sku": "B-1", "name": "Bolt", "is_active": True}
    )


@pytest.mark.parametrize(
    ("rule", "asked", "kind", "active", "created"),
    [
        ("always", False, "inventory", True, True),
        ("always", False, "other", True, False),
        ("always", False, "inventory", False, False),
        ("on_request", False, "inventory", True, False),
        ("on_request", True, "inventory", True, True),
        ("never", True, "inventory", True, False),
    ],
)
def test_new_products_are_created_as_the_pairing_says(
    rule: str, asked: bool, kind: str, active: bool, created: bool
) -> None:
    item = image("erp", {"sku": "B-1", "is_active": active, "product_type": kind})
    assert may_create(Unlinked(item, "erp"), ProductPolicy(create_products=rule), asked=asked) is created


@pytest.mark.parametrize("name", ["unit_price", "cost", "counterpart_key", "product_type"])
def test_prices_costs_and_keys_cannot_be_given_a_way(name: str) -> None:
    with pytest.raises(ShapeError, match=f"'{name}' does not travel"):
        ProductPolicy(fields={name: "erp"})


@given(RECORDS, RECORDS, POLICIES, st.sampled_from(["erp", "crm", "longest", "newest"]))
def test_a_first_value_is_the_survivors_and_whoever_was_empty_gets_it(
    crm: dict[str, object], erp: dict[str, object], policy: ProductPolicy, rule: str
) -> None:
    pair = ProductPair(image("crm", crm), image("erp", erp))
    survivors = dict.fromkeys(policy.fields, rule)
    plan = plan_pair(pair, policy, survivors)
    settled = after(plan)
    kept = first_values(pair.crm, pair.erp, survivors, tuple(policy.fields))
    for name in policy.fields:
        assert settled.crm.values[name] == settled.erp.values[name] == kept[name].value
    assert plan.troubles == ()


def test_what_survived_once_says_nothing_of_later_edits() -> None:
    policy, survivors = ProductPolicy(fields={"name": "erp"}), {"name": "crm"}
    first = plan_pair(pair_of("mine", "theirs", None), policy, survivors)
    assert [(change.target, change.values["name"]) for change in first.changes] == [("erp", "mine")]
    edited = plan_pair(pair_of("edited", "mine", "mine"), policy, survivors)
    assert [(change.target, change.values["name"]) for change in edited.changes] == [("crm", "mine")]
