"""settle: read back what was written, make it the base both sides agree on, link it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crosswalk.hub.base_images import store_bases
from crosswalk.hub.further import add_further
from crosswalk.hub.intents import Unsettled, mark_settled, refuse_untaken, unsettled
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import RecordError
from crosswalk.model.records import Image
from crosswalk.pairing.document import LIFECYCLE_FLOWS, PRODUCT_FLOWS
from crosswalk.pairing.hierarchies import PARENT_FLOWS
from crosswalk.pairing.timeline import TIMELINE
from crosswalk.platforms import Side
from crosswalk.stages.base import settle_products
from crosswalk.stages.context import StageContext
from crosswalk.stages.deliver import TARGET_OF
from crosswalk.stages.hierarchies import settle_parents
from crosswalk.stages.lifecycle import untaken
from crosswalk.stages.link import DEAL_ORDER
from crosswalk.stages.pull import pull

BATCH = 200


@dataclass(frozen=True, slots=True)
class SettleResult:
    """How many written records were read back and linked, and how many were not there to be read."""

    flow: str
    settled: int
    linked: int
    missing: int

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {"flow": self.flow, "settled": self.settled, "linked": self.linked, "missing": self.missing}


def settle(ctx: StageContext, flow: str) -> SettleResult:
    """Read back every delivered, unsettled write in batches of one request each; rerunning it settles only what is left."""
    side = TARGET_OF[flow]
    with ctx.hub.connection() as connection:
        waiting = unsettled(connection, pairing=ctx.pairing.name, flow=flow)
        if flow == TIMELINE:  # what was told stays as it was told: there is nothing to read back
            told = mark_settled(connection, [intent.key for intent in waiting], now=ctx.clock())
            return SettleResult(flow, told, 0, 0)
    settled = linked = 0
    for entity in sorted({intent.entity for intent in waiting}):
        members = [intent for intent in waiting if intent.entity == entity]
        for start in range(0, len(members), BATCH):
            batch = members[start : start + BATCH]
            images = _read_back(ctx, side == "erp", entity, batch)
            settled += len(images)
            linked += _store(ctx, flow, entity, batch, images)
    if flow == "orders" and settled:
        pull(ctx, "erp", "order_line")  # lines have no keys of ours: what just changed is what was just written
    return SettleResult(flow, settled, linked, len(waiting) - settled)


def _read_back(ctx: StageContext, from_erp: bool, entity: str, batch: Sequence[Unsettled]) -> dict[str, Image]:
    side: Side = "erp" if from_erp else "crm"
    mapper = ctx.mapper(side, entity)
    images = {}
    for record in ctx.open_connector(side).fetch(mapper.selection, [intent.target_key for intent in batch]):
        try:
            images[record.key] = mapper.to_image(record)
        except RecordError:
            continue  # the next pull quarantines it with its reason
    return images


def _store(ctx: StageContext, flow: str, entity: str, batch: Sequence[Unsettled], images: dict[str, Image]) -> int:
    present = [intent for intent in batch if intent.target_key in images]
    with ctx.hub.connection() as connection:
        target = batch[0].target_system
        land(
            connection,
            system=target,
            entity=ENTITIES[entity],
            images=list(images.values()),
            run_id=ctx.run_id,
            watermark=None,
        )
        pairs = [
            LinkPair(i.source_system, i.source_key, i.target_system, i.target_key, "intent")
            for i in present
            if i.operation == "create"
        ]
        linked = (
            create_links(connection, ctx.pairing.name, DEAL_ORDER if entity == "order" else entity, pairs, ctx.run_id)
            if pairs
            else 0
        )
        if entity == "customer" and ctx.pairing.orders.subsidiary is not None:
            linked += add_further(connection, ctx.pairing.name, pairs, ctx.run_id)
        if flow in PARENT_FLOWS:
            settle_parents(ctx, connection, flow, present)
        elif flow in PRODUCT_FLOWS:
            settle_products(ctx, connection, present, images)
        elif entity != "product":  # what a product's two sides agree on is known only to the flows that compare them
            store_bases(
                connection,
                pairing=ctx.pairing.name,
                entity=DEAL_ORDER if entity == "order" else entity,
                images=[images[intent.target_key] for intent in present],
                now=ctx.clock(),
            )
        for receipt in untaken(connection, present, images) if flow in LIFECYCLE_FLOWS else ():
            refuse_untaken(connection, receipt, run_id=ctx.run_id, now=ctx.clock())
        mark_settled(connection, [intent.key for intent in present], now=ctx.clock())
    return linked
