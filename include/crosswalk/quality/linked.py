"""Comparisons of linked records: numbers, stored keys, fields, and whether both are alive."""

from __future__ import annotations

from dataclasses import dataclass

from crosswalk.mapping.definition import FieldMapping
from crosswalk.model.entities import ENTITIES, Field, Kind
from crosswalk.quality.canonical import settled
from crosswalk.quality.scope import LABELS, Comparison, Scope, literal, pair_of, table
from crosswalk.quality.spec import Spec

_NEVER_EQUAL = ("counterpart_key",)  # each side stores the other's
_NUMBERS = (Kind.AMOUNT, Kind.QUANTITY)


def counts(scope: Scope, spec: Spec) -> Comparison | None:
    """Like many living records on both sides."""
    if len(list(scope.readers(spec.entity))) < 2:
        return None
    return like_number(
        scope,
        *(f"select count(*) from {scope.living(side, spec.entity)}" for side in scope.readers(spec.entity)),
    )


def like_number(scope: Scope, in_crm: str, in_erp: str) -> Comparison:
    """Two counts that may differ by the pairing's share of the larger one."""
    share = scope.pairing.checks.count_share
    counted = f"select ({in_crm}) as crm_records, ({in_erp}) as erp_records"
    return Comparison(
        f"""select null::text as crm_key, null::text as erp_key, {scope.system("crm")} || ' and ' || {scope.system("erp")} as record,
            crm_records, erp_records, crm_records - erp_records as difference
            from ({counted}) c where abs(crm_records - erp_records) > {share} * greatest(crm_records, erp_records)""",
        "select 1",
    )


def stored_keys(scope: Scope, spec: Spec) -> Comparison | None:
    """A key of the ERP that a CRM record stores leads to one living record, and no two store the same."""
    if not scope.maps("crm", spec.entity, "counterpart_key"):
        return None
    of_crm = f"{scope.living('crm', spec.entity)} and x.counterpart_key is not null"
    return Comparison(
        f"""select s.key as crm_key, s.counterpart_key as erp_key, s.record,
                case when t.key is null then 'no such record' else 'stored in ' || s.holders || ' records' end as reason
            from (select x.key, x.counterpart_key, x.{LABELS[spec.entity]} as record,
                         count(*) over (partition by x.counterpart_key) as holders from {of_crm}) s
            left join {table(spec.entity)} t on t.system = {scope.system("erp")} and t.key = s.counterpart_key and t.deleted_at is null
            where t.key is null or s.holders > 1""",
        f"select count(*) from {of_crm}",
    )


def linked_keys(scope: Scope, spec: Spec) -> Comparison | None:
    """The CRM's record stores the key of the one it is linked with, where the pairing writes keys back."""
    if "counterpart_key" not in scope.pairing.write_back.get(spec.entity, ()):
        return None
    grace = f"make_interval(mins => {scope.pairing.checks.grace_minutes})"
    old = scope.linked(spec.entity, f"join hub.link l on l.id = mine.link_id and l.created_at < now() - {grace}")
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key, a.{LABELS[pair_of(spec.entity).crm]} as record, a.counterpart_key as stored
            from {old} and a.counterpart_key is distinct from theirs.key""",
        f"select count(*) from {old}",
    )


def links(scope: Scope, spec: Spec) -> Comparison:
    """Both ends of a link are living records; a record that was never read counts as gone."""
    pair = pair_of(spec.entity)
    ends = f"""hub.link_end mine
        join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system = {scope.system("erp")}
        left join {table(pair.crm)} a on a.system = mine.system and a.key = mine.key and a.deleted_at is null
        left join {table(pair.erp)} b on b.system = theirs.system and b.key = theirs.key and b.deleted_at is null
        where mine.system = {scope.system("crm")} and mine.pairing = {literal(scope.pairing.name)} and mine.entity = {literal(pair.link)}"""
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key,
                coalesce(a.{LABELS[pair.crm]}, b.{LABELS[pair.erp]}) as record,
                case when a.key is null and b.key is null then 'gone in both systems'
                     when a.key is null then 'gone in ' || mine.system else 'gone in ' || theirs.system end as reason
            from {ends} and (a.key is null or b.key is null)""",
        f"select count(*) from {ends}",
    )


# --- Fields -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Compared:
    """One field of both sides. ``differs`` holds when the values differ, ``suspect`` at least then, and is cheaper."""

    name: str
    differs: str
    suspect: str

    @property
    def row(self) -> str:
        """The field as a row of the unpivot."""
        return f"({literal(self.name)}, to_jsonb(a.{self.name}), to_jsonb(b.{self.name}), {self.differs})"


def compared_fields(scope: Scope, spec: Spec) -> list[str]:
    """Return what is compared: fields both sides map, without references, keys, finance fields and what the suite leaves out."""
    pair = pair_of(spec.entity)
    crm, erp = (scope.mappings[side].entities.get(pair.entity(side)) for side in ("crm", "erp"))
    if crm is None or erp is None:
        return []
    wanted = scope.pairing.checks.fields.get(spec.entity, spec.only)
    kept = [field for field in ENTITIES[pair.crm].fields if field.name in crm.fields and field.name in erp.fields]
    return [field.name for field in kept if _is_compared(field, spec, wanted)]


def _is_compared(field: Field, spec: Spec, wanted: tuple[str, ...]) -> bool:
    if field.kind is Kind.REFERENCE or field.name in _NEVER_EQUAL or field.sensitive:
        return False
    return field.name in wanted if wanted else field.name not in spec.leave_out


def fields(scope: Scope, spec: Spec) -> Comparison | None:
    """Linked records say the same, field by field; one violation a pair, with the fields that differ and both values."""
    pair = pair_of(spec.entity)
    names = compared_fields(scope, spec)
    if not names:
        return None
    crm, erp = (scope.mappings[side].entities[pair.entity(side)].fields for side in ("crm", "erp"))
    each = [_compared(scope, ENTITIES[pair.crm].field(name).kind, (crm[name], erp[name])) for name in names]
    return Comparison(
        f"""select mine.key as crm_key, theirs.key as erp_key, coalesce(a.{LABELS[pair.crm]}, b.{LABELS[pair.erp]}) as record, d.differences
            from {scope.linked(spec.entity, f"cross join lateral {_unpivot(each)}")}
              and ({" or ".join(one.suspect for one in each)}) and d.differences is not null""",
        f"select count(*) from {scope.linked(spec.entity)}",
    )


def _unpivot(each: list[_Compared]) -> str:
    rows = ", ".join(one.row for one in each)
    return f"""(select jsonb_object_agg(f.field, jsonb_build_array(f.crm, f.erp)) as differences
        from (values {rows}) f(field, crm, erp, differs) where f.differs) d"""


def _compared(scope: Scope, kind: Kind, sides: tuple[FieldMapping, FieldMapping]) -> _Compared:
    name = sides[0].name
    suspect = f"a.{name} is distinct from b.{name}"
    a, b = settled(f"a.{name}", sides), settled(f"b.{name}", sides)
    if kind in _NUMBERS:
        near = f"abs({a} - {b}) <= {scope.pairing.checks.amount}"
        return _Compared(name, f"({suspect} and ({near}) is not true)", suspect)
    return _Compared(name, f"({a}) is distinct from ({b})", suspect)
