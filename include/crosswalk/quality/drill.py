"""From a failing row to the records behind it: both systems' values side by side, how they are linked, what waits in quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from crosswalk.hub.checks import Violation
from crosswalk.hub.database import Connection
from crosswalk.model.entities import ENTITIES, Field, Kind
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side
from crosswalk.quality.checks import Check
from crosswalk.quality.scope import pair_of


@dataclass(frozen=True, slots=True)
class Known:
    """One system's record as the hub has it; ``values`` without finance fields the pairing does not allow."""

    system: str
    entity: str
    key: str
    values: Mapping[str, Any]
    modified: datetime | None
    landed_at: datetime | None
    deleted_at: datetime | None
    is_in_hub: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One field on both sides. ``verdict`` is what the check says of it, else whether the two are equal as they stand."""

    field: str
    crm: Any
    erp: Any
    verdict: str  # differs, equal, one side


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a failing row."""

    crm: Known | None
    erp: Known | None
    lines: tuple[Line, ...]
    linked_by: str | None
    linked_at: datetime | None
    quarantined: tuple[tuple[str, str, str], ...]  # system, message, hint


_LINK = """
select l.rule, l.created_at, other.key from hub.every_end mine
  join hub.link l on l.id = mine.link_id
  join hub.link_end other on other.link_id = mine.link_id and other.system = %(other)s
 where mine.pairing = %(pairing)s and mine.entity = %(entity)s and mine.system = %(system)s and mine.key = %(key)s
"""

_WAITING = """
select system, message, hint from hub.quarantine
 where pairing = %(pairing)s and status = 'open' and ((system, entity, key) = (%(crm)s, %(crm_entity)s, %(crm_key)s)
    or (system, entity, key) = (%(erp)s, %(erp_entity)s, %(erp_key)s)) order by last_seen desc
"""


def visible_fields(pairing: Pairing, entity: str) -> tuple[Field, ...]:
    """Return the fields an analyst may see: all but sensitive ones, and of these those the pairing allows."""
    allowed = pairing.checks.finance_fields
    return tuple(f for f in ENTITIES[entity].fields if not f.sensitive or f"{entity}.{f.name}" in allowed)


def behind(connection: Connection, pairing: Pairing, check: Check, violation: Violation) -> Behind:
    """Return both records of a failing row; a row that names one record is followed over its link to the other."""
    entities = _entities(check, violation)
    keys: dict[Side, str | None] = {"crm": violation.detail.get("crm_key"), "erp": violation.detail.get("erp_key")}
    rule, linked_at = None, None
    for side in SIDES:
        key, other = keys[side], SIDES[1 - SIDES.index(side)]
        if key is None or entities[side] not in ENTITIES or rule is not None:
            continue
        asked = {
            "pairing": pairing.name,
            "entity": pair_of(entities[side]).link,
            "system": pairing.side(side).system,
            "other": pairing.side(other).system,
            "key": key,
        }
        if found := connection.execute(_LINK, asked).fetchone():
            rule, linked_at, counterpart = found
            if keys[other] is None:
                keys[other], entities[other] = counterpart, pair_of(entities[side]).entity(other)
    known = {side: _known(connection, pairing, side, entities[side], keys[side]) for side in SIDES}
    differing = frozenset(violation.detail.get("differences") or ())
    return Behind(
        known["crm"],
        known["erp"],
        _lines(known["crm"], known["erp"], differing if "differences" in violation.detail else None),
        rule,
        linked_at,
        _waiting(connection, pairing, known["crm"], known["erp"]),
    )


def _entities(check: Check, violation: Violation) -> dict[Side, str]:
    """A row of the sync's own checks says itself what it is about."""
    own = violation.detail.get("entity")
    if check.entity in ENTITIES or own not in ENTITIES:
        return {"crm": check.crm_entity, "erp": check.erp_entity}
    return {"crm": pair_of(own).crm, "erp": pair_of(own).erp}


def _known(connection: Connection, pairing: Pairing, side: Side, entity: str, key: str | None) -> Known | None:
    if key is None or entity not in ENTITIES:
        return None
    system = pairing.side(side).system
    names = [field.name for field in visible_fields(pairing, entity)]
    with connection.cursor(row_factory=dict_row) as cursor:
        query = f'select modified, landed_at, deleted_at, {", ".join(names)} from hub."{entity}" where (system, key) = (%s, %s)'
        row = cursor.execute(query.encode(), (system, key)).fetchone()
    if row is None:
        return Known(system, entity, key, {}, None, None, None, False)
    values = {name: row[name] for name in names}
    return Known(system, entity, key, values, row["modified"], row["landed_at"], row["deleted_at"], True)


def _lines(crm: Known | None, erp: Known | None, differing: frozenset[str] | None) -> tuple[Line, ...]:
    """Fields that neither side has a value for are left out."""
    left, right = (one.values if one else {} for one in (crm, erp))
    lines = []
    for name in dict.fromkeys((*left, *right)):
        mine, theirs = left.get(name), right.get(name)
        if mine is not None or theirs is not None:
            lines.append(Line(name, mine, theirs, _verdict(crm, erp, name, differing)))
    return tuple(lines)


def _verdict(crm: Known | None, erp: Known | None, name: str, differing: frozenset[str] | None) -> str:
    if crm is None or erp is None or name not in crm.values or name not in erp.values:
        return "one side"
    if differing is not None:
        return "differs" if name in differing else "equal"
    own_key = name == "counterpart_key" or ENTITIES[crm.entity].field(name).kind is Kind.REFERENCE
    if own_key:
        return "one side"
    return "equal" if crm.values[name] == erp.values[name] else "differs"


def _waiting(
    connection: Connection, pairing: Pairing, crm: Known | None, erp: Known | None
) -> tuple[tuple[str, str, str], ...]:
    asked = {"pairing": pairing.name}
    for side, one in (("crm", crm), ("erp", erp)):
        asked |= {side: pairing.crm.system if side == "crm" else pairing.erp.system}
        asked |= {f"{side}_entity": one.entity if one else "", f"{side}_key": one.key if one else ""}
    return tuple((system, message, hint) for system, message, hint in connection.execute(_WAITING, asked))
