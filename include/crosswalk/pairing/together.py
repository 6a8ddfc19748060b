"""Pairings of one hub: what they must agree on where they share a system, and how their records' keys are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from crosswalk.model.errors import ConfigurationError

if TYPE_CHECKING:
    from crosswalk.pairing.document import Pairing, SystemSide

_SHARED = ("platform", "connection", "mapping")


def refuse_disagreement(pairings: Sequence[Pairing]) -> None:
    """Raise ConfigurationError naming all that two pairings of one hub contradict each other in."""
    if found := [told for one, other in combinations(pairings, 2) for told in _between(one, other)]:
        raise ConfigurationError(
            "\n".join(found),
            hint="Systems of one name are one account, read once for all pairings; where they are two, give them two names.",
        )


def _between(one: Pairing, other: Pairing) -> Iterator[str]:
    if one.name == other.name:
        yield f"Two files are the pairing {one.name}; each needs a name of its own."
        return
    if one.hub_connection != other.hub_connection:
        return
    for mine, theirs in ((mine, theirs) for mine in _sides(one) for theirs in _sides(other)):
        if mine.system != theirs.system:
            continue
        for name in _SHARED:
            if getattr(mine, name) != getattr(theirs, name):
                yield (
                    f"{one.name} and {other.name} both have {mine.system}, with different {name}:"
                    f" {getattr(mine, name)} and {getattr(theirs, name)}."
                )
    for entity in sorted(set(one.crm.key_prefixes) & set(other.crm.key_prefixes)):
        mine_prefix, their_prefix = one.crm.key_prefixes[entity], other.crm.key_prefixes[entity]
        if mine_prefix.startswith(their_prefix) or their_prefix.startswith(mine_prefix):
            yield (
                f"{one.name} and {other.name} create records under keys that cannot be told apart:"
                f" key_prefixes.{entity} is {mine_prefix} and {their_prefix}."
            )


def _sides(pairing: Pairing) -> tuple[SystemSide, SystemSide]:
    return pairing.crm, pairing.erp
