"""Parents of linked customers as the writes they ask for, and what waits or needs a person. Pure.

The master's parent is written where the other side says otherwise. What the master never had is not taken away: a parent that only the
other side knows stays, unless it is the one that both agreed on and the master has removed since.

No cycle comes to be in the target, in whatever order the writes arrive and whichever of them never do: a write that would close one
beside what is there now depends on those above it (module ``ordering``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crosswalk.hierarchies.ordering import dependencies, loops, ring


@dataclass(frozen=True, slots=True)
class Agreed:
    """The parents that both sides named when they last agreed, each by its own system's key."""

    master: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class Child:
    """One linked customer. ``parent`` is the master's, ``counterpart`` the target's record of it, ``there`` the target's parent now.

    ``parent_is_known`` tells whether the parent is a living record of the master.
    """

    master: str
    target: str
    parent: str | None
    there: str | None
    counterpart: str | None = None
    parent_is_known: bool = True
    agreed: Agreed | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A parent to be written; None removes it. ``after`` is the target's record whose own change has to be done before."""

    child: Child
    parent: str | None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A child whose parent cannot be written yet."""

    child: Child
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A child whose parent a person has to put right in the master."""

    child: Child
    code: str
    message: str
    hint: str


@dataclass
class Families:
    """What a plan wants: writes, waits, troubles, and on which children there is nothing to do."""

    changes: list[Change] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    settled: list[Child] = field(default_factory=list)


Parents = Mapping[str, str]
"""A system's records and their parents; records without one are left out."""


def plan_families(children: Iterable[Child], in_master: Parents, in_target: Parents) -> Families:
    """Return what these children ask for. The maps hold everybody above them, and above their new parents, in either system."""
    found, wanted = Families(), {}
    for child in sorted(children, key=lambda one: one.target):
        if (trouble := _trouble(child, in_master)) is not None:
            found.troubles.append(trouble)
        elif child.parent is None and not _removes(child):
            found.settled.append(child)
        elif child.parent is not None and (not child.parent_is_known or child.counterpart is None):
            found.waits.append(_wait(child))
        elif child.there == child.counterpart:
            found.settled.append(child)
        else:
            wanted[child.target] = child
    _leave_out_loops(wanted, in_target, found)
    new = {target: child.counterpart for target, child in wanted.items()}
    after = dependencies(new, in_target)
    found.changes = [Change(child, new[target], after.get(target)) for target, child in wanted.items()]
    return found


def _removes(child: Child) -> bool:
    """Whether the master's missing parent is one that it removed, and that the target still has as it was agreed."""
    agreed = child.agreed
    return agreed is not None and agreed.master is not None and child.there is not None and child.there == agreed.target


def _trouble(child: Child, in_master: Parents) -> Trouble | None:
    if child.parent is None:
        return None
    if child.parent == child.master:
        message = f"Customer {child.master} is its own parent."
        return Trouble(child, "own_parent", message, "Give it another parent there, or none.")
    if round_trip := ring(child.master, in_master):
        named = " → ".join((*round_trip, child.master))
        return Trouble(
            child, "parent_cycle", f"The parents go in a circle: {named}.", "Remove the parent of one of them there."
        )
    return None


def _wait(child: Child) -> Wait:
    if not child.parent_is_known:
        return Wait(
            child,
            f"The parent {child.parent} of customer {child.master} was deleted, or was not read yet.",
            "Give it a living parent, or none; what is only late is read by the next run.",
        )
    return Wait(
        child,
        f"The parent {child.parent} of customer {child.master} is linked with nothing on the other side.",
        "Link the parent, or let it be created there; this one follows by itself.",
    )


def _leave_out_loops(wanted: dict[str, Child], in_target: Parents, found: Families) -> None:
    """Take out what would close a circle with parents that only the target has, until none is left."""
    while looped := loops({target: child.counterpart for target, child in wanted.items()}, in_target):
        for target in sorted(looped):
            child = wanted.pop(target)
            found.troubles.append(
                Trouble(
                    child,
                    "parent_cycle_there",
                    f"Customer {target} cannot go below {child.counterpart}: there it is above it already.",
                    f"Remove the parent that leads from {child.counterpart} up to {target} in the other system, or correct the master.",
                )
            )


def keys_above(children: Sequence[Child]) -> tuple[list[str], list[str]]:
    """Return whose ancestors a plan has to know: the children in the master; in the target, and their parents there."""
    target = {key for one in children for key in (one.target, one.counterpart) if key is not None}
    return sorted({one.master for one in children}), sorted(target)
