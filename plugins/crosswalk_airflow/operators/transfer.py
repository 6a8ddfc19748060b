"""Operators that talk to a system: pull reads and lands, deliver writes, settle reads back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crosswalk_airflow.operators.stage import StageOperator
from crosswalk_airflow.params import ids_of, instant_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.platforms import Side
    from crosswalk.stages.context import StageContext
    from crosswalk.stages.deliver import DeliverResult
    from crosswalk.stages.pull import PullResult
    from crosswalk.stages.settle import SettleResult


class PullOperator(StageOperator):
    """Reads what changed of one entity in one system and lands it in the hub.

    :param side: ``crm`` or ``erp``.
    :param entity: canonical entity name; mapped tasks show it as their name.
    """

    stage = "pull"
    ui_color = "#e8f4ff"
    template_fields: Sequence[str] = ("entity",)

    def __init__(self, *, side: Side, entity: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side: Side = side
        self.entity = entity

    def run_stage(self, ctx: StageContext, context: Context) -> PullResult:
        """Pull by the run's Params; the connector is read-only whatever the phase."""
        from crosswalk.stages.pull import pull

        params = context["params"]
        return pull(
            ctx,
            self.side,
            self.entity,
            mode=params.get("mode", "incremental"),
            since=instant_of(params.get("since")),
            record_ids=ids_of(self.entity, params.get("record_ids")),
        )


class DeliverOperator(StageOperator):
    """Sends what the gate let through, by the intent protocol; safe to clear at any time.

    :param flow: ``orders`` (into the ERP) or ``write_back`` (into the CRM).
    """

    stage = "deliver"
    ui_color = "#fff1e0"
    lane = "orders"

    def __init__(self, *, flow: str, **kwargs: Any) -> None:
        super().__init__(read_only=False, **kwargs)
        self.flow = flow

    def run_stage(self, ctx: StageContext, context: Context) -> DeliverResult:
        """Deliver everything that may be sent."""
        from crosswalk.stages.deliver import deliver

        return deliver(ctx, self.flow)


class SettleOperator(StageOperator):
    """Reads back what was written, makes it the base and links it.

    :param flow: as in :class:`DeliverOperator`.
    """

    stage = "settle"
    ui_color = "#eefbe7"

    def __init__(self, *, flow: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flow = flow

    def run_stage(self, ctx: StageContext, context: Context) -> SettleResult:
        """Settle what is delivered and not yet settled."""
        from crosswalk.stages.settle import settle

        return settle(ctx, self.flow)
