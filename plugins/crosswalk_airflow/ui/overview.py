"""The first page: how every phase, flow and system of a pairing does, and what needs attention first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui import PREFIX
from crosswalk_airflow.ui.common import READS, Name, User, base_of, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    from crosswalk.hub.runs import Run
    from crosswalk.observe.overview import Attention, Overview

router = APIRouter(dependencies=READS)


@router.get("/overview")
def overview(request: Request, user: User, pairing: Name = None) -> HTMLResponse:
    """Show how a pairing does."""
    from crosswalk.observe.overview import WAITS
    from crosswalk.observe.overview import overview as look

    chosen, all_pairings = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        state = look(connection, chosen, now=datetime.now(UTC))
    states = airflow_states((run for phase in state.phases for run in phase.runs), user)
    content: dict[str, object] = {
        "pairing": chosen,
        "pairings": all_pairings,
        "state": state,
        "states": states,
        "attention": [*_failed_runs(state, states), *state.attention],
        "airflow": base_of(request).removesuffix(PREFIX),
        "run_page": run_page,
        "waited_for": WAITS,
    }
    return page(request, "overview.html", content)


@router.get("/leave.js")
def leave() -> Response:
    """Return the script that opens Airflow's own pages outside of our frame."""
    script = (Path(__file__).parent / "leave.js").read_text(encoding="utf-8")
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(script, media_type="text/javascript", headers=headers)


def airflow_states(runs: Iterable[Run], user: BaseUser) -> dict[str, str]:
    """Return Airflow's word on runs (``success``, ``failed``, ``running`` …) by the hub's run id, of DAGs the user may see."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = {run.id: run.dag_id for run in runs if run.dag_id}
    seen = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
    dags = {dag for dag in wanted.values() if dag in seen}
    ids = [run_id.partition("/")[2] for run_id, dag in wanted.items() if dag in dags]
    if not ids:
        return {}
    with create_session() as session:
        query = select(DagRun.dag_id, DagRun.run_id, DagRun.state).where(
            DagRun.dag_id.in_(dags), DagRun.run_id.in_(ids)
        )
        return {f"{dag}/{run}": str(state) for dag, run, state in session.execute(query)}


def run_page(run: Run) -> str:
    """Return the path of a run in Airflow."""
    return f"/dags/{quote(run.dag_id or '', safe='')}/runs/{quote(run.id.partition('/')[2], safe='')}"


def _failed_runs(state: Overview, states: Mapping[str, str]) -> list[Attention]:
    """Return the phases whose last run failed: no record goes anywhere before that is mended."""
    from crosswalk.observe.overview import Attention

    return [
        Attention("run_failed", "critical", f"The last run of {phase.phase} failed", "runbook/run_failed")
        for phase in state.phases
        if phase.runs and states.get(phase.runs[0].id) == "failed"
    ]
