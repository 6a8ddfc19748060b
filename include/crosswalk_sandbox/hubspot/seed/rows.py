"""What every seeded row is made of: ids from the company's own sequence, text for values, both directions of an association."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, PRODUCT, QUOTE
from crosswalk_sandbox.hubspot.schema.values import number_text

BASES: Final = {COMPANY: 10_000_000_000, CONTACT: 20_000_000_000, DEAL: 30_000_000_000, LINE_ITEM: 40_000_000_000, PRODUCT: 50_000_000_000, QUOTE: 60_000_000_000}  # fmt: skip
"""Where the ids of each type begin; those made later lie above all."""
OWNER_BASE: Final = 71_000_000
USER_BASE: Final = 9_100
TEMPLATE_ID: Final = 65_000_000_001
SOURCE: Final = {"hs_object_source": "IMPORT", "hs_object_source_label": "IMPORT"}

Row = tuple[int, str, int, int, int, None, str]
Link = tuple[int, str, int, int, int]
Group = tuple[list[Row], list[Link]]


def row(kind: str, sequence: int, created: datetime, modified: datetime, properties: Mapping[str, str | None]) -> Row:
    """A record's columns; what is empty is not kept."""
    held = {name: value for name, value in properties.items() if value}
    return (
        BASES[kind] + sequence,
        kind,
        0,
        milliseconds(created),
        milliseconds(modified),
        None,
        orjson.dumps({**held, **SOURCE}).decode(),
    )


def links(source: int, kind: str, target: int, far: str, pairs: Iterable[tuple[int, int]], since: int) -> list[Link]:
    """Associations of the given types between two records, both directions of each."""
    found: list[Link] = []
    for there, back in pairs:
        found += [(source, far, target, there, since), (target, kind, source, back, since)]
    return found


def milliseconds(instant: datetime) -> int:
    """An instant as columns hold it."""
    return moments.milliseconds(instant)


def amount(value: Decimal | None) -> str | None:
    """A number's text."""
    return None if value is None else number_text(value)


def flag(value: bool) -> str:
    """A boolean's text."""
    return "true" if value else "false"
