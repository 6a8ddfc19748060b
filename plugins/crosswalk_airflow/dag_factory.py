"""DAGs from pairing files: one per phase and pairing. A DAG file is a few lines that call these functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, chain, get_parsing_context, task_group
from airflow.sdk.configuration import conf

from crosswalk_airflow.operators.approvals import AskOperator, DecideOperator, ListApprovalsOperator
from crosswalk_airflow.operators.hub import (
    CheckOperator,
    GateOperator,
    LinkOperator,
    MatchOperator,
    PlanOperator,
)
from crosswalk_airflow.operators.platforms import deliver_operator, pull_operator, settle_operator
from crosswalk_airflow.operators.preflight import PreflightOperator
from crosswalk_airflow.params import approvals_params, preflight_params, sync_params, write_params
from crosswalk_airflow.phase_docs import (
    approvals_doc,
    matching_doc,
    orders_doc,
    preflight_doc,
    products_doc,
    report_doc,
    visibility_doc,
)
from crosswalk_airflow.retry import CrosswalkRetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import BaseOperator
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    from crosswalk.pairing import Pairing
    from crosswalk.pairing.document import Phase
    from crosswalk.platforms import Side
    from crosswalk.stages.plan import Flow

START = datetime(2026, 1, 1, tzinfo=UTC)
HUB_POOL = "crosswalk_hub"
MOST_QUESTIONNAIRES = 50  # runs of a pairing's approvals that wait for people at once


def pairings(dags_folder: Path) -> Iterator[Pairing]:
    """Yield the project's pairings; ``dags_folder`` is the folder of the calling DAG file."""
    from crosswalk.pairing import load_pairings

    yield from load_pairings(dags_folder.parent / "include" / "pairings")


def wanted(dag_id: str) -> bool:
    """Tell whether this DAG is needed now: a running task needs only its own."""
    current = get_parsing_context().dag_id
    return current is None or current == dag_id


def visibility_dag(pairing: Pairing) -> DAG | None:
    """Return phase 1 of ``pairing``: read-only snapshots, links, checks."""
    dag_id = f"{pairing.name}__phase_1_visibility"
    if not wanted(dag_id):
        return None
    phase = pairing.phases["visibility"]
    with DAG(dag_id, schedule=phase.schedule, doc_md=visibility_doc(pairing), **_settings(pairing, "phase 1")) as dag:
        pulls = _pulls(pairing, phase)
        chain(
            pulls,
            LinkOperator(task_id="link", pairing=pairing.name, pool=HUB_POOL),
            CheckOperator(task_id="check", pairing=pairing.name, pool=HUB_POOL),
        )
    return dag


def orders_dag(pairing: Pairing) -> DAG | None:
    """Return phase 2 of ``pairing``: won deals become orders, ids come back."""
    dag_id = f"{pairing.name}__phase_2_orders"
    if not wanted(dag_id):
        return None
    phase = pairing.phases["orders"]
    settings = {**_settings(pairing, "phase 2"), "params": write_params()}
    with DAG(dag_id, schedule=phase.schedule, doc_md=orders_doc(pairing), **settings) as dag:
        chain(
            _pulls(pairing, phase),
            LinkOperator(task_id="link", pairing=pairing.name, pool=HUB_POOL),
            *(_flow(pairing, "lifecycle_to_erp", "erp") if pairing.lifecycle else ()),
            *_flow(pairing, "orders", "erp"),
            *_flow(pairing, "write_back", "crm"),
            *_parents(pairing),
            *(_flow(pairing, "lifecycle_to_crm", "crm") if pairing.lifecycle else ()),
            *(_flow(pairing, "timeline", "crm") if pairing.timeline else ()),
            CheckOperator(task_id="check", pairing=pairing.name, of="orders", pool=HUB_POOL),
        )
    return dag


def products_dag(pairing: Pairing) -> DAG | None:
    """Return phase 2's other half: product changes reach the other catalogue; None for a pairing that has no such phase."""
    dag_id, phase = f"{pairing.name}__phase_2_products", pairing.phases.get("products")
    if phase is None or not wanted(dag_id):
        return None
    settings = {**_settings(pairing, "phase 2"), "params": write_params()}
    with DAG(dag_id, schedule=phase.schedule, doc_md=products_doc(pairing), **settings) as dag:
        chain(
            _pulls(pairing, phase),
            LinkOperator(task_id="link", pairing=pairing.name, pool=HUB_POOL),
            *_flow(pairing, "products_to_erp", "erp"),
            *_flow(pairing, "products_to_crm", "crm"),
        )
    return dag


def approvals_dag(pairing: Pairing) -> DAG | None:
    """Return what asks people about orders that need an approval and plans behind the brake: a question each, under Required Actions.

    Its runs overlap: one that waits for answers keeps nobody from being asked about what came later.
    """
    dag_id = f"{pairing.name}__approvals"
    if not wanted(dag_id):
        return None
    policy = pairing.orders.approvals
    settings = {**_settings(pairing, "approvals"), "params": approvals_params(), "max_active_runs": MOST_QUESTIONNAIRES}
    settings["dagrun_timeout"] = timedelta(hours=policy.ask_again_hours + 1)
    hub: dict[str, Any] = {"pairing": pairing.name, "pool": HUB_POOL}
    with DAG(dag_id, schedule=policy.schedule, doc_md=approvals_doc(pairing), **settings) as dag:

        @task_group(group_id="approval")
        def approval(item: Any) -> None:
            asked = AskOperator(
                task_id="ask",
                item=item,
                approvers=policy.approvers,
                hours=policy.ask_again_hours,
                map_index_template="{{ task.item.rpartition('@')[0] }}",
                **hub,
            )
            DecideOperator(task_id="decide", answer=asked.output, **hub)

        approval.expand(item=ListApprovalsOperator(task_id="list", **hub).output)
    return dag


def matching_dag(pairing: Pairing) -> DAG | None:
    """Return the scored matching of ``pairing``; None for one that matches nothing by score."""
    dag_id = f"{pairing.name}__matching"
    if not pairing.matching.entities or not wanted(dag_id):
        return None
    settings = {**_settings(pairing, "matching"), "params": {}}
    with DAG(dag_id, schedule=pairing.matching.schedule, doc_md=matching_doc(pairing), **settings) as dag:
        chain(
            LinkOperator(task_id="link", pairing=pairing.name, pool=HUB_POOL),
            MatchOperator(task_id="match", pairing=pairing.name, pool=HUB_POOL),
        )
    return dag


def consistency_report_dag(pairing: Pairing) -> DAG | None:
    """Return the scheduled mail of ``pairing``'s consistency; None for one that names no recipients."""
    dag_id, mail = f"{pairing.name}__consistency_report", pairing.checks.report
    if not mail.recipients or not wanted(dag_id):
        return None
    from crosswalk_airflow.notifications.consistency import ConsistencyReportNotifier
    from crosswalk_airflow.operators.report import ConsistencyReportOperator

    notifier = ConsistencyReportNotifier(
        pairing=pairing.name,
        attach=mail.attach,
        to=list(mail.recipients),
        from_email=mail.sender,
        smtp_conn_id=mail.connection,
    )
    settings = {**_settings(pairing, "report"), "params": {}}
    with DAG(dag_id, schedule=mail.schedule, doc_md=report_doc(pairing), **settings) as dag:
        ConsistencyReportOperator(task_id="report", pairing=pairing.name, notifiers=[notifier], pool=HUB_POOL)
    return dag


def preflight_dag(pairing: Pairing) -> DAG | None:
    """Return the check before going live: what either system or the pairing lacks, with the remedy. Reads only; run by hand."""
    dag_id = f"{pairing.name}__preflight"
    if not wanted(dag_id):
        return None
    settings = {**_settings(pairing, "preflight"), "params": preflight_params()}
    with DAG(dag_id, schedule=None, doc_md=preflight_doc(pairing), **settings) as dag:
        PreflightOperator(task_id="preflight", pairing=pairing.name, pool=HUB_POOL)
    return dag


def _settings(pairing: Pairing, phase: str) -> dict[str, Any]:
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "params": sync_params(),
        "tags": ["crosswalk", pairing.name, phase],
        "dagrun_timeout": timedelta(hours=4),
        "rerun_with_latest_version": True,
        "is_paused_upon_creation": False,
        "default_args": {
            "owner": "crosswalk",
            "retries": 3,
            "retry_delay": timedelta(seconds=conf.getint("crosswalk", "retry_seconds", fallback=10)),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=5),
            "retry_policy": CrosswalkRetryPolicy(),
            "execution_timeout": timedelta(hours=2),
        },
    }


def _pulls(pairing: Pairing, phase: Phase) -> list[MappedOperator]:
    """Return one mapped pull task per side; each mapped instance is named after its entity."""
    from crosswalk.pairing.document import SIDES

    tasks = []
    for side in SIDES:
        chosen = pairing.side(side)
        partial = pull_operator(chosen.platform).partial(
            task_id=f"pull_{chosen.system}",
            pairing=pairing.name,
            side=side,
            pool=chosen.pool_name,
            map_index_template="{{ task.entity }}",
        )
        tasks.append(partial.expand(entity=list(phase.read[side])))
    return tasks


def _parents(pairing: Pairing) -> list[BaseOperator]:
    """Return the flow that carries parent companies, where the pairing says whose word counts."""
    policy = pairing.hierarchies
    return _flow(pairing, policy.flow, "crm" if policy.master == "erp" else "erp") if policy else []


def _flow(pairing: Pairing, flow: Flow, side: Side) -> list[BaseOperator]:
    target = pairing.side(side)
    hub = {"pairing": pairing.name, "pool": HUB_POOL}
    system = {"pairing": pairing.name, "flow": flow, "pool": target.pool_name}
    return [
        PlanOperator(task_id=f"plan_{flow}", flow=flow, **hub),
        GateOperator(task_id=f"gate_{flow}", flow=flow, **hub),
        deliver_operator(target.platform)(task_id=f"deliver_{flow}", **system),
        settle_operator(target.platform)(task_id=f"settle_{flow}", **system),
    ]
