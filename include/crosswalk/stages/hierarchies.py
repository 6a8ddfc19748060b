"""plan of the flow that carries parents: whom the master puts under whom, as intents; what waits for a link, as held ones; circles, as quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from crosswalk.hierarchies.build import Agreed, Change, Child, Families, Trouble, Wait, keys_above, plan_families
from crosswalk.hub import hierarchies as hub
from crosswalk.hub import quarantine
from crosswalk.hub.codec import encode
from crosswalk.hub.hierarchies import STAGE, UNLINKED, LinkedCustomer
from crosswalk.hub.intents import IntentDraft, Unsettled, held_intents, shadow
from crosswalk.hub.rule_sets import advance
from crosswalk.mapping.engine import Mapper
from crosswalk.model.errors import ValidationError
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext

MASTER: Mapping[str, Side] = {"parents_to_crm": "erp", "parents_to_erp": "crm"}
TARGET: Mapping[str, Side] = {"parents_to_crm": "crm", "parents_to_erp": "erp"}


@dataclass
class ParentPlan:
    """What the plan wants, and what waits for whom."""

    considered: int = 0
    blocked: int = 0
    drafts: list[IntentDraft] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Flow:
    """The flow, with what its planning needs."""

    ctx: StageContext
    connection: psycopg.Connection
    name: str
    mapper: Mapper
    known: Mapping[str, LinkedCustomer]  # by the target's key
    numbers: Mapping[str, int]

    @property
    def master(self) -> str:
        return self.ctx.pairing.side(MASTER[self.name]).system

    @property
    def target(self) -> str:
        return self.ctx.pairing.side(TARGET[self.name]).system

    def key(self, target: str) -> str:
        """The key of the next write of this target's parent: while it is not done, a plan that wants another parent replaces it."""
        return f"{self.ctx.pairing.name}-{self.name}-{target}-{self.numbers.get(target, 0) + 1}"


def plan_parents(
    ctx: StageContext, connection: psycopg.Connection, flow: str, asked: Sequence[str] | None, *, shadowed: bool
) -> ParentPlan:
    """Return the parents to be written in the flow's target; quarantine what goes in a circle, and what is agreed keep as agreed.

    ``asked`` narrows it to these customers of the master. In a plan that is only looked at nothing is said of what waits.
    """
    road = _road(ctx, connection, flow, asked)
    flying = hub.in_the_air(connection, ctx.pairing.name, flow)
    children = [_child(one) for one in road.known.values() if one.target not in flying]
    in_master, in_target = keys_above(children)
    there = hub.parents_above(connection, road.target, in_target)
    there = {key: above for key, above in {**there, **flying}.items() if above is not None}
    families = plan_families(children, hub.parents_above(connection, road.master, in_master), there)
    plan = ParentPlan(len(road.known), len(families.troubles))
    plan.drafts = [_draft(road, change) for change in families.changes]
    if not shadowed:
        plan.waits = {road.key(wait.child.target): wait for wait in families.waits}
        plan.drafts += [_waiting(road, wait) for wait in families.waits]
    _agree(road, families.settled)
    _report(road, families)
    return plan


def tell_waits(ctx: StageContext, connection: psycopg.Connection, flow: str, plan: ParentPlan, *, whole: bool) -> None:
    """Say on the stored intents what they wait for, and withdraw what is not wanted any more."""
    for key, wait in plan.waits.items():
        hub.explain_held(connection, key, wait.message, wait.hint)
    if whole:
        wanted = {draft.key for draft in plan.drafts}
        waiting = held_intents(connection, pairing=ctx.pairing.name, flow=flow)
        stale = [one.key for one in waiting if one.key not in wanted]
        shadow(connection, stale, run_id=ctx.run_id, actor=ctx.actor, now=ctx.now)


def settle_parents(ctx: StageContext, connection: psycopg.Connection, flow: str, intents: Sequence[Unsettled]) -> None:
    """Keep as agreed what was written: the master's parent as the plan saw it, and the target's."""
    rows = connection.execute(
        "select key, payload -> 'source' ->> 'parent_key', payload ->> 'parent' from hub.intent where key = any(%s)",
        ([one.key for one in intents],),
    )
    sent = {key: (of_master, of_target) for key, of_master, of_target in rows.fetchall()}
    target = ctx.pairing.side(TARGET[flow]).system
    links = hub.links_of(connection, ctx.pairing.name, target, [one.target_key for one in intents])
    agreements = [
        hub.agreement(links[one.target_key], MASTER[flow], *sent[one.key]) for one in intents if one.target_key in links
    ]
    hub.agree(connection, agreements, run_id=ctx.run_id, now=ctx.clock())


# --- facts ----------------------------------------------------------------------------------------------


def _road(ctx: StageContext, connection: psycopg.Connection, flow: str, asked: Sequence[str] | None) -> _Flow:
    pairing = ctx.pairing
    master, target = pairing.side(MASTER[flow]).system, pairing.side(TARGET[flow]).system
    mapper = ctx.mapper(TARGET[flow], "customer")
    mapper.to_native({"parent_key": None})  # a mapping that cannot write it is no record's fault
    since = None
    if asked is None:
        since = advance(connection, pairing.name, flow, [["systems", master, target]], ctx.run_id).since
    found = hub.linked_customers(
        connection, pairing=pairing.name, flow=flow, master=master, target=target, since=since, asked=asked
    )
    known = {one.target: one for one in found}
    numbers = hub.written_before(connection, pairing.name, flow, target, list(known))
    return _Flow(ctx, connection, flow, mapper, known, numbers)


def _child(one: LinkedCustomer) -> Child:
    agreed = Agreed(one.agreed_master, one.agreed_target) if one.settled else None
    return Child(
        one.master,
        one.target,
        one.parent,
        one.there,
        one.counterpart,
        parent_is_known=one.parent_is_known,
        agreed=agreed,
    )


# --- intents --------------------------------------------------------------------------------------------


def _draft(road: _Flow, change: Change) -> IntentDraft:
    native = road.mapper.to_native({"parent_key": change.parent}, record=change.child.target)
    payload = {"values": encode(native), "parent": change.parent}
    return _intent(road, change.child, payload, depends_on=road.key(change.after) if change.after else None)


def _waiting(road: _Flow, wait: Wait) -> IntentDraft:
    """Return an intent that is never sent as it is: it has no parent to write until the plan finds one."""
    return _intent(road, wait.child, {"values": {}, "parent": wait.child.there}, held_reason=UNLINKED)


def _intent(
    road: _Flow,
    child: Child,
    payload: Mapping[str, object],
    *,
    depends_on: str | None = None,
    held_reason: str | None = None,
) -> IntentDraft:
    known = road.known[child.target]
    return IntentDraft(
        key=road.key(child.target),
        entity="customer",
        operation="update",
        source_system=road.master,
        source_key=child.master,
        source_version=known.master_version,
        target_system=road.target,
        target_key=child.target,
        depends_on=depends_on,
        payload={
            "label": known.name,
            "lines": [],
            "version": known.target_version,
            "source": {"parent_key": child.parent},
            "instead_of": child.there,
            **payload,
        },
        held_reason=held_reason,
    )


# --- what is agreed, and what is not --------------------------------------------------------------------


def _agree(road: _Flow, settled: Iterable[Child]) -> None:
    """Keep the parents of those on whom there is nothing to do. Of a parent that only the target has nothing is agreed."""
    agreements = []
    for child in settled:
        known = road.known[child.target]
        same = child.there if child.parent is not None else None
        if child.parent is not None or known.settled:
            agreements.append(hub.agreement(known.link_id, MASTER[road.name], child.parent, same))
    hub.agree(road.connection, agreements, run_id=road.ctx.run_id, now=road.ctx.clock())


def _report(road: _Flow, families: Families) -> None:
    """Quarantine what a person has to put right, and let out what was."""
    for trouble in families.troubles:
        _quarantine(road, trouble)
    fine = [one.child for one in families.changes] + [one.child for one in families.waits] + families.settled
    quarantine.resolve_keys(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.master,
        entity="customer",
        stage=STAGE,
        keys=[child.master for child in fine],
        run_id=road.ctx.run_id,
    )


def _quarantine(road: _Flow, trouble: Trouble) -> None:
    child = trouble.child
    quarantine.put(
        road.connection,
        pairing=road.ctx.pairing.name,
        system=road.master,
        entity="customer",
        key=child.master,
        stage=STAGE,
        error=ValidationError(trouble.message, hint=trouble.hint, field="parent_key", code=trouble.code),
        payload={"name": road.known[child.target].name, "code": trouble.code, "parent": child.parent},
        run_id=road.ctx.run_id,
    )
