"""Checks within each system: completeness, references, duplicates, value sets."""

from __future__ import annotations

from crosswalk.identity.normalise import company_name, plain
from crosswalk.model.entities import ENTITIES, Field, Kind
from crosswalk.platforms import Side
from crosswalk.quality.scope import Comparison, Scope, literal, literals, record, table, union
from crosswalk.quality.spec import Spec


def complete(scope: Scope, spec: Spec) -> Comparison | None:
    """Fields that must not be empty, on the sides that map them."""
    condition = f"({spec.where or 'true'})"
    parts, counted = [], []
    for side in scope.readers(spec.entity):
        wanted = [name for name in spec.fields if scope.maps(side, spec.entity, name)]
        if not wanted:
            continue
        missing = ", ".join(f"case when x.{name} is null then {literal(name)} end" for name in wanted)
        empty = " or ".join(f"x.{name} is null" for name in wanted)
        living = f"{scope.living(side, spec.entity)} and {condition}"
        parts.append(
            f"select {record(side, spec.entity)}, concat_ws(', ', {missing}) as missing from {living} and ({empty})"
        )
        counted.append(f"(select count(*) from {living})")
    return Comparison(union(parts), f"select {' + '.join(counted)}") if parts else None


def references(scope: Scope, spec: Spec) -> Comparison | None:
    """What a record refers to is a living record of the same system; only where both are read."""
    parts, counted = [], []
    for side in scope.readers(spec.entity):
        for field in ENTITIES[spec.entity].fields:
            if _is_followed(scope, side, spec, field):
                given = f"{scope.living(side, spec.entity)} and x.{field.name} is not null"
                parts.append(_dangling(side, spec.entity, field, given))
                counted.append(f"(select count(*) from {given})")
    return Comparison(union(parts), f"select {' + '.join(counted)}") if parts else None


def _is_followed(scope: Scope, side: Side, spec: Spec, field: Field) -> bool:
    if field.kind is not Kind.REFERENCE or field.refers_to is None or (spec.fields and field.name not in spec.fields):
        return False
    return scope.reads(side, field.refers_to) and scope.maps(side, spec.entity, field.name)


def _dangling(side: Side, entity: str, field: Field, given: str) -> str:
    target = table(str(field.refers_to))
    return f"""select {record(side, entity)}, {literal(field.name)} as field, x.{field.name} as refers_to,
            case when exists (select 1 from {target} t where t.system = x.system and t.key = x.{field.name})
                 then 'was deleted' else 'was never read' end as reason
        from {given} and not exists (select 1 from {target} t where t.system = x.system and t.key = x.{field.name} and t.deleted_at is null)"""


def duplicates(scope: Scope, spec: Spec) -> Comparison | None:
    """Records of one system that share a normalised key; each of them is a violation, and names another one."""
    column = spec.exact or spec.plain or spec.name
    sides = [side for side in scope.readers(spec.entity) if scope.maps(side, spec.entity, str(column))]
    if column is None or not sides:
        return None
    parts = [_alike(scope, side, spec, column) for side in sides]
    counted = [f"(select count(*) from {_with_key(scope, side, spec, column)})" for side in sides]
    return Comparison(union(parts), f"select {' + '.join(counted)}")


def _with_key(scope: Scope, side: Side, spec: Spec, column: str) -> str:
    """A customer of a second subsidiary is none that is there twice, as long as it belongs to the same account."""
    once = f" and not {scope.further('x')}" if side == "erp" and spec.entity == "customer" else ""
    return f"{scope.living(side, spec.entity)} and x.{column} is not null and ({spec.where or 'true'}){once}"


def _alike(scope: Scope, side: Side, spec: Spec, column: str) -> str:
    """The costly normalisation is done once a record, by several cores: no barrier and no filter stands between it and the sorting.

    Records without a key are not counted, and so no twins of each other.
    """
    near = [f"x.{name}" for name in spec.near]
    key = {spec.plain: plain, spec.name: company_name}.get(column, str)(f"x.{column}")
    within = "".join(f", d.near_{place}" for place in range(len(near)))
    columns = ", ".join(
        [f"nullif({key}, '') as shared", *(f"{name} as near_{place}" for place, name in enumerate(near))]
    )
    keyed = f"select {record(side, spec.entity)}, x.key as own, {columns} from {_with_key(scope, side, spec, column)}"
    return f"""select t.crm_key, t.erp_key, t.record, t.shared, t.records, case when t.own = t.first then t.last else t.first end as same_as
        from (select d.*, count(d.shared) over w as records, min(d.own) over w as first, max(d.own) over w as last
              from ({keyed}) d window w as (partition by d.shared{within})) t
        where t.records > 1"""


def values(scope: Scope, spec: Spec) -> Comparison | None:
    """Values that are none of those allowed; one violation a record, with the values in question."""
    allowed = allowed_values(scope, spec.entity)
    parts, counted = [], []
    for side in scope.readers(spec.entity):
        here = {name: of for name, of in allowed.items() if scope.maps(side, spec.entity, name)}
        if not here:
            continue
        wrong = {name: f"x.{name} not in ({literals(of)})" for name, of in here.items()}
        shown = ", ".join(
            f"case when {test} then {literal(name + ' ')} || x.{name} end" for name, test in wrong.items()
        )
        living = scope.living(side, spec.entity)
        parts.append(
            f"select {record(side, spec.entity)}, concat_ws(', ', {shown}) as unknown_values from {living} and ({' or '.join(wrong.values())})"
        )
        counted.append(f"(select count(*) from {living})")
    return Comparison(union(parts), f"select {' + '.join(counted)}") if parts else None


def allowed_values(scope: Scope, entity: str) -> dict[str, tuple[str, ...]]:
    """Return what each field may hold: the model's choices, the currencies orders can be made in, and the pairing's own lists."""
    allowed = {field.name: field.choices for field in ENTITIES[entity].fields if field.choices}
    choices = scope.pairing.orders.header.values()  # whatever the ERP calls the order's currency
    currency = next((one for one in choices if one.by == "currency" and one.default is None), None)
    if entity == "deal" and currency is not None:
        allowed["currency"] = tuple(currency.values)
    return allowed | scope.pairing.checks.values.get(entity, {})
