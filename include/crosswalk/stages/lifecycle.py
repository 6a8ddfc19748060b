"""plan of the lifecycle flows: which customers go a step forward in the ERP or in the CRM, as intents; what a person has to decide, as
quarantine. Nobody is ever taken a step back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from crosswalk.hub import ledger, quarantine
from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft, Unsettled, held_intents, shadow
from crosswalk.hub.rule_sets import advance
from crosswalk.lifecycle import Move, kind_wanted, stage_wanted
from crosswalk.lifecycle.fit import FIELD_OF, refuse_unfit
from crosswalk.mapping.engine import Mapper
from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.model.errors import ConflictError, CrosswalkError, ErrorClass, RecordError
from crosswalk.model.records import Image, Outcome, Receipt
from crosswalk.pairing.document import SIDES
from crosswalk.pairing.lifecycle import LifecyclePolicy
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext
from crosswalk.stages.lifecycle_facts import STAGE, Contradicted, Known, Moved, contradicted, moved_before

MOST_ITEMS = 100_000
TARGET: Mapping[str, Side] = {"lifecycle_to_erp": "erp", "lifecycle_to_crm": "crm"}
ORDER: Mapping[Side, Sequence[str]] = {"crm": STAGES, "erp": CUSTOMER_KINDS}
_TITLE: Mapping[Side, str] = {"crm": "CRM", "erp": "ERP"}


@dataclass(frozen=True, slots=True)
class _Flow:
    """One of the two flows, with what its planning needs."""

    ctx: StageContext
    connection: psycopg.Connection
    name: str
    policy: LifecyclePolicy
    mapper: Mapper

    @property
    def target(self) -> Side:
        return TARGET[self.name]

    @property
    def system(self) -> str:
        return self.ctx.pairing.side(self.target).system


def plan_lifecycle(
    ctx: StageContext, connection: psycopg.Connection, flow: str, asked: Sequence[str] | None
) -> tuple[int, list[IntentDraft], int]:
    """Return how many customers the table contradicts in the flow's target, the writes that mend it, and how many wait for a person.

    ``asked`` narrows it to these records. Raises ConfigurationError where the mapping files do not let the table be carried out.
    """
    policy = ctx.pairing.lifecycle
    if policy is None:
        return 0, [], 0
    refuse_unfit(ctx.pairing, {side: ctx.mapping(side) for side in SIDES})
    road = _Flow(ctx, connection, flow, policy, ctx.mapper(TARGET[flow], "customer"))
    told = [
        ["systems", ctx.pairing.crm.system, ctx.pairing.erp.system],
        [policy.model_dump_json(exclude={"brake", "mode"})],
    ]
    since = advance(connection, ctx.pairing.name, flow, told, ctx.run_id).since if asked is None else None
    found = contradicted(connection, ctx.pairing, policy, flow, road.target, since=since, asked=asked)
    wanted = _wanted(road, found)
    before = moved_before(connection, ctx.pairing.name, flow, road.system, list(wanted))
    drafts: dict[str, IntentDraft] = {}
    troubles: dict[str, CrosswalkError] = {}
    for key, (customer, move) in wanted.items():
        answer = _answer(road, customer, move, before.get(key, Moved(0, None, False)))
        if isinstance(answer, IntentDraft):
            drafts[key] = answer
        elif answer is not None:
            troubles[key] = answer
    _report(road, {key: (wanted[key], error) for key, error in troubles.items()})
    if asked is None:
        _let_out(road, troubles, drafts)
    return len(wanted), _parents_first(drafts, wanted), len(troubles)


def _wanted(road: _Flow, found: Sequence[Contradicted]) -> dict[str, tuple[Contradicted, Move]]:
    """Return by target what is wanted of it: the furthest of what an account's customers in several subsidiaries ask for."""
    order, wanted = ORDER[road.target], dict[str, tuple[Contradicted, Move]]()
    for customer in found:
        rule = kind_wanted if road.target == "erp" else stage_wanted
        move, key = rule(customer.standing, road.policy), _side(customer, road.target).key
        if move is not None and (key not in wanted or order.index(move.to) > order.index(wanted[key][1].to)):
            wanted[key] = (customer, move)
    return wanted


def _side(customer: Contradicted, side: Side) -> Known:
    return customer.crm if side == "crm" else customer.erp


# --- what is written --------------------------------------------------------------------------------


def _answer(road: _Flow, customer: Contradicted, move: Move, before: Moved) -> IntentDraft | CrosswalkError | None:
    """Return the write, or why there is none; None while an earlier one is still to be read back."""
    if before.unread:
        return None
    order = ORDER[road.target]
    if road.policy.taken_back == "ask" and before.to in order and order.index(before.to) >= order.index(move.to):
        return _taken_back(road, customer, move)
    try:
        return _draft(road, customer, move, before.times + 1)
    except RecordError as error:
        return error


def _draft(road: _Flow, customer: Contradicted, move: Move, number: int) -> IntentDraft:
    """Return the ``number``-th move of this target; while it is not done, a plan that wants something else replaces it."""
    source_side: Side = "crm" if road.target == "erp" else "erp"
    source, target, field = _side(customer, source_side), _side(customer, road.target), FIELD_OF[road.target]
    return IntentDraft(
        key=f"{road.ctx.pairing.name}-{road.name}-{target.key}-{number}",
        entity="customer",
        operation="update",
        source_system=road.ctx.pairing.side(source_side).system,
        source_key=source.key,
        source_version=None,  # what counts is what is wanted; its balance may change meanwhile
        target_system=road.system,
        target_key=target.key,
        depends_on=None,
        payload={
            "label": target.name or target.key,
            "values": encode(road.mapper.to_native({field: move.to}, record=target.key)),
            "lines": [],
            "version": target.version,
            "move": {"field": field, "was": move.was, "to": move.to, "because": move.because},
        },
    )


def _parents_first(
    drafts: Mapping[str, IntentDraft], wanted: Mapping[str, tuple[Contradicted, Move]]
) -> list[IntentDraft]:
    """Return the writes in an order in which no customer of the ERP becomes another kind before its parent does."""
    ordered: dict[str, IntentDraft] = {}
    for key in drafts:
        chain = [key]
        while (above := wanted[chain[-1]][0].parent or "") in drafts and above not in chain and above not in ordered:
            chain.append(above)
        ordered |= {one: drafts[one] for one in reversed(chain)}
    return list(ordered.values())


def tell_why(ctx: StageContext, connection: psycopg.Connection, plan_id: int, drafts: Sequence[IntentDraft]) -> None:
    """Tell the ledger, once for each write that this plan stored, which rule wants it and why (law 14)."""
    keys = [draft.key for draft in drafts]
    rows = connection.execute(
        "select key from hub.intent where key = any(%s) and plan_id = %s", (keys, plan_id)
    ).fetchall()
    stored = {key for (key,) in rows}
    entries = [
        ledger.Entry(
            "decided",
            ctx.pairing.name,
            ctx.run_id,
            system=draft.source_system,
            entity=draft.entity,
            key=draft.source_key,
            intent_key=draft.key,
            detail={"rule": "lifecycle", **_move_of(draft)},
        )
        for draft in drafts
        if draft.key in stored
    ]
    ledger.write(connection, entries, now=ctx.now)


def _move_of(draft: IntentDraft) -> Mapping[str, object]:
    move = draft.payload["move"]
    assert isinstance(move, Mapping)
    return move


def untaken(
    connection: psycopg.Connection, intents: Sequence[Unsettled], images: Mapping[str, Image]
) -> Iterator[Receipt]:
    """Yield a refusal for each delivered move whose target, read back, is not there: some systems answer with success and leave it."""
    rows = connection.execute(
        "select key, payload -> 'move' from hub.intent where key = any(%s)", ([intent.key for intent in intents],)
    )
    moves: dict[str, dict[str, str]] = dict(rows.fetchall())
    for intent in intents:
        field, to, image = moves[intent.key]["field"], moves[intent.key]["to"], images[intent.target_key]
        order, now = (STAGES if field == "stage" else CUSTOMER_KINDS), image.values.get(field)
        if now in order and order.index(now) >= order.index(to):
            continue
        yield Receipt(
            intent.key,
            Outcome.REJECTED,
            error_class=str(ErrorClass.CONFLICT),
            error_code="NOT_TAKEN",
            field=field,
            message=f"{intent.target_system} took {field} {to!r} for customer {image.values.get('name')!r} ({intent.target_key}) and left it at {now!r}.",
            hint=f"Set its {field} there by hand. A system that keeps an order of its own refuses a step back in it: map its own {field}s in the "
            "mapping file (customer, values), or change the rows under `lifecycle` in the pairing file; then replay.",
        )


# --- what a person decides --------------------------------------------------------------------------


def _taken_back(road: _Flow, customer: Contradicted, move: Move) -> ConflictError:
    target, field = _side(customer, road.target), FIELD_OF[road.target]
    where = _TITLE[road.target]
    return ConflictError(
        f"Customer {target.name!r} was moved to {field} {move.to!r} in the {where} and stands at {move.was!r} again, "
        f"but {move.because}.",
        hint=f"Set its {field} in the {where} to {move.to!r} again, or change what speaks for it on the other side; "
        "`taken_back: restore` under `lifecycle` in the pairing file lets such records be moved again.",
        field=field,
        code=f"{field}_taken_back",
    )


def _report(road: _Flow, troubles: Mapping[str, tuple[tuple[Contradicted, Move], CrosswalkError]]) -> None:
    for key, ((_, move), error) in troubles.items():
        quarantine.put(
            road.connection,
            pairing=road.ctx.pairing.name,
            system=road.system,
            entity="customer",
            key=key,
            stage=STAGE,
            error=error,
            payload={"was": move.was, "to": move.to, "because": move.because},
            run_id=road.ctx.run_id,
        )


def _let_out(road: _Flow, troubles: Mapping[str, object], drafts: Mapping[str, IntentDraft]) -> None:
    """Withdraw what waits at the gate and is not wanted any more, and close what was mended: a whole look's word."""
    ctx, connection, pairing = road.ctx, road.connection, road.ctx.pairing.name
    keys = {draft.key for draft in drafts.values()}
    waiting = held_intents(connection, pairing=pairing, flow=road.name, reason="gate")
    shadow(
        connection, [one.key for one in waiting if one.key not in keys], run_id=ctx.run_id, actor=ctx.actor, now=ctx.now
    )
    sources = {(draft.source_system, draft.source_key) for draft in drafts.values()}
    for item in quarantine.open_items(connection, pairing, entity="customer", limit=MOST_ITEMS):
        asked = item.stage == STAGE and item.system == road.system and item.key not in troubles
        refused = item.stage == "deliver" and item.payload.get("flow") == road.name
        if asked or (refused and (item.system, item.key) not in sources):
            quarantine.resolve_keys(
                connection,
                pairing=pairing,
                system=item.system,
                entity="customer",
                stage=item.stage,
                keys=[item.key],
                run_id=ctx.run_id,
            )
