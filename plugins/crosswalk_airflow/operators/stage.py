"""What every operator shares: pairing, hub, run and connectors become a stage context; results become counts in XCom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from crosswalk_airflow.links import ConsistencyReportLink, LedgerLink, QuarantineLink, RunbookLink

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.connectors.protocol import Connector
    from crosswalk.model.errors import CrosswalkError
    from crosswalk.pairing import Pairing
    from crosswalk.platforms import Side
    from crosswalk.stages.context import StageContext


class StageOperator(BaseOperator):
    """One stage for one pairing. Subclasses implement :meth:`run_stage` and return a result with ``as_dict``.

    :param pairing: name of the pairing; its file is read when the task runs.
    :param read_only: open connectors that refuse every write (phase 1).
    """

    stage = "stage"
    lane = "bulk"
    template_fields: Sequence[str] = ()
    operator_extra_links = (QuarantineLink(), LedgerLink(), RunbookLink(), ConsistencyReportLink())
    met: str | None = None
    """The class of the error that this execution met; the button Runbook leads to its page."""

    def __init__(self, *, pairing: str, read_only: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairing = pairing
        self.read_only = read_only

    def execute(self, context: Context) -> Any:
        """Run the stage; returns what it counted (:meth:`returned`)."""
        from crosswalk.hub import runs
        from crosswalk.model.errors import CrosswalkError

        stage_context = self.stage_context(context)
        with stage_context.hub.connection() as connection:
            runs.begin(
                connection,
                run_id=stage_context.run_id,
                pairing=self.pairing,
                phase=self.dag.dag_id.rsplit("__", 1)[-1],
                dag_id=self.dag.dag_id,
                parameters=dict(context["params"].items()),
            )
        try:
            result = self.run_stage(stage_context, context)
        except CrosswalkError as error:
            self.met = str(error.error_class)
            self.log.error("%s", _advice(error, stage_context.pairing, self.stage))
            raise
        if self.ends_run(result):  # a run that failed before has no end in the hub
            with stage_context.hub.connection() as connection:
                runs.finish(connection, stage_context.run_id)
        counts: dict[str, object] = result.as_dict()
        self.log.info("%s: %s", self.stage, ", ".join(f"{name} {value}" for name, value in counts.items()))
        return self.returned(result)

    def ends_run(self, result: Any) -> bool:
        """Return whether nothing comes after this task, which then notes the run's end."""
        return not self.downstream_task_ids

    def returned(self, result: Any) -> Any:
        """Return what goes on to other tasks: ids and counts only, by default the counts."""
        return result.as_dict()

    def run_stage(self, ctx: StageContext, context: Context) -> Any:
        """Do the work; subclasses implement it."""
        raise NotImplementedError(f"{type(self).__name__} must implement run_stage")

    def stage_context(self, context: Context) -> StageContext:
        """Return the surroundings of this task; nothing is opened yet."""
        from crosswalk.pairing import load_pairing
        from crosswalk.stages.context import StageContext
        from crosswalk_airflow.hooks.hub import HubHook
        from crosswalk_airflow.paths import include_folder, pairing_file

        pairing = load_pairing(pairing_file(self.pairing))
        hub = HubHook(pairing.hub_connection)
        run_id = f"{self.dag.dag_id}/{context['run_id']}"
        return StageContext(
            hub=hub.get_conn(),
            pairing=pairing,
            run_id=run_id,
            open_connector=lambda side: open_connector(
                pairing, side, hub.dsn, read_only=self.read_only, lane=self.lane
            ),
            mappings_folder=include_folder() / "mappings",
            now=datetime.now(UTC),
            actor=f"airflow:{self.dag.dag_id}.{self.task_id}",
        )


def open_connector(pairing: Pairing, side: Side, dsn: str, *, read_only: bool, lane: str = "bulk") -> Connector:
    """Return the side's connector by its Airflow connection, under limits that all workers share."""
    from crosswalk.connectors.quota import PostgresQuota, SystemLimits
    from crosswalk_airflow.operators.platforms import hook_class

    chosen = pairing.side(side)
    limits = {
        one.system: SystemLimits(concurrent=one.concurrent_requests, per_day=one.requests_per_day, share=one.share)
        for one in (pairing.crm, pairing.erp)
    }
    hook = hook_class(chosen.platform)(
        chosen.connection,
        system=chosen.system,
        read_only=read_only,
        quota=PostgresQuota(dsn, limits),
        lane=lane,
    )
    return hook.get_conn()


def _advice(error: CrosswalkError, pairing: Pairing, stage: str) -> str:
    """Return what on-call needs to know, as the log's last words: what, where, and what to do in Airflow."""
    words = [f"{error.error_class}: {error}"]
    side = next((one for one in (pairing.crm, pairing.erp) if one.system == error.system), None)
    if side is not None and error.error_class in ("authentication", "permission"):
        words.append(
            f"Correct connection {side.connection!r} under Admin, Connections, press Test, then clear this task."
        )
    words.append(f"The runbook is under Docs, Runbook: {stage}, {error.error_class}.")
    return " ".join(words)
