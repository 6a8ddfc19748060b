"""plan of the product flows: what each catalogue takes over from the other, as intents; what a person has to decide, as quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from crosswalk.hub import quarantine
from crosswalk.hub.base_images import store_bases
from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft, held_intents, shadow
from crosswalk.hub.rule_sets import advance
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import ConflictError, CrosswalkError, RecordError, ValidationError
from crosswalk.model.records import Image, Value
from crosswalk.products.build import (
    PairPlan,
    ProductChange,
    ProductPair,
    Side,
    Trouble,
    Unlinked,
    may_create,
    plan_missing,
    plan_pair,
)
from crosswalk.stages.base import agreed_image
from crosswalk.stages.context import StageContext
from crosswalk.stages.product_facts import gather_products, written_before

MOST_ITEMS = 100_000
_TRUTH: Mapping[str, Value] = {"true": True, "false": False}
SOURCE_OF: Mapping[str, Side] = {"products_to_erp": "crm", "products_to_crm": "erp"}
TARGET: Mapping[str, Side] = {"products_to_erp": "erp", "products_to_crm": "crm"}


@dataclass(frozen=True, slots=True)
class _Flow:
    """One of the two flows, with what its planning needs."""

    ctx: StageContext
    connection: psycopg.Connection
    name: str
    mapper: Mapper

    @property
    def source(self) -> Side:
        return SOURCE_OF[self.name]

    @property
    def target(self) -> Side:
        return TARGET[self.name]

    def system(self, side: Side) -> str:
        return self.ctx.pairing.side(side).system


def plan_products(
    ctx: StageContext, connection: psycopg.Connection, flow: str, asked: Sequence[str] | None
) -> tuple[int, list[IntentDraft], int]:
    """Return how many products were looked at, the writes they want in the flow's target, and how many wait for a person.

    Where nothing is to be done, what the sides say now becomes the base (law 4). ``asked`` narrows it to these records.
    """
    policy = ctx.pairing.products
    road = _Flow(ctx, connection, flow, ctx.mapper(TARGET[flow], "product"))
    creation = policy.create_items if road.source == "crm" else policy.create_products
    creates = creation == "always" or (creation == "on_request" and asked is not None)
    since = None if asked is not None else _last_look(ctx, connection, flow)
    facts = gather_products(connection, ctx.pairing, road.source, asked, creates=creates, since=since)
    survivors = ctx.pairing.matching.survivors.get("product", {})
    plans = [plan_pair(pair, policy, survivors) for pair in facts.pairs]
    missing = [product for product in facts.unlinked if may_create(product, policy, asked=asked is not None)]
    drafts, troubles = _updates(road, plans)
    for product in missing:
        wanted = _create(road, product)
        if isinstance(wanted, IntentDraft):
            drafts.append(wanted)
        else:
            troubles.append(wanted)
    _settle_agreed(road, plans)
    _report(road, troubles, plans, all_of_them=asked is None)
    if asked is None:
        _withdraw(road, {draft.key for draft in drafts})
    return len(plans) + len(missing), drafts, len({(trouble.side, trouble.key) for trouble in troubles})


def _last_look(ctx: StageContext, connection: psycopg.Connection, flow: str) -> datetime | None:
    """Return the last look's time, and begin the next; another policy looks at everything once."""
    pairing = ctx.pairing
    policy = pairing.products.model_dump_json(exclude={"brake"})
    survivors = sorted(f"{name}:{side}" for name, side in pairing.matching.survivors.get("product", {}).items())
    told = [["systems", pairing.crm.system, pairing.erp.system], [policy, *survivors]]
    return advance(connection, pairing.name, flow, told, ctx.run_id).since


# --- updates --------------------------------------------------------------------------------------------


def _updates(road: _Flow, plans: Sequence[PairPlan]) -> tuple[list[IntentDraft], list[Trouble]]:
    wanted = [
        (plan.pair, change)
        for plan in plans
        for change in plan.changes
        if change.target == road.target and not plan.pair.side(road.target).deleted
    ]
    keys = [pair.side(road.target).key for pair, _ in wanted]
    numbers = written_before(road.connection, road.ctx.pairing.name, road.name, road.system(road.target), keys)
    drafts, troubles = [], [trouble for plan in plans for trouble in plan.troubles]
    for pair, change in wanted:
        try:
            drafts.append(_update(road, pair, change, numbers.get(pair.side(road.target).key, 0) + 1))
        except RecordError as error:
            troubles.append(_unwritable(road.source, pair.side(road.source).key, error))
    return drafts, troubles


def _update(road: _Flow, pair: ProductPair, change: ProductChange, number: int) -> IntentDraft:
    """Return the ``number``-th update of this target: while it is not done, a plan that wants something else replaces it."""
    source, target = pair.side(road.source), pair.side(road.target)
    return IntentDraft(
        key=f"{road.ctx.pairing.name}-{road.name}-{target.key}-{number}",
        entity="product",
        operation="update",
        source_system=source.system,
        source_key=source.key,
        source_version=source.version,
        target_system=target.system,
        target_key=target.key,
        depends_on=None,
        payload={
            "label": target.values.get("name") or target.key,
            "values": encode(road.mapper.to_native(change.values, record=target.key)),
            "lines": [],
            "version": target.version,
            "source": encode(change.values),
        },
    )


def _withdraw(road: _Flow, wanted: set[str]) -> None:
    """Keep from being sent what waits at the gate and is not wanted any more: the source was changed back."""
    waiting = held_intents(road.connection, pairing=road.ctx.pairing.name, flow=road.name, reason="gate")
    stale = [intent.key for intent in waiting if intent.key not in wanted]
    shadow(road.connection, stale, run_id=road.ctx.run_id, actor=road.ctx.actor, now=road.ctx.now)


# --- creates --------------------------------------------------------------------------------------------


def _create(road: _Flow, product: Unlinked) -> IntentDraft | Trouble:
    change = plan_missing(product)
    if isinstance(change, Trouble):
        return change
    try:
        values = _new_record(road, product.image, change.values)
    except RecordError as error:
        return _unwritable(product.side, product.image.key, error)
    payload: dict[str, object] = {
        "label": product.image.values.get("name"),
        "values": encode(values),
        "lines": [],
        "source": encode({name: product.image.values.get(name) for name in road.ctx.pairing.products.fields}),
    }
    if road.target == "crm":
        payload["stored_key"] = product.image.key
    return IntentDraft(
        key=_creation_key(road, product.image),
        entity="product",
        operation="create",
        source_system=product.image.system,
        source_key=product.image.key,
        source_version=product.image.version,
        target_system=road.system(road.target),
        target_key=None,
        depends_on=None,
        payload=payload,
    )


def _new_record(road: _Flow, image: Image, wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Return the new record in native fields; in the CRM it carries the ERP's id from its first moment."""
    policy, canonical = road.ctx.pairing.products, dict(wanted)
    if road.target == "crm":
        canonical["counterpart_key"] = image.key
    given = policy.item if road.target == "erp" else policy.product
    native: dict[str, Value] = {name: _TRUTH.get(value, value) for name, value in given.items()}
    return {**native, **road.mapper.to_native(canonical, record=image.key)}


def _creation_key(road: _Flow, image: Image) -> str:
    if road.target == "erp":
        return f"{road.ctx.pairing.crm.key_prefixes.get('product', '')}{image.key}"
    return f"{road.ctx.pairing.name}-{road.name}-{image.key}"


# --- what is agreed, and what is not --------------------------------------------------------------------


def _settle_agreed(road: _Flow, plans: Iterable[PairPlan]) -> None:
    """Make what needs no writing the base of either side; a pair without anything open is not looked at again until it changes."""
    pairing = road.ctx.pairing.name
    store_bases(road.connection, pairing=pairing, entity="product", images=_agreed(plans), now=road.ctx.now)


def _agreed(plans: Iterable[PairPlan]) -> Iterator[Image]:
    for plan in plans:
        if plan.pair.crm.deleted or plan.pair.erp.deleted:
            continue
        for image, base in ((plan.pair.crm, plan.pair.crm_base), (plan.pair.erp, plan.pair.erp_base)):
            values = {**base, **{name: image.values.get(name) for name in plan.agreed}}
            if values != base or plan.done:
                yield agreed_image(image.system, image.key, values, image if plan.done else None)


def _unwritable(side: Side, key: str, error: RecordError) -> Trouble:
    return Trouble(side, key, error.code or "unmappable", error.field or "", error.message, error.hint)


def _report(road: _Flow, troubles: Sequence[Trouble], plans: Sequence[PairPlan], *, all_of_them: bool) -> None:
    """Quarantine what waits for a person, and let out what was mended."""
    first: dict[tuple[Side, str], Trouble] = {}
    for trouble in troubles:
        first.setdefault((trouble.side, trouble.key), trouble)
    for (side, key), trouble in first.items():
        _quarantine(road, side, key, trouble)
    sides: tuple[Side, ...] = ("crm", "erp")
    for side in sides:
        in_order = [plan.pair.side(side).key for plan in plans if plan.done]
        for stage in ("plan", "deliver"):
            _let_out(road, side, stage, in_order)
    if all_of_them:
        system = road.system(road.source)
        waiting = quarantine.open_items(
            road.connection, road.ctx.pairing.name, stage="plan", entity="product", limit=MOST_ITEMS
        )
        keys = [item.key for item in waiting if item.system == system and (road.source, item.key) not in first]
        _let_out(road, road.source, "plan", keys)


def _let_out(road: _Flow, side: Side, stage: str, keys: Sequence[str]) -> None:
    quarantine.resolve_keys(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.system(side),
        entity="product",
        stage=stage,
        keys=keys,
        run_id=road.ctx.run_id,
    )


def _quarantine(road: _Flow, side: Side, key: str, trouble: Trouble) -> None:
    kind: type[CrosswalkError] = ConflictError if trouble.code == "product_conflict" else ValidationError
    quarantine.put(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.system(side),
        entity="product",
        key=key,
        stage="plan",
        error=kind(trouble.message, hint=trouble.hint, field=trouble.field, code=trouble.code),
        payload={"code": trouble.code},
        run_id=road.ctx.run_id,
    )
