"""The ledger: why a field has its value, what a run did, what a record was at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.hub import explaining, ledger, runs
from crosswalk.hub.reading import image
from crosswalk.model.entities import ENTITIES
from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.ui.common import READS, Name, PageError, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from crosswalk.hub.database import Connection
    from crosswalk.hub.ledger import LedgerEntry
    from crosswalk.mapping.definition import FieldMapping
    from crosswalk.model.entities import Entity
    from crosswalk.model.records import Image
    from crosswalk.pairing import Pairing

router = APIRouter(dependencies=READS)

ENTRIES_A_PAGE = 50

Key = Annotated[str, Query(max_length=300)]
Run = Annotated[str, Query(max_length=500)]
Before = Annotated[int | None, Query(ge=1)]
Moment = Annotated[str | None, Query(max_length=40)]


@router.get("/ledger")
def start(request: Request, pairing: Name = None) -> HTMLResponse:
    """Ask for a record or a run."""
    chosen, all_pairings = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        latest = runs.latest(connection, chosen.name, limit=15)
    content = {"pairing": chosen, "pairings": all_pairings, "runs": latest, "entities": list(ENTITIES)}
    return page(request, "ledger.html", content)


@router.get("/ledger/record")
def record(
    request: Request,
    system: Name,
    entity: Name,
    key: Key,
    pairing: Name = None,
    field: Name = None,
    at: Moment = None,
    before: Before = None,
) -> HTMLResponse:
    """Show a record as it is or was, what set one of its fields, and what happened to it."""
    chosen, _ = choose_pairing(pairing)
    kind = _entity(entity)
    moment = _moment(at)
    key = key.strip()
    with hub_of(chosen).connection() as connection:
        now = image(connection, kind, system or "", key)
        entries = ledger.record_entries(
            connection, system or "", kind.name, key, limit=ENTRIES_A_PAGE + 1, before=before
        )
        if now is None and not entries and before is None:
            raise PageError(
                "No such record", f"The hub has never read {kind.name} {key} of {system}, nor written about it."
            )
        mapped = _mapped(chosen, system or "", kind)
        reason = _why(connection, now, mapped, field) if field and now else None
        state = _state(connection, now, moment) if moment and now else None
    content = {"pairing": chosen, "system": system, "entity": kind, "key": key, "now": now, "mapped": mapped}
    shown = {"field": field, "why": reason, "at": moment, "state": state, "before": before}
    return page(
        request,
        "record.html",
        {**content, **shown, **_paged(entries), "sensitive": {one.name for one in kind.fields if one.sensitive}},
    )


@router.get("/ledger/run")
def run(request: Request, run: Run, pairing: Name = None, kind: Name = None, before: Before = None) -> HTMLResponse:
    """Show what a run did."""
    chosen, _ = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        known = runs.one(connection, run)
        counts = ledger.run_counts(connection, run)
        entries = ledger.run_entries(connection, run, kind=kind or None, limit=ENTRIES_A_PAGE + 1, before=before)
    if known is None and not counts:
        raise PageError("No such run", "The hub knows no run of this name: it has not begun, or never reached the hub.")
    content = {"pairing": chosen, "run_id": run, "run": known, "counts": counts, "kind": kind, "before": before}
    return page(request, "run.html", {**content, **_paged(entries), "counted": ledger.COUNTED})


def _paged(entries: list[LedgerEntry]) -> dict[str, object]:
    following = entries[ENTRIES_A_PAGE - 1].id if len(entries) > ENTRIES_A_PAGE else None
    return {"entries": entries[:ENTRIES_A_PAGE], "following": following}


def _entity(name: str | None) -> Entity:
    if name not in ENTITIES:
        raise PageError("No such kind of record", f"Known are {', '.join(ENTITIES)}.")
    return ENTITIES[name]


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise PageError("No such time", "Write a time as 2026-03-01 14:30, in UTC.", 422) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _mapped(pairing: Pairing, system: str, entity: Entity) -> Mapping[str, FieldMapping]:
    """Return the mapping of an entity's fields, by canonical name; empty for what is not mapped."""
    from crosswalk.mapping.document import load_mapping

    try:
        side = pairing.side(pairing.side_of(system))
    except KeyError:
        raise PageError("No such system", f"{pairing.title} has no system {system}.") from None
    found = load_mapping(include_folder() / "mappings" / side.mapping).entities.get(entity.name)
    return {**found.fields, **found.extras} if found else {}


def _why(connection: Connection, now: Image, mapped: Mapping[str, FieldMapping], field: str) -> explaining.Why:
    names = {mapped[field].write or mapped[field].native, mapped[field].native} if field in mapped else set()
    return explaining.why(connection, now.system, now.entity, now.key, field, frozenset(names))


def _state(connection: Connection, now: Image, at: datetime) -> explaining.State:
    entries = ledger.changes_since(connection, now.system, now.entity, now.key, at)
    first = ledger.first_landing(connection, now.system, now.entity)
    current: dict[str, Any] = {**now.values, **now.extras}
    return explaining.state_at(current, now.deleted, entries, first, at)
