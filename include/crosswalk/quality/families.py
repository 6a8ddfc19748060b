"""Comparison of parents: whether linked customers are below linked parents."""

from __future__ import annotations

from crosswalk.platforms import Side
from crosswalk.quality.scope import LABELS, Comparison, Scope, literal
from crosswalk.quality.spec import Spec


def parents(scope: Scope, spec: Spec) -> Comparison | None:
    """Two parents that are not the same company; with hierarchies carried, also one that only one side has though both have the company.

    A parent that is linked with nothing contradicts nothing but another that is.
    """
    if not all(scope.maps(side, spec.entity, "parent_key") for side in ("crm", "erp")):
        return None
    joins = _counterpart(scope, "a", "crm", "erp", "in_erp") + _counterpart(scope, "b", "erp", "crm", "in_crm")
    both = "a.parent_key is not null and b.parent_key is not null"
    different = (
        f"({both} and in_erp.key is distinct from b.parent_key and (in_erp.key is not null or in_crm.key is not null))"
    )
    lone = "(num_nulls(a.parent_key, b.parent_key) = 1 and coalesce(in_erp.key, in_crm.key) is not null)"
    wrong = f"({different} or {lone})" if scope.pairing.hierarchies else different
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key, coalesce(a.{LABELS[spec.entity]}, b.{LABELS[spec.entity]}) as record,
                a.parent_key as crm_parent, b.parent_key as erp_parent,
                case when a.parent_key is null then 'only in ' || theirs.system when b.parent_key is null then 'only in ' || mine.system
                     else 'different parents' end as reason
            from {scope.linked(spec.entity, joins)} and {wrong}""",
        f"select count(*) from {scope.linked(spec.entity)} and coalesce(a.parent_key, b.parent_key) is not null",
    )


def _counterpart(scope: Scope, record: str, of: Side, other: Side, name: str) -> str:
    """Return the join that finds what a record's parent is linked with on the other side."""
    return f"""left join lateral (select e.key from hub.link_end own
                join hub.link_end e on e.link_id = own.link_id and e.system = {scope.system(other)}
                where own.pairing = {literal(scope.pairing.name)} and own.entity = 'customer' and own.system = {scope.system(of)}
                  and own.key = {record}.parent_key limit 1) {name} on true
            """
