"""Bases of which only owned fields are known: what two sides of a product agreed on, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from crosswalk.hub.base_images import base_images, store_base
from crosswalk.hub.codec import decode
from crosswalk.hub.intents import Unsettled
from crosswalk.model.records import Image, Value
from crosswalk.stages.context import StageContext

LOOK_AGAIN = 0
"""The fingerprint of a base that is not the whole record's: the next plan looks at the pair."""


def agreed_image(system: str, key: str, values: Mapping[str, Value], whole: Image | None = None) -> Image:
    """Return the base of one side: ``values`` are what is agreed; ``whole`` is the record when all of it is."""
    return Image(
        system,
        "product",
        key,
        whole.version if whole else "",
        whole.modified if whole else None,
        False,
        values,
        {},
        whole.fingerprint if whole else LOOK_AGAIN,
    )


def settle_products(
    ctx: StageContext, connection: psycopg.Connection, intents: Sequence[Unsettled], images: Mapping[str, Image]
) -> None:
    """Make the base of either side: in the source what was sent, in the target what was read back of it (it may have been shortened).

    Fields that were not part of the write keep the base they have: they may be waiting for a person.
    """
    rows = connection.execute(
        "select key, payload -> 'source' from hub.intent where key = any(%s)", ([intent.key for intent in intents],)
    )
    sent = {key: decode(source) for key, source in rows.fetchall()}
    for intent in intents:
        values, back = sent[intent.key], images[intent.target_key]
        known = base_images(connection, ctx.pairing.name, "product", intent.target_system, intent.target_key)
        sides = (
            (intent.source_system, intent.source_key, values),
            (intent.target_system, intent.target_key, {name: back.values.get(name) for name in values}),
        )
        for system, key, agreed in sides:
            before = known[system].values if system in known else {}
            image = agreed_image(system, key, {**before, **agreed})
            store_base(connection, pairing=ctx.pairing.name, entity="product", image=image, now=ctx.clock())
