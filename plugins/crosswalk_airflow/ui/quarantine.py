"""The records that could not go on, by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui.common import READS, Name, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from crosswalk.hub.quarantine import QuarantineItem
    from crosswalk.hub.runs import Run

router = APIRouter(dependencies=READS)


@router.get("/quarantine")
def quarantine(
    request: Request, pairing: Name = None, run: Annotated[str | None, Query(max_length=250)] = None
) -> HTMLResponse:
    """Show the records that could not go on, by cause."""
    return page(request, "quarantine.html", groups(pairing, run))


def groups(name: str | None, run: str | None) -> dict[str, object]:
    """Return open quarantine items, grouped by cause, largest group first."""
    from crosswalk.hub.quarantine import open_items
    from crosswalk.hub.runs import latest

    pairing, all_pairings = choose_pairing(name)
    with hub_of(pairing).connection() as connection:
        items = open_items(connection, pairing=pairing.name)
        if run:
            items = _met_by(items, latest(connection, pairing.name, limit=1000), run)
    groups: dict[tuple[str, str, str], list[QuarantineItem]] = {}
    for item in items:
        groups.setdefault((item.stage, item.error_class, item.fingerprint), []).append(item)
    ordered = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    return {"pairing": pairing, "pairings": all_pairings, "groups": ordered, "total": len(items), "run": run}


def _met_by(items: list[QuarantineItem], runs: list[Run], run: str) -> list[QuarantineItem]:
    """Return the items that a run met: an item names only the last run that met it, but since when it is there."""
    this = next((one for one in runs if one.id.rpartition("/")[2] == run), None)
    if this is None:
        return []
    later = [one.started_at for one in runs if one.dag_id == this.dag_id and one.started_at > this.started_at]
    return [item for item in items if item.last_seen >= this.started_at and (not later or item.first_seen < min(later))]
