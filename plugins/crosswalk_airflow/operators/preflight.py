"""The operator that looks, before anything runs, for what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_airflow.operators.stage import StageOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.stages.context import StageContext
    from crosswalk.stages.preflight import PreflightResult


class PreflightOperator(StageOperator):
    """Names what either system or the pairing lacks; fails when something blocks. Writes nothing unless asked to create."""

    stage = "preflight"

    def run_stage(self, ctx: StageContext, context: Context) -> PreflightResult:
        """Print the findings as a table; a blocking one fails the task with the same words.

        With the Param ``create`` what the systems' APIs allow is created, and looked for again.
        """
        from crosswalk.model.errors import ConfigurationError
        from crosswalk.stages.preflight import preflight, table

        params = context["params"]
        self.read_only = not params.get("writes", True)
        if params.get("create") and self.read_only:
            raise ConfigurationError("Create writes, and Writes is off.", hint="Turn Writes on, or Create off.")
        result = preflight(ctx)
        if params.get("create") and result.findings:
            self._create(ctx, result)
            result = preflight(ctx)
        text = table(ctx.pairing, result.findings)
        if result.blocking:
            raise ConfigurationError(text, hint="Mend what is marked as blocking, then clear this task.")
        self.log.info("%s", text)
        return result

    def _create(self, ctx: StageContext, found: PreflightResult) -> None:
        """Create what can be, with the list of it before and the list of what was done after in the log."""
        from crosswalk.stages.creation import create, listing, propose, report

        self.log.info("%s", listing(propose(ctx, found)))
        self.log.info("%s", report(create(ctx, found)))
