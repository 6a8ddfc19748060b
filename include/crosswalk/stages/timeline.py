"""plan of the flow ``timeline``: what happened to invoices and payments of linked customers, as events of the CRM, each told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg

from crosswalk.hub.codec import encode
from crosswalk.hub.intents import IntentDraft
from crosswalk.hub.reading import images
from crosswalk.hub.rule_sets import advance
from crosswalk.hub.timeline import documents_of_linked
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Image, Value
from crosswalk.pairing.timeline import TIMELINE
from crosswalk.platforms import platform_of
from crosswalk.stages.context import StageContext
from crosswalk.timeline.build import Told, told_of

EVENT = "timeline_event"
"""What a connector that tells events calls them; the hub keeps no images of them."""

BATCH = 1_000


def plan_timeline(ctx: StageContext, connection: psycopg.Connection, mode: str) -> tuple[int, list[IntentDraft]]:
    """Return how many documents were looked at, and the events they ask for. One that was told is wanted again and stays as it is.

    Looked at is what changed since the last look, whose customer was linked since,
    and what fell due; everything from the pairing's first day on the first time, and when policy or mode is another.
    """
    policy = ctx.pairing.timeline
    if policy is None:
        return 0, []
    pairing, drafts, considered = ctx.pairing, list[IntentDraft](), 0
    rules = [["systems", pairing.crm.system, pairing.erp.system], [mode, policy.since.isoformat(), *policy.events]]
    since = advance(connection, pairing.name, TIMELINE, rules, ctx.run_id).since
    for entity in policy.entities:
        subjects = documents_of_linked(
            connection,
            entity,
            pairing=pairing.name,
            crm=pairing.crm.system,
            erp=pairing.erp.system,
            from_day=policy.since,
            today=ctx.now.date(),
            since=since,
        )
        considered += len(subjects)
        for document in _documents(connection, entity, pairing.erp.system, list(subjects)):
            for told in told_of(document, policy, ctx.now.date()):
                drafts.append(_draft(ctx, document, told, subjects[document.key]))
    return considered, drafts


def _documents(connection: psycopg.Connection, entity: str, system: str, keys: Sequence[str]) -> Iterator[Image]:
    for start in range(0, len(keys), BATCH):
        yield from images(connection, ENTITIES[entity], system, keys[start : start + BATCH]).values()


def _draft(ctx: StageContext, document: Image, told: Told, subject: str) -> IntentDraft:
    """Return the telling of an event. Its key is the same for good: what happens to a document is told once."""
    pairing = ctx.pairing
    about = platform_of(pairing.crm.platform).timeline_subject
    assert about is not None  # the pairing was refused without
    values: dict[str, Value] = {"at": told.at, "title": told.title, "body": told.body, about: subject}
    return IntentDraft(
        key=f"{pairing.name}-{TIMELINE}-{document.key}-{told.event}",
        entity=EVENT,
        operation="create",
        source_system=document.system,
        source_entity=document.entity,
        source_key=document.key,
        source_version=document.version,
        target_system=pairing.crm.system,
        target_key=None,
        depends_on=None,
        payload={"label": told.title, "values": encode(values), "lines": []},
    )
