"""The operator that looks, before anything runs, for what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_airflow.operators.stage import StageOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.stages.context import StageContext
    from crosswalk.stages.preflight import PreflightResult


class PreflightOperator(StageOperator):
    """Names what either system or the pairing lacks; fails when something blocks. Sends no write."""

    stage = "preflight"

    def run_stage(self, ctx: StageContext, context: Context) -> PreflightResult:
        """Print the findings as a table; a blocking one fails the task with the same words."""
        from crosswalk.model.errors import ConfigurationError
        from crosswalk.stages.preflight import preflight, table

        self.read_only = not context["params"].get("writes", True)
        result = preflight(ctx)
        text = table(ctx.pairing, result.findings)
        if result.blocking:
            raise ConfigurationError(text, hint="Mend what is marked as blocking, then clear this task.")
        self.log.info("%s", text)
        return result
