"""What our pages ask of Airflow itself: when a DAG runs next, and to run it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    from crosswalk.pairing import Pairing


@dataclass(frozen=True, slots=True)
class DagFacts:
    """A DAG as on-call must know it before waiting for it. ``next_run`` is None when only people start it."""

    dag_id: str
    known: bool
    paused: bool
    next_run: datetime | None
    under_way: int


def dag_of(pairing: Pairing, *, flow: str | None = None, entity: str = "") -> str:
    """Return the DAG that delivers ``flow``; without one, the DAG that reads ``entity`` soonest."""
    from crosswalk.pairing.document import PRODUCT_FLOWS

    if flow in PRODUCT_FLOWS or (flow is None and entity == "product"):
        return f"{pairing.name}__phase_2_products"
    orders = pairing.phases.get("orders")
    read = {one for side in orders.read.values() for one in side} if orders else set()
    return f"{pairing.name}__phase_{'2_orders' if flow or entity in read else '1_visibility'}"


def facts(dag_id: str) -> DagFacts:
    """Return what Airflow knows of a DAG."""
    from airflow.models import DagModel, DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from sqlalchemy import func, select

    with create_session() as session:
        dag = session.scalar(select(DagModel).where(DagModel.dag_id == dag_id, ~DagModel.is_stale))
        if dag is None:
            return DagFacts(dag_id, known=False, paused=False, next_run=None, under_way=0)
        unfinished = (DagRunState.RUNNING, DagRunState.QUEUED)
        under_way = session.scalar(
            select(func.count()).select_from(DagRun).where(DagRun.dag_id == dag_id, DagRun.state.in_(unfinished))
        )
        return DagFacts(dag_id, True, bool(dag.is_paused), dag.next_dagrun_create_after, under_way or 0)


def may_start(dag_id: str, user: BaseUser) -> bool:
    """Return whether there is such a DAG and the user may start it, as Airflow's own button Trigger asks."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails

    allowed = get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=dag_id), user=user
    )
    return allowed and facts(dag_id).known


def start(dag_id: str, *, conf: dict[str, object], user: str) -> str:
    """Start a run as the button Trigger does, and return its id."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    run = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.UI, triggering_user_name=user, conf=conf)
    if run is None:
        raise RuntimeError(f"Airflow made no run of {dag_id}.")
    return str(run.run_id)
