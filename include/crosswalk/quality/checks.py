"""What is compared between the systems: the suites' file and the pairing's tolerances become checks.

A check is the SQL of its violations and the SQL of its population. Both run in the hub on what was pulled. A violation row names the
records of both systems, so that a page can lead to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml

from crosswalk.mapping.document import SystemMapping, load_mapping
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing
from crosswalk.pairing.checks import Severity, Tuning
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side
from crosswalk.quality import families, lifecycle, linked, trade, upkeep, within
from crosswalk.quality.scope import Comparison, Scope, pair_of
from crosswalk.quality.spec import Spec

KINDS: Mapping[str, Callable[[Scope, Spec], Comparison | None]] = {
    "complete": within.complete,
    "counts": linked.counts,
    "customer_counts": trade.customer_counts,
    "duplicates": within.duplicates,
    "fields": linked.fields,
    "freshness": upkeep.freshness,
    "lifecycle": lifecycle.contradictions,
    "linked_keys": linked.linked_keys,
    "links": linked.links,
    "one_order": trade.one_order,
    "open_writes": upkeep.open_writes,
    "order_customer": trade.order_customer,
    "order_totals": trade.order_totals,
    "parents": families.parents,
    "pending_orders": trade.pending_orders,
    "references": within.references,
    "stored_keys": linked.stored_keys,
    "unposted": trade.unposted,
    "values": within.values,
}
"""Comparisons by the name the suites' file gives them; None means that the pairing does not read what is compared."""

_PAIRED = (
    "counts",
    "customer_counts",
    "fields",
    "lifecycle",
    "linked_keys",
    "links",
    "one_order",
    "parents",
    "order_customer",
    "order_totals",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison. ``mostly`` is the share of the population that must be in order for the check to pass.

    ``crm_entity`` and ``erp_entity`` say what ``crm_key`` and ``erp_key`` of its violations are keys of.
    """

    check_id: str
    title: str
    explanation: str
    severity: Severity
    violations: str
    population: str
    mostly: float = 1.0
    entity: str = ""
    kind: str = ""
    crm_entity: str = ""
    erp_entity: str = ""


_OF_ORDERS = (
    "linked_keys",
    "links",
    "one_order",
    "order_customer",
    "order_totals",
    "pending_orders",
    "freshness",
    "open_writes",
)


def concerns_orders(check: Check) -> bool:
    """Tell whether a check is about what phase 2 does itself: deals, their orders, the ids that come back, and what is still to be sent.

    They read all of them, unlike the plans: a check is there to find what nobody noticed changing, and its score is a share of all there is.
    """
    return check.entity in ("deal", "order", "sync") and check.kind in _OF_ORDERS


def load_mappings(pairing: Pairing, folder: Path) -> dict[Side, SystemMapping]:
    """Read the mapping files of both sides; raises ConfigurationError naming every mistake."""
    return {side: load_mapping(folder / pairing.side(side).mapping) for side in SIDES}


@cache
def specs() -> tuple[Spec, ...]:
    """Return every check the suites' file names, by entity, in its order."""
    written = yaml.safe_load(files("crosswalk.quality").joinpath("suites.yaml").read_text(encoding="utf-8"))
    return tuple(Spec(entity=entity, **one) for entity, suite in written.items() for one in suite)


def checks_of(pairing: Pairing, mappings: Mapping[Side, SystemMapping]) -> list[Check]:
    """Return the pairing's suite: every check that what it reads allows, tuned as its file says."""
    known = {spec.check for spec in specs()}
    if unknown := sorted(set(pairing.checks.tune) - known):
        raise ConfigurationError(
            f"Pairing {pairing.name} tunes {', '.join(unknown)}, which is no check.",
            hint=f"Correct it under checks.tune. Checks are: {', '.join(sorted(known))}.",
        )
    scope = Scope(pairing, mappings)
    found = [_check(scope, spec, pairing.checks.tune.get(spec.check, Tuning())) for spec in specs()]
    return [check for check in found if check is not None]


def _check(scope: Scope, spec: Spec, tuning: Tuning) -> Check | None:
    sides = (pair_of(spec.entity).crm, pair_of(spec.entity).erp) if spec.kind in _PAIRED else (spec.entity, spec.entity)
    unread = spec.kind in _PAIRED and not (scope.reads("crm", sides[0]) and scope.reads("erp", sides[1]))
    if not tuning.enabled or unread:
        return None
    made = KINDS[spec.kind](scope, spec)
    if made is None:
        return None
    tolerances = scope.pairing.checks.model_dump() | {"lookback_days": scope.pairing.orders.lookback_days}
    return Check(
        check_id=spec.check,
        title=spec.title,
        explanation=spec.explanation.format(**tolerances),
        severity=tuning.severity or spec.severity,
        violations=made.violations,
        population=made.population,
        mostly=1.0 if tuning.in_order is None else tuning.in_order,
        entity=spec.entity,
        kind=spec.kind,
        crm_entity=sides[0],
        erp_entity=sides[1],
    )
