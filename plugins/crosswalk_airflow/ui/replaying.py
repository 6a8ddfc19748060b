"""What a replay will do and when, in sentences, before anybody presses the button; and the run that does it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.platforms import title_of
from crosswalk_airflow.ui import airflow_runs

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    from crosswalk.hub.database import Connection
    from crosswalk.hub.decisions import Replayed
    from crosswalk.hub.quarantine import QuarantineItem
    from crosswalk.pairing import Pairing
    from crosswalk_airflow.ui.airflow_runs import DagFacts

MOST_NAMED = 2000
"""Records that one run is told to read again."""


def dag_of(pairing: Pairing, item: QuarantineItem) -> str:
    """Return the DAG that takes a replayed item."""
    flow = item.payload.get("flow")
    return airflow_runs.dag_of(pairing, flow=str(flow) if flow else None, entity=item.entity)


def what_happens(connection: Connection, pairing: Pairing, item: QuarantineItem) -> list[str]:
    """Say what replaying an item does, and when."""
    sentences = [_what(pairing, item)]
    if flow := item.payload.get("flow"):
        mode = _mode(connection, pairing, str(flow))
        if mode != "live":
            sentences.append(f"Flow {flow} is {mode} now: nothing is sent until it is live.")
    return [*sentences, when(airflow_runs.facts(dag_of(pairing, item)))]


def _what(pairing: Pairing, item: QuarantineItem) -> str:
    if item.payload.get("intent"):
        return (
            f"Replay plans the write to {_label(item.payload.get('target'))} again, with the values below. It is sent once; "
            "if an earlier attempt is in doubt, it is looked up first. If the target refuses it again, the record comes back here."
        )
    if item.stage == "pull":
        return f"Replay reads the record from {_label(item.system)} again. Without a replay that happens when it changes there."
    return (
        f"No write exists yet: every run looks at this record again by itself. Mend it in {_label(item.system)} as the hint says; "
        "replay only makes a run look at it sooner."
    )


def when(dag: DagFacts) -> str:
    """Say when a DAG runs next."""
    if not dag.known:
        return f"Airflow does not know {dag.dag_id}: nothing will take it."
    if dag.paused:
        return f"{dag.dag_id} is paused: nothing happens until somebody unpauses it."
    queue = " One is under way now; the next begins when it has ended." if dag.under_way else ""
    if dag.next_run is None:
        return f"{dag.dag_id} has no schedule: it takes a run that somebody starts.{queue}"
    return f"The next run of {dag.dag_id} is due at {dag.next_run:%H:%M} UTC.{queue}"


def run_now(pairing: Pairing, replayed: Replayed, user: BaseUser) -> list[str]:
    """Start the DAGs that take what was replayed; return the runs as ``dag/run``. What is to be read again has to be named.

    A DAG that is not there, or that the user may not start, is left to its schedule.
    """
    named: dict[str, list[str]] = {airflow_runs.dag_of(pairing, flow=flow): [] for flow in replayed.released}
    for record in replayed.planned:
        named.setdefault(airflow_runs.dag_of(pairing, entity=record.partition(":")[0]), [])
    for record in replayed.read:
        named.setdefault(airflow_runs.dag_of(pairing, entity=record.partition(":")[0]), []).append(record)
    started = []
    for dag_id, records in named.items():
        if not airflow_runs.may_start(dag_id, user):
            continue
        conf: dict[str, object] = {"reason": f"replay by {user.get_name()}"}
        if records:
            conf["record_ids"] = records[:MOST_NAMED]
        started.append(f"{dag_id}/{airflow_runs.start(dag_id, conf=conf, user=user.get_name())}")
    return started


def _mode(connection: Connection, pairing: Pairing, flow: str) -> str:
    from crosswalk.hub.modes import mode_of

    return mode_of(connection, pairing.name, flow) or pairing.mode_of(flow)


def _label(system: object) -> str:
    return title_of(str(system)) if system else "the target"
