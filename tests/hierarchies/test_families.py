"""Parents that are carried over: never a circle, whatever arrives when, and nothing twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosswalk.hierarchies.build import Agreed, Child, Families, plan_families
from crosswalk.hierarchies.ordering import ring

NAMES = "abcdefgh"


def by_target(parents: dict[str, str]) -> dict[str, str]:
    return {key.upper(): above.upper() for key, above in parents.items()}


def children(
    master: dict[str, str], target: dict[str, str], linked: set[str], agreed: dict[str, Agreed]
) -> list[Child]:
    """Every linked customer: ``a`` there is ``A`` here."""
    return [
        Child(
            key,
            key.upper(),
            above := master.get(key),
            target.get(key.upper()),
            above.upper() if above in linked else None,
            agreed=agreed.get(key),
        )
        for key in sorted(linked)
    ]


anybody = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES), max_size=len(NAMES))


@st.composite
def forests(draw: st.DrawFn) -> dict[str, str]:
    """Parents without circles: everybody's is further on in a random order."""
    order = draw(st.permutations(NAMES))
    return {
        key: order[draw(st.integers(place + 1, len(order) - 1))]
        for place, key in enumerate(order[:-1])
        if draw(st.booleans())
    }


def circles(parents: dict[str, str]) -> set[str]:
    return {key for key in parents if ring(key, parents)}


def apply(plan: Families, target: dict[str, str], data: st.DataObject, *, lost: bool) -> dict[str, str]:
    """Do the writes in any order that their dependencies allow; some may be lost, and what waits for those with them."""
    left, done, now = {one.child.target: one for one in plan.changes}, set(), dict(target)
    while ready := sorted(key for key, one in left.items() if one.after is None or one.after in done):
        change = left.pop(data.draw(st.sampled_from(ready)))
        if lost and data.draw(st.booleans()):
            continue
        if change.parent is None:
            now.pop(change.child.target, None)
        else:
            now[change.child.target] = change.parent
        done.add(change.child.target)
        assert not circles(now)
    return now


@given(anybody, forests(), st.sets(st.sampled_from(NAMES)), st.data())
def test_no_circle_comes_to_be_in_whatever_order_the_writes_arrive(
    master: dict[str, str], there: dict[str, str], linked: set[str], data: st.DataObject
) -> None:
    target = by_target(there)
    agreed = {
        key: Agreed(data.draw(st.sampled_from([None, *NAMES])), target.get(key.upper())) for key in sorted(linked)
    }
    known = {key: one for key, one in agreed.items() if data.draw(st.booleans())}
    plan = plan_families(children(master, target, linked, known), master, target)
    apply(plan, target, data, lost=True)


@given(forests(), forests(), st.data())
def test_what_was_written_is_planned_once_and_then_both_sides_say_the_same(
    master: dict[str, str], there: dict[str, str], data: st.DataObject
) -> None:
    everybody, target = set(NAMES), by_target(there)
    agreed = {key: Agreed(there[key], there[key].upper()) for key in there}  # so that what the master lacks was removed
    now = apply(plan_families(children(master, target, everybody, agreed), master, target), target, data, lost=False)
    assert now == by_target(master)
    again = plan_families(children(master, now, everybody, agreed), master, now)
    assert (again.changes, again.waits, again.troubles) == ([], [], [])


@given(anybody, anybody, st.sets(st.sampled_from(NAMES)))
def test_every_child_ends_in_one_place_and_only_linked_parents_are_written(
    master: dict[str, str], there: dict[str, str], linked: set[str]
) -> None:
    target = by_target(there)
    given_children = children(master, target, linked, {})
    plan = plan_families(given_children, master, target)
    placed = [one.child for one in (*plan.changes, *plan.waits, *plan.troubles)] + plan.settled
    assert sorted(one.master for one in placed) == sorted(linked)
    assert {one.parent.lower() for one in plan.changes if one.parent} <= linked
    assert {one.child.master for one in plan.troubles} >= {key for key in linked if ring(key, master)}
    for change in plan.changes:
        assert change.parent != target.get(change.child.target)
        assert change.parent is not None, "what the master never had is not taken away"
