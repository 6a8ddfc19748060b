"""deliver: sends what the gate let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crosswalk.delivery.dispatch import Delivery, key_in_target
from crosswalk.hub.approvals import decisions
from crosswalk.hub.codec import decode
from crosswalk.hub.intents import Claimed
from crosswalk.mapping.engine import Mapper
from crosswalk.model.records import Operation, Value, Write
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext

TARGET_OF: dict[str, Side] = {
    "orders": "erp",
    "write_back": "crm",
    "products_to_erp": "erp",
    "products_to_crm": "crm",
    "parents_to_erp": "erp",
    "parents_to_crm": "crm",
    "lifecycle_to_erp": "erp",
    "lifecycle_to_crm": "crm",
    "timeline": "crm",
}

_PARENT_FIELD = {"order": "customer_key", "customer": "parent_key"}
"""The field that names what a record was created after."""


@dataclass(frozen=True, slots=True)
class DeliverResult:
    """How many writes ended how."""

    flow: str
    done: int
    adopted: int
    rejected: int
    in_doubt: int
    waiting: int
    postponed: int
    fenced: int

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {name: getattr(self, name) for name in self.__slots__}


def deliver(ctx: StageContext, flow: str) -> DeliverResult:
    """Send every claimable intent of ``flow``; safe to run twice at once and to rerun at any time (laws 1, 2, 13)."""
    connector = ctx.open_connector(TARGET_OF[flow])
    tally = Delivery(ctx.hub, connector, ctx.pairing.name, flow, ctx.run_id, write_builder(ctx, flow), ctx.clock).run()
    return DeliverResult(
        flow,
        len(tally.done),
        tally.adopted,
        tally.rejected,
        tally.in_doubt,
        tally.waiting,
        tally.postponed,
        tally.fenced,
    )


def write_builder(ctx: StageContext, flow: str) -> Callable[[Claimed], Write]:
    """Return what turns a claimed intent into the target's write, the parent's new id filled in."""
    mappers = {name: ctx.mapper("erp", name) for name in _PARENT_FIELD} if flow == "orders" else {}

    def write_of(intent: Claimed) -> Write:
        values: dict[str, Value] = dict(decode(intent.payload["values"]))
        if intent.parent_target_key is not None and intent.entity in mappers:
            parent = {_PARENT_FIELD[intent.entity]: intent.parent_target_key}
            values.update(mappers[intent.entity].to_native(parent))
        if intent.entity == "order" and intent.payload.get("approval"):
            values.update(_approved_by(ctx, intent, mappers["order"]))
        return Write(
            intent_key=key_in_target(intent),
            entity=intent.entity,
            operation=Operation(intent.operation),
            values=values,
            native_id=intent.target_key,
            lines=tuple(decode(line) for line in intent.payload["lines"]),
            expected_version=intent.payload.get("version"),
        )

    return write_of


def _approved_by(ctx: StageContext, intent: Claimed, mapper: Mapper) -> Mapping[str, Value]:
    """Return who approved an order and when, in the field the pairing names for it, behind what that field would say anyway."""
    name = ctx.pairing.orders.approvals.note_field
    if name is None:
        return {}
    with ctx.hub.connection() as connection:
        decision = decisions(connection, [intent.key]).get((intent.key, intent.payload_hash))
    if decision is None or not decision.approved:
        return {}
    label = intent.payload.get("label")
    return mapper.to_native({name: f"{label}. {decision.words}" if name == "memo" and label else decision.words})
