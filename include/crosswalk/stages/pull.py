"""pull and land: what changed in one system, as native records, through the mapping, into the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import psycopg

from crosswalk.connectors.protocol import Connector, Page
from crosswalk.hub import census, quarantine
from crosswalk.hub.landing import land, sight
from crosswalk.hub.parts import Part, bury_removed, parents_of, part_of
from crosswalk.hub.reading import living
from crosswalk.hub.turns import first_reader, is_first_read
from crosswalk.hub.watermarks import moved_at, read_watermark
from crosswalk.mapping.engine import Mapper
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ConflictError, RecordError
from crosswalk.model.records import Image, Selection
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext
from crosswalk.stages.merges import note_merges, note_moves

CENSUS, CENSUS_KEY = "census", "(whole read)"
"""Stage and, in the place of a record's key, name under which a whole read waits in quarantine."""

CENSUS_HINT = (
    "Look whether the integration user still sees the records, and whether the mapping's filter is right; then read the entity in full again. "
    "If they are deleted, say so in the pairing's approvals DAG, with the reason as comment."
)

PullMode = Literal["incremental", "full"]


@dataclass
class PullResult:
    """What one pull brought, in records."""

    system: str
    entity: str
    received: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    pages: int = 0
    missing: int = 0  # by a whole read, beyond what the pairing takes for deleted unasked

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return asdict(self)


def pull(
    ctx: StageContext,
    side: Side,
    entity: str,
    *,
    mode: PullMode = "incremental",
    since: datetime | None = None,
    record_ids: Sequence[str] = (),
) -> PullResult:
    """Read one entity of one side and land it, page by page, each with its watermark in one transaction (law 7).

    ``full`` reads everything and marks what did not come as deleted; so does a pull that finds no watermark, because a first load that broke
    off leaves records behind whose deletion nothing tells any more, and one whose last page says that everything came.
    ``since`` overrides the watermark; ``record_ids`` reads just these.
    """
    result = PullResult(ctx.pairing.side(side).system, entity)
    mapper, connector = ctx.mapper(side, entity), ctx.open_connector(side)
    if record_ids:
        records = connector.fetch(mapper.selection, record_ids)
        _land(ctx, mapper, Page(tuple(records), None), result)
        return result
    with ExitStack() as turn:
        watermark = _start(ctx, result, mode, since)
        if mode == "incremental" and since is None and (watermark is None or _is_first_read(ctx, result)):
            turn.enter_context(first_reader(ctx.hub, result.system, entity))
            watermark = _start(ctx, result, mode, since)  # somebody else may have read it all meanwhile
        _read(ctx, connector, mapper, result, watermark, every_save=mode == "incremental" and since is None)
    return result


def _read(
    ctx: StageContext,
    connector: Connector,
    mapper: Mapper,
    result: PullResult,
    watermark: Mapping[str, object] | None,
    *,
    every_save: bool,
) -> None:
    """Land all pages from ``watermark`` on; ``every_save`` tells that nothing saved since the last pull is left out."""
    whole = watermark is None
    reading = (
        ctx.run_id if whole else f"{ctx.run_id}, changes"
    )  # a run that read all may read changes later, with the question open
    began = _begin(ctx, result, reading)
    family = _family(ctx, result, whole=whole) if every_save else None
    for page in connector.pull(mapper.selection if watermark else _sized(ctx, mapper.selection, result), watermark):
        _land(ctx, mapper, page, result, family)
        whole = whole or page.everything
    if whole:
        _end(ctx, result, reading, began)
    else:
        with ctx.hub.connection() as connection:
            census.give_up(connection, system=result.system, entity=result.entity, run_id=reading)


def _is_first_read(ctx: StageContext, result: PullResult) -> bool:
    with ctx.hub.connection() as connection:
        return is_first_read(connection, result.system, result.entity)


def _begin(ctx: StageContext, result: PullResult, reading: str) -> datetime:
    """Begin a census whatever is read: that all has come is known at its end only."""
    with ctx.hub.connection() as connection:
        return census.begin(
            connection, pairing=ctx.pairing.name, system=result.system, entity=result.entity, run_id=reading
        )


def _end(ctx: StageContext, result: PullResult, reading: str, began: datetime) -> None:
    """Mark what a whole read did not bring as deleted, or quarantine the entity until a person has said whether that much is."""
    policy, pairing, system, entity = ctx.pairing.census, ctx.pairing.name, result.system, result.entity
    with ctx.hub.connection() as connection:
        ended = census.end(
            connection,
            pairing=pairing,
            system=system,
            entity=ENTITIES[entity],
            run_id=reading,
            began=began,
            most=policy.most_gone,
            gone_from=policy.gone_from,
        )
        result.deleted += ended.deleted
        result.missing = ended.held
        if ended.held:
            message = (
                f"A whole read brought only {ended.known - ended.held} of the {ended.known} {entity} records that {system} had; "
                f"the others are not taken for deleted before somebody says that they are."
            )
            error = ConflictError(message, hint=CENSUS_HINT, code="census_held")
            put = quarantine.put
            put(
                connection,
                pairing=pairing,
                system=system,
                entity=entity,
                key=CENSUS_KEY,
                stage=CENSUS,
                error=error,
                run_id=ctx.run_id,
            )
        else:
            resolve = quarantine.resolve_keys
            resolve(
                connection,
                pairing=pairing,
                system=system,
                entity=entity,
                stage=CENSUS,
                keys=[CENSUS_KEY],
                run_id=ctx.run_id,
            )


def _start(
    ctx: StageContext, result: PullResult, mode: PullMode, since: datetime | None
) -> Mapping[str, object] | None:
    if mode == "full":
        return None
    if since is not None:
        return {"since": since.astimezone(UTC).isoformat()}
    with ctx.hub.connection() as connection:
        return read_watermark(connection, result.system, result.entity)


@dataclass
class _Family:
    """The documents whose lines a pull brought (None: it read them all), and when the last pull ended, by the hub's clock."""

    part: Part
    seen: set[str] | None
    since: datetime | None

    def note(self, images: Sequence[Image]) -> None:
        if self.seen is not None:
            self.seen |= parents_of(self.part, images)

    def bury(self, connection: psycopg.Connection, result: PullResult, run_id: str, until: datetime) -> int:
        """Mark the lines as deleted that the last save of their document took off it."""
        seen = None if self.seen is None else sorted(self.seen)
        return bury_removed(
            connection, self.part, system=result.system, run_id=run_id, until=until, seen=seen, since=self.since
        )


def _family(ctx: StageContext, result: PullResult, *, whole: bool) -> _Family | None:
    """Return what to note of a pull that goes on where the last one ended; for any other nobody knows which saves it left out."""
    part = part_of(result.entity)
    if part is None:
        return None
    with ctx.hub.connection() as connection:
        return _Family(part, None if whole else set(), moved_at(connection, result.system, result.entity))


def _sized(ctx: StageContext, selection: Selection, result: PullResult) -> Selection:
    """Tell the connector about how much a full read will bring, when the hub has been filled before."""
    with ctx.hub.connection() as connection:
        return replace(selection, expected=living(connection, ENTITIES[result.entity], result.system) or None)


def _land(ctx: StageContext, mapper: Mapper, page: Page, result: PullResult, family: _Family | None = None) -> None:
    images, broken = _images(mapper, page)
    if family:
        family.note(images)
    with ctx.hub.connection() as connection:
        landed = land(
            connection,
            system=result.system,
            entity=ENTITIES[result.entity],
            images=images,
            run_id=ctx.run_id,
            watermark=page.watermark,
        )
        sight(
            connection,
            system=result.system,
            entity=ENTITIES[result.entity],
            keys=[*(key for key, _ in broken), *page.sighted],
            run_id=ctx.run_id,
        )
        for key, error in broken:
            quarantine.put(
                connection,
                pairing=ctx.pairing.name,
                system=result.system,
                entity=result.entity,
                key=key,
                stage="pull",
                error=error,
                run_id=ctx.run_id,
            )
        quarantine.resolve_keys(
            connection,
            pairing=None,  # it was read for every pairing that has the system
            system=result.system,
            entity=result.entity,
            stage="pull",
            keys=[image.key for image in images],
        )
        note_merges(connection, ctx, mapper, page.records)
        if landed.changed:
            note_moves(connection, ctx, result.system, result.entity, [image.key for image in images])
        if family and page.whole_until:
            result.deleted += family.bury(connection, result, ctx.run_id, page.whole_until)
    result.pages += 1
    result.received += len(page.records)
    result.inserted += landed.inserted
    result.changed += landed.changed
    result.unchanged += landed.unchanged
    result.deleted += landed.deleted
    result.quarantined += len(broken)


def _images(mapper: Mapper, page: Page) -> tuple[list[Image], list[tuple[str, RecordError]]]:
    images, broken = [], []
    for record in page.records:
        try:
            images.append(mapper.to_image(record))
        except RecordError as error:
            broken.append((record.key, error))
    return images, broken
