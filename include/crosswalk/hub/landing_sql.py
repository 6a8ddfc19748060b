"""The SQL of the landing, built once an entity."""

from __future__ import annotations

from functools import cache

from psycopg import sql

from crosswalk.hub.columns import COLUMN_TYPES, SCHEMA
from crosswalk.model.entities import Entity, Kind

_COPY_TYPES = {
    Kind.AMOUNT: "numeric",
    Kind.QUANTITY: "numeric",
    Kind.INTEGER: "int8",
    Kind.BOOLEAN: "bool",
    Kind.DATE: "date",
    Kind.INSTANT: "timestamptz",
}
assert _COPY_TYPES.keys() == COLUMN_TYPES.keys()


def stage_columns(entity: Entity) -> list[tuple[str, str]]:
    """Return name and Postgres type of each column of the stage, in the order the rows are written."""
    fixed = [
        ("key", "text"),
        ("version", "text"),
        ("modified", "timestamptz"),
        ("fingerprint", "int8"),
        ("is_deleted", "bool"),
    ]
    # extras are staged as text: they are parsed only for rows that are kept
    return [*fixed, *((f.name, _COPY_TYPES.get(f.kind, "text")) for f in entity.fields), ("extras", "text")]


def stage_name(entity: str) -> sql.Identifier:
    """Return the temporary table's name."""
    return sql.Identifier(f"landing_{entity}")


def stage_statement(entity: Entity) -> sql.Composed:
    """Return what creates the stage; it does not outlive the transaction."""
    columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in stage_columns(entity)]
    return sql.SQL("create temporary table {} ({}) on commit drop").format(
        stage_name(entity.name), sql.SQL(", ").join(columns)
    )


CENSUS_LAPSES = 7
"""So many days a census may take, and a person to say what is to become of one that misses too much."""

_CENSUS = f"""exists (select 1 from hub.census c where c.system = %(system)s and c.entity = %(entity)s
                        and c.began_at > clock_timestamp() - interval '{CENSUS_LAPSES} days')"""

# One statement sees one snapshot: each staged row gets a verdict, each verdict its own deed, and the counts come back.
# Rows are found by primary key and changed by their place, so that the cost follows the batch even where statistics are missing.
_MERGE = """
with verdict as materialized (
    select s.key, t.place, t.fingerprint as was, s.fingerprint as is_now,
           case when t.place is null then case when s.is_deleted then 'buried' else 'inserted' end
                when s.modified < t.modified then 'stale'
                when s.modified = t.modified and t.deleted_at is not null and not s.is_deleted then 'stale'
                when s.is_deleted and t.deleted_at is null then 'deleted'
                when not s.is_deleted and t.deleted_at is not null then 'restored'
                when not s.is_deleted and s.fingerprint <> t.fingerprint then 'changed'
                when (s.version, s.modified) is distinct from (t.version, t.modified) then 'moved'
                else 'unchanged' end as verdict
      from {stage} s
      left join lateral (
          select t.ctid as place, t.fingerprint, t.version, t.modified, t.deleted_at
            from {image} t where t.system = %(system)s and t.key = s.key limit 1) t on true
),
inserted as (
    insert into {image} (system, key, version, modified, fingerprint, first_landed_at, landed_at, changed_at, run_id, deleted_at, {fields}, extras)
    select %(system)s, s.key, s.version, s.modified, s.fingerprint, %(now)s, %(now)s, %(now)s, %(run_id)s,
           case when s.is_deleted then coalesce(s.modified, %(now)s) end, {staged}, s.extras::jsonb
      from {stage} s join verdict v using (key) where v.verdict in ('inserted', 'buried')
),
changed as (
    update {image} t
       set (version, modified, fingerprint, landed_at, changed_at, run_id, deleted_at, {fields}, extras)
         = (s.version, s.modified, s.fingerprint, %(now)s, %(now)s, %(run_id)s, null, {staged}, s.extras::jsonb)
      from {stage} s join verdict v using (key)
     where t.ctid = v.place and v.verdict in ('changed', 'restored')
),
deleted as (
    update {image} t
       set version = s.version, modified = coalesce(s.modified, t.modified), deleted_at = coalesce(s.modified, %(now)s),
           landed_at = %(now)s, changed_at = %(now)s, run_id = %(run_id)s
      from {stage} s join verdict v using (key)
     where t.ctid = v.place and v.verdict = 'deleted'
),
moved as (
    update {image} t
       set version = s.version, modified = coalesce(s.modified, t.modified), landed_at = %(now)s, run_id = %(run_id)s
      from {stage} s join verdict v using (key)
     where t.ctid = v.place and v.verdict = 'moved'
),
seen as (
    insert into hub.sighting (system, entity, key, run_id, seen_at)
    select %(system)s, %(entity)s, v.key, %(run_id)s, %(now)s from verdict v where v.verdict in ('unchanged', 'stale') and {census}
),
told as (
    insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
    select %(now)s, %(run_id)s, 'crosswalk', case v.verdict when 'changed' then 'observed' else v.verdict end,
           %(system)s, %(entity)s, v.key, jsonb_build_object('from', v.was, 'to', v.is_now, 'fields', {changes})
      from verdict v join {stage} s using (key) join {image} t on t.ctid = v.place
     where v.verdict in ('changed', 'restored')
     union all
    select %(now)s, %(run_id)s, 'crosswalk', 'deleted', %(system)s, %(entity)s, v.key, '{{}}'
      from verdict v where v.verdict = 'deleted'
     union all
    select %(now)s, %(run_id)s, 'crosswalk', 'observed', %(system)s, %(entity)s, null, jsonb_build_object('inserted', count(*))
      from verdict v where v.verdict = 'inserted' having count(*) > 0
)
select verdict, count(*) from verdict group by verdict
"""

SIGHT = f"""
insert into hub.sighting (system, entity, key, run_id, seen_at)
select %(system)s, %(entity)s, key, %(run_id)s, coalesce(%(now)s, clock_timestamp()) from unnest(%(keys)s::text[]) came (key) where {_CENSUS}
"""

UNSEEN = sql.SQL("""
select key from {image}
 where system = %(system)s and deleted_at is null and landed_at < %(seen_since)s
except
select key from hub.sighting
 where system = %(system)s and entity = %(entity)s and seen_at >= %(seen_since)s
""")
"""SQL: the keys of living records that nobody landed or sighted since."""

# What was sighted before is forgotten; what this pull sighted stays, so that marking twice marks nothing more.
_MISSING = """
with forgotten as (
    delete from hub.sighting where system = %(system)s and entity = %(entity)s and seen_at < %(seen_since)s
),
unseen as materialized ({unseen}),
missing as (
    update {image} t set deleted_at = %(now)s, changed_at = %(now)s, modified = null
      from unseen u where t.system = %(system)s and t.key = u.key
    returning t.key
),
told as (
    insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
    select %(now)s, %(run_id)s, 'crosswalk', 'deleted', %(system)s, %(entity)s, key, '{{"by": "census"}}' from missing
)
select count(*) from missing
"""


# Text that is parsed once: fields that did not change cost a comparison each, and nothing else.
_CHANGE = "case when s.{0} is distinct from t.{0} then {1} || {2} end"
_PAIR = "jsonb_build_array(t.{0}, s.{0})::text"

_EXTRAS = """case when s.extras <> '{{}}' or t.extras <> '{{}}' then
    (select string_agg(to_json(name)::text || ':' || jsonb_build_array(t.extras -> name, s.extras::jsonb -> name), ',')
       from (select jsonb_object_keys(t.extras) union select jsonb_object_keys(s.extras::jsonb)) names (name)
      where t.extras -> name is distinct from s.extras::jsonb -> name) end"""


def _changes(entity: Entity) -> sql.Composable:
    """Return SQL for what changed from image ``t`` to stage ``s``, as jsonb: ``{field: [from, to]}``, extras by their own names.

    A sensitive field is kept as ``true``: that it changed, but not what it was, as nothing leaves the ledger any more (law 10).
    """
    kept: list[sql.Composable] = []
    for field in entity.fields:
        name = sql.Identifier(field.name)
        values = sql.SQL("'true'::text") if field.sensitive else sql.SQL(_PAIR).format(name)
        kept.append(sql.SQL(_CHANGE).format(name, sql.Literal(f'"{field.name}":'), values))
    listed = sql.SQL(", ").join([*kept, sql.SQL(_EXTRAS).format()])
    return sql.SQL("('{{' || concat_ws(',', {}) || '}}')::jsonb").format(listed)


@cache
def merge_statement(entity: Entity) -> sql.Composed:
    """Return the merge of the stage into the image table; yields (verdict, records)."""
    fields = entity.field_names
    return sql.SQL(_MERGE).format(
        image=sql.Identifier(SCHEMA, entity.name),
        stage=stage_name(entity.name),
        changes=_changes(entity),
        census=sql.SQL(_CENSUS),
        fields=sql.SQL(", ").join(map(sql.Identifier, fields)),
        staged=sql.SQL(", ").join(sql.Identifier("s", name) for name in fields),
    )


@cache
def missing_statement(entity: str) -> sql.Composed:
    """Return what marks records that a complete pull did not bring."""
    image = sql.Identifier(SCHEMA, entity)
    return sql.SQL(_MISSING).format(image=image, unseen=UNSEEN.format(image=image))
