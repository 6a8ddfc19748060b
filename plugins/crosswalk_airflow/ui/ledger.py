"""The ledger: why a field has its value, what a run did, what a record was at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.record_links import link_of
from crosswalk_airflow.ui.common import LARGEST, READS, Name, PageError, choose_pairing, hub_of, page
from crosswalk_airflow.ui.ledger_content import Asked, mapped_fields, record_content, run_content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk.mapping.definition import FieldMapping
    from crosswalk.model.entities import Entity
    from crosswalk.pairing import Pairing

router = APIRouter(dependencies=READS)

LISTED_RUNS = 25

Key = Annotated[str, Query(min_length=1, max_length=300)]
Run = Annotated[str, Query(min_length=1, max_length=500)]
Before = Annotated[int | None, Query(ge=1, le=LARGEST)]
Moment = Annotated[str | None, Query(max_length=40)]


@router.get("/ledger")
def start(request: Request, pairing: Name = None) -> HTMLResponse:
    """Ask for a record or a run."""
    from crosswalk.hub import runs
    from crosswalk.model.entities import ENTITIES

    chosen, all_pairings = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        latest = runs.latest(connection, chosen.name, limit=LISTED_RUNS)
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
    kind, moment = _entity(entity), _moment(at)
    mapped = _mapped(chosen, system or "", kind)
    with hub_of(chosen).connection() as connection:
        asked = Asked(system or "", kind, key.strip(), field or None, moment, before)
        content = record_content(connection, chosen, mapped, asked)
    if content is None:
        raise PageError(
            "No such record", f"The hub has never read {kind.name} {key} of {system}, nor written about it."
        )
    there = link_of(chosen, asked.system, kind.name, asked.key)
    return page(request, "record.html", {**content, "there": there})


@router.get("/ledger/run")
def run(request: Request, run: Run, pairing: Name = None, kind: Name = None, before: Before = None) -> HTMLResponse:
    """Show what a run did."""
    chosen, _ = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        content = run_content(connection, chosen, run, kind=kind or None, before=before)
    if content is None:
        raise PageError("No such run", "The hub knows no run of this name: it has not begun, or never reached the hub.")
    return page(request, "run.html", content)


def _entity(name: str | None) -> Entity:
    from crosswalk.model.entities import ENTITIES

    if name not in ENTITIES:
        raise PageError("No such kind of record", f"Known are {', '.join(ENTITIES)}.")
    return ENTITIES[name]


def _moment(text: str | None) -> datetime | None:
    if not text or not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise PageError("No such time", "Write a time as 2026-03-01 14:30, in UTC.", 422) from None


def _mapped(pairing: Pairing, system: str, entity: Entity) -> Mapping[str, FieldMapping]:
    try:
        side = pairing.side(pairing.side_of(system))
    except KeyError:
        raise PageError("No such system", f"{pairing.title} has no system {system}.") from None
    return mapped_fields(include_folder() / "mappings" / side.mapping, entity.name)
