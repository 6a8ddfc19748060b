"""In which order parents may change so that nobody is ever above themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Changes = Mapping[str, str | None]
"""Records and their new parents; None for a parent that goes."""


def ring(key: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """Return the circle that ``key`` is part of, beginning with it; empty where it is part of none."""
    path = (key, *ancestors(key, parents))
    return path if parents.get(path[-1]) == key else ()


def ancestors(key: str, parents: Mapping[str, str | None] | Mapping[str, str]) -> Iterator[str]:
    """Yield who is above ``key``, nearest first; a circle is gone round once."""
    seen, above = {key}, parents.get(key)
    while above is not None and above not in seen:
        yield above
        seen.add(above)
        above = parents.get(above)


def loops(changes: Changes, there: Mapping[str, str]) -> set[str]:
    """Return the changes that are part of a circle when all are done."""
    after = {key: parent for key, parent in {**there, **changes}.items() if parent is not None}
    return {key for key in changes if ring(key, after)}


def dependencies(changes: Changes, there: Mapping[str, str]) -> dict[str, str]:
    """Return for each change that needs one the change that has to be done before; all together must make no circle.

    A child may go below its parent once everybody above that parent is where they will be: then nobody of them can be below the child
    any more. It matters only where old and new parents together lead from the parent back to the child; who is
    on that way waits likewise.
    """
    after = {**there, **changes}
    entangled = {key for key, parent in changes.items() if parent is not None and _leads(parent, key, changes, there)}
    nearest = {key: next((above for above in ancestors(key, after) if above in changes), None) for key in entangled}
    return {key: above for key, above in sorted(nearest.items()) if above is not None}


def _leads(start: str, to: str, changes: Changes, there: Mapping[str, str]) -> bool:
    """Whether a way goes up from ``start`` to ``to`` by old or new parents."""
    waiting, seen = [start], set()
    while waiting:
        key = waiting.pop()
        if key == to:
            return True
        if key not in seen:
            seen.add(key)
            waiting += [above for above in (there.get(key), changes.get(key)) if above is not None]
    return False
