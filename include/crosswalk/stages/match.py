"""match: link by score what the rules left over, and lay what is doubtful before a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from crosswalk.hub.columns import SCHEMA
from crosswalk.hub.database import Connection
from crosswalk.hub.further import CUSTOMER, add_further
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.hub.matches import Match, Proposal, decided, never, propose
from crosswalk.hub.thresholds import Threshold, keep_threshold
from crosswalk.hub.watermarks import read_watermark, write_watermark
from crosswalk.identity.deciding import NOT_ENOUGH, Thresholds
from crosswalk.identity.labels import Label, calibrated
from crosswalk.identity.matching import Candidate, KeyPair, Matching, Scored, Side, decide, score, side, would_link
from crosswalk.identity.profiles import PROFILES, Profile, Row
from crosswalk.identity.several import Several
from crosswalk.identity.spelling import folded
from crosswalk.stages.context import StageContext

SCORED = "scored"
_MOST_KNOWN = 3_000
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class MatchResult:
    """How many pairs were linked, how many customers became further ones of an account, and how many pairs wait for a person; ``ran`` is
    false when nothing had changed.
    """

    entity: str
    ran: bool
    linked: int = 0
    further: int = 0
    doubtful: int = 0
    compared: int = 0
    threshold: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return counts, fit for XCom."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """What matching did, entity by entity."""

    results: tuple[MatchResult, ...]

    def as_dict(self) -> dict[str, object]:
        """Return counts by entity, fit for XCom."""
        return {result.entity: result.as_dict() for result in self.results}


def match_all(ctx: StageContext) -> MatchSummary:
    """Match every entity for which the pairing asks for it; customers first, for contacts are compared by their company."""
    asked = ctx.pairing.matching.entities
    return MatchSummary(tuple(match_entity(ctx, entity) for entity in PROFILES if entity in asked))


def match_entity(ctx: StageContext, entity: str) -> MatchResult:
    """Match the unlinked records of one entity, if one of them changed since the last time or a person decided."""
    profile, policy = PROFILES[entity], ctx.pairing.matching.entities[entity]
    with ctx.hub.connection() as connection:
        mark = _newest(connection, ctx, entity)
        if mark == read_watermark(connection, _owner(ctx), entity):
            return MatchResult(entity, ran=False)
        left, right = (_records(connection, ctx, profile, side.system) for side in (ctx.pairing.crm, ctx.pairing.erp))
        known = _known(connection, ctx, profile)
        judged = decided(connection, ctx.pairing.name, entity)
        apart = _never(connection, ctx, entity)
        several = _several(connection, ctx, entity)
    given = Thresholds(policy.auto, policy.review, policy.margin)
    scored = score(profile, left, right, known=known, least=given.review)
    calibration = calibrated(_labels(scored, judged, apart, given, several), given)
    found = decide(scored, calibration.thresholds, never=apart, several=several)
    used = calibration.thresholds
    threshold = Threshold(used.auto, used.review, calibration.says, len(judged))
    linked, further, doubtful = _keep(ctx, entity, found, mark, threshold)
    return MatchResult(entity, True, linked, further, doubtful, found.compared, calibration.says)


def _labels(
    scored: Scored, judged: Sequence[Match], apart: frozenset[KeyPair], given: Thresholds, several: Several | None
) -> list[Label]:
    """Return the decisions that speak about the threshold: those on pairs about which nothing else was in doubt.

    A pair that people keep apart counts with the bits it has now, be it proposed or linked before.
    """
    wrong = would_link(scored, apart, given, several)
    said = [
        (frozenset((match.left_key, match.right_key)), Label(match.bits, match.status == "same"))
        for match in judged
        if match.reason == NOT_ENOUGH
    ]
    counted = {frozenset(pair) for pair in wrong}
    return [Label(bits, same=False) for bits in wrong.values()] + [label for ends, label in said if ends not in counted]


def _keep(
    ctx: StageContext, entity: str, found: Matching, mark: dict[str, str], threshold: Threshold
) -> tuple[int, int, int]:
    systems = ctx.pairing.crm.system, ctx.pairing.erp.system
    pairs, more = (
        [LinkPair(systems[0], pair.left, systems[1], pair.right, SCORED) for pair in sure]
        for sure in (found.sure, found.further)
    )
    with ctx.hub.connection() as connection:
        linked = create_links(connection, ctx.pairing.name, entity, pairs, ctx.run_id, now=ctx.now)
        further = add_further(connection, ctx.pairing.name, more, ctx.run_id, now=ctx.now)
        proposals = [_proposal(pair) for pair in found.doubtful]
        doubtful = propose(connection, ctx.pairing.name, entity, systems, proposals, ctx.run_id, now=ctx.now)
        write_watermark(connection, _owner(ctx), entity, mark, run_id=ctx.run_id)
        keep_threshold(connection, ctx.pairing.name, entity, threshold, run_id=ctx.run_id, now=ctx.now)
    return linked, further, doubtful


def _proposal(pair: Candidate) -> Proposal:
    evidence = tuple((said.field, said.says, said.bits) for said in pair.evidence)
    return Proposal(pair.left, pair.right, pair.bits, pair.reason, evidence)


def _owner(ctx: StageContext) -> str:
    return f"matching of {ctx.pairing.name}"


def _newest(connection: Connection, ctx: StageContext, entity: str) -> dict[str, str]:
    """Return what has to change before matching again can give anything new: an image, a link, a decision or what the pairing says."""
    query = sql.SQL(
        """
        select (select max(changed_at) from {table} where system = any(%(systems)s))::text,
               (select max(id) from hub.link where pairing = %(pairing)s and entity = any(%(entities)s))::text,
               (select max(decided_at) from hub.match_candidate where pairing = %(pairing)s and entity = %(entity)s)::text,
               (select max(created_at) from hub.further_end where pairing = %(pairing)s and entity = any(%(entities)s))::text,
               (select count(*) from hub.match_candidate where pairing = %(pairing)s and entity = %(entity)s and status <> 'open')::text
        """
    ).format(table=sql.Identifier(SCHEMA, entity))
    systems = [ctx.pairing.crm.system, ctx.pairing.erp.system]
    parameters = {"systems": systems, "pairing": ctx.pairing.name, "entity": entity, "entities": [entity, "customer"]}
    row: tuple[Any, ...] = connection.execute(query, parameters).fetchone() or (None,) * 5
    said = ctx.pairing.matching.entities[entity].model_dump_json()
    return dict(
        zip(("changed", "linked", "decided", "further", "decisions"), (value or "" for value in row), strict=True)
    ) | {"policy": said + (ctx.pairing.orders.subsidiary is not None) * " several"}


def _records(connection: Connection, ctx: StageContext, profile: Profile, system: str) -> Side:
    parameters = {"system": system, "pairing": ctx.pairing.name, "entity": profile.entity}
    linked = connection.execute(
        "select key from hub.every_end where pairing = %(pairing)s and entity = %(entity)s and system = %(system)s",
        parameters,
    )
    known = frozenset(key for (key,) in linked)
    query = sql.SQL(
        "select i.key, {fields} from {table} i {company} where i.system = %(system)s and i.deleted_at is null"
    ).format(**_parts(ctx, profile))
    names = _names(profile)

    def rows() -> Iterator[tuple[str, Row]]:
        with connection.cursor(name="records") as cursor:
            cursor.itersize = _AT_ONCE
            for key, *values in cursor.execute(query, parameters):
                yield key, dict(zip(names, values, strict=True))

    return side(profile, rows(), known)


def _known(connection: Connection, ctx: StageContext, profile: Profile) -> Sequence[tuple[Row, Row]]:
    """Return linked pairs, made by keys, rules or people: what true pairs look like here. Never what the scoring linked itself."""
    query = sql.SQL(
        """
        select l.id, i.system, {fields} from hub.link l
          join hub.link_end e on e.link_id = l.id join {table} i on i.system = e.system and i.key = e.key and i.deleted_at is null {company}
         where l.id in (select id from hub.link where pairing = %(pairing)s and entity = %(entity)s and rule <> %(scored)s order by id desc limit %(most)s)
        """
    ).format(**_parts(ctx, profile))
    parameters = {"pairing": ctx.pairing.name, "entity": profile.entity, "scored": SCORED, "most": _MOST_KNOWN}
    names, pairs = _names(profile), dict[int, dict[str, Row]]()
    for link, system, *values in connection.execute(query, parameters):
        pairs.setdefault(link, {})[system] = dict(zip(names, values, strict=True))
    crm, erp = ctx.pairing.crm.system, ctx.pairing.erp.system
    return [(ends[crm], ends[erp]) for _, ends in sorted(pairs.items()) if crm in ends and erp in ends]


def _names(profile: Profile) -> tuple[str, ...]:
    return tuple("customer" if name == "customer_key" else name for name in profile.reads)


def _parts(ctx: StageContext, profile: Profile) -> dict[str, sql.Composable]:
    """Return the fields of table ``i``, the table and, for what belongs to a customer, the join that gives its customer's link for its key.

    A field that the pairing leaves out is read as missing: it is no evidence, and makes no pairs.
    """
    owned, silent = "customer_key" in profile.reads, ctx.pairing.matching.entities[profile.entity].leave_out
    fields: list[sql.Composable] = []
    for name in profile.reads:
        if name in silent:
            fields.append(sql.SQL("null"))
        else:
            fields.append(sql.SQL("c.link_id::text") if name == "customer_key" else sql.Identifier("i", name))
    join = "left join hub.every_end c on c.pairing = %(pairing)s and c.entity = 'customer' and c.system = i.system and c.key = i.customer_key"
    return {
        "fields": sql.SQL(", ").join(fields),
        "table": sql.Identifier(SCHEMA, profile.entity),
        "company": sql.SQL(join if owned else ""),
    }


def _never(connection: Connection, ctx: StageContext, entity: str) -> frozenset[tuple[str, str]]:
    crm, erp = ctx.pairing.crm.system, ctx.pairing.erp.system
    ends = (dict(pair) for pair in never(connection, ctx.pairing.name, entity))
    return frozenset((pair[crm], pair[erp]) for pair in ends if crm in pair and erp in pair)


_HAS = """
select mine.key, array_remove(array_agg(c.subsidiary), null) from hub.link_end mine
  join hub.every_end theirs on theirs.link_id = mine.link_id and theirs.system = %(erp)s
  left join hub.customer c on c.system = theirs.system and c.key = theirs.key and c.deleted_at is null
 where mine.pairing = %(pairing)s and mine.entity = 'customer' and mine.system = %(crm)s
 group by mine.key
"""


def _several(connection: Connection, ctx: StageContext, entity: str) -> Several | None:
    """Return in which subsidiaries accounts have customers; None where the pairing gives an account one customer only."""
    if entity != CUSTOMER or ctx.pairing.orders.subsidiary is None:
        return None
    parameters = {"pairing": ctx.pairing.name, "crm": ctx.pairing.crm.system, "erp": ctx.pairing.erp.system}
    has = {key: frozenset(map(folded, names)) for key, names in connection.execute(_HAS, parameters)}
    return Several(has, asks=ctx.pairing.matching.entities[entity].further == "ask")
