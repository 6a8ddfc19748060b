"""Operators that ask people: what waits, a question for each, and what the answer does. They keep no pipeline waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param

from crosswalk_airflow.operators.stage import StageOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from crosswalk.platforms import Side
    from crosswalk.stages.approvals import Answered, Asked
    from crosswalk.stages.context import StageContext

APPROVE, REFUSE, LATER = "Approve", "Refuse", "Decide later"


class ListApprovalsOperator(StageOperator):
    """Finds what waits for people and nobody is being asked about; returns ids only. The run's Param ``ask_again`` asks about all."""

    stage = "approvals"

    def run_stage(self, ctx: StageContext, context: Context) -> Asked:
        """Find what waits; note that this run asks."""
        from crosswalk.stages.approvals import ask

        return ask(ctx, again=bool(context["params"].get("ask_again")))

    def ends_run(self, result: Asked) -> bool:
        """Return whether there is nobody to ask: the questions are skipped then."""
        return not result.items or super().ends_run(result)

    def returned(self, result: Asked) -> list[str]:
        """Return the items to ask about."""
        return list(result.items)


class AskOperator(HITLOperator, StageOperator):
    """Asks a person about one item, in words made when it runs. Waiting takes no slot (Airflow's state ``awaiting_input``).

    :param item: what :class:`ListApprovalsOperator` returned.
    :param approvers: users who may answer; empty: whoever may.
    :param hours: how long it waits; then it ends undecided and the next run asks again.
    """

    stage = "approvals"
    template_fields: Sequence[str] = ("subject", "body", "item")

    def __init__(self, *, item: Any, approvers: Sequence[str] = (), hours: int = 24, **kwargs: Any) -> None:
        comment = Param(
            "",
            source="task",
            type=["null", "string"],
            title="Comment",
            description_md="Kept in the ledger, as the reason.",
        )
        super().__init__(
            subject="Approval",
            options=[APPROVE, REFUSE, LATER],
            defaults=LATER,
            assigned_users=[{"id": user, "name": user} for user in approvers] or None,
            response_timeout=timedelta(hours=hours),
            **{**kwargs, "params": {"comment": comment}, "execution_timeout": None},
        )
        self.item = item

    def execute(self, context: Context) -> Any:
        """Put the question; what does not wait any more is not asked about."""
        from crosswalk.stages.approvals import question
        from crosswalk_airflow.record_links import record_link

        ctx = self.stage_context(context)

        def link(side: Side, entity: str, key: str) -> str | None:
            return record_link(ctx.pairing.side(side), entity, key)

        asked = question(ctx, self.item, link)
        if asked is None:
            return {"item": self.item, "choice": LATER, "comment": "", "user": ""}
        self.subject, self.body = asked.subject, asked.body
        return HITLOperator.execute(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, str]:
        """Return the answer: what was chosen, by whom, with which words."""
        answer = super().execute_complete(context, event)
        user, comment = answer.get("responded_by_user") or {}, (answer.get("params_input") or {}).get("comment")
        return {
            "item": str(self.item),
            "choice": answer["chosen_options"][0],
            "comment": str(comment or ""),
            "user": str(user.get("name") or user.get("id") or ""),
        }


class DecideOperator(StageOperator):
    """Records an answer in the ledger and acts on it; clearing it changes nothing.

    :param answer: what :class:`AskOperator` returned.
    """

    stage = "approvals"
    template_fields: Sequence[str] = ("answer",)

    def __init__(self, *, answer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answer = answer

    def run_stage(self, ctx: StageContext, context: Context) -> Answered:
        """Approve or refuse; an answer that never came leaves it open."""
        from crosswalk.stages.approvals import Answered, answer

        if self.answer["choice"] not in (APPROVE, REFUSE) or not self.answer["user"]:
            return Answered("open")
        given = {"approved": self.answer["choice"] == APPROVE, "actor": self.answer["user"]}
        return answer(ctx, self.answer["item"], comment=self.answer["comment"], **given)
