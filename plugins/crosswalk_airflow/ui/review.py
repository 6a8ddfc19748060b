"""Doubtful pairs for a person to decide, links to undo, and the report before orders go live."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from crosswalk.identity.cutover import Bucket
from crosswalk_airflow.ui.common import (
    DECIDES,
    HEADERS,
    READS,
    Name,
    PageError,
    User,
    choose_pairing,
    hub_of,
    may_decide,
    page,
    person,
    see_other,
)
from crosswalk_airflow.ui.naming import names_of

if TYPE_CHECKING:
    from crosswalk.hub.database import Connection
    from crosswalk.hub.matches import Match
    from crosswalk.model.records import Image
    from crosswalk.pairing import Pairing

router = APIRouter(dependencies=READS)
LISTED = 100
_HIDDEN = frozenset({"counterpart_key", "parent_key", "owner"})
Key = Annotated[str, Query(max_length=200)]


@router.get("/matches")
def matches(
    request: Request,
    user: User,
    pairing: Name = None,
    entity: Name = None,
    told: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """Show the surest open pair side by side, the others below it."""
    return page(request, "matches.html", {**waiting(pairing, entity), "may": may_decide(user), "told": told})


@router.post("/matches/decide", dependencies=DECIDES)
def decide(
    request: Request,
    user: User,
    pairing: Annotated[str, Form(max_length=100)],
    decision: Annotated[Literal["same", "different", "skip"], Form()],
    match: Annotated[list[int], Form()],
    entity: Annotated[str, Form(max_length=100)] = "",
) -> RedirectResponse:
    """Record what a person says of one pair or of many; each for itself, so that one that is gone stops nobody."""
    from crosswalk.hub import matches as hub_matches
    from crosswalk.model.errors import NotFoundError

    chosen, _ = choose_pairing(pairing)
    several_in = chosen.erp.system if chosen.orders.subsidiary else None
    done, gone = 0, 0
    for number in match:
        try:
            with hub_of(chosen).connection() as connection:
                hub_matches.decide(connection, number, decision, actor=person(user), several_in=several_in)
            done += 1
        except NotFoundError:
            gone += 1
    told = f"{done} {_WORDS[decision]}" + (f", {gone} not open any more" if gone else "")
    shown = {"pairing": chosen.name, "entity": entity if entity.isidentifier() else "", "told": told}
    return see_other(request, f"/matches?{urlencode(shown)}")


@router.post("/matches/take_back", dependencies=DECIDES)
def take_back(
    request: Request,
    user: User,
    pairing: Annotated[str, Form(max_length=100)],
    match: Annotated[int, Form()],
) -> RedirectResponse:
    """Take back that two records are different; what was linked is undone on the link's own page."""
    from crosswalk.hub import matches as hub_matches
    from crosswalk.model.errors import NotFoundError

    chosen, _ = choose_pairing(pairing)
    try:
        with hub_of(chosen).connection() as connection:
            hub_matches.take_back(connection, match, actor=person(user))
    except NotFoundError as error:
        raise PageError("Not kept apart any more", f"{error} {error.hint}") from error
    return see_other(request, f"/matches?{urlencode({'pairing': chosen.name, 'told': '1 taken back'})}")


@router.get("/matches/link")
def link(
    request: Request, user: User, system: Key, key: Key, pairing: Name = None, entity: Name = "customer"
) -> HTMLResponse:
    """Show a link: both records, who made it, and what was written through it."""
    return page(request, "link.html", {**linked(pairing, entity or "", system, key), "may": may_decide(user)})


@router.post("/matches/undo", dependencies=DECIDES)
def undo(
    request: Request,
    user: User,
    pairing: Annotated[str, Form(max_length=100)],
    entity: Annotated[str, Form(max_length=100)],
    system: Annotated[str, Form(max_length=200)],
    key: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(min_length=3, max_length=500)],
) -> RedirectResponse:
    """End a link and keep the two apart from now on."""
    from crosswalk.hub import undoing
    from crosswalk.model.errors import NotFoundError

    chosen, _ = choose_pairing(pairing)
    try:
        with hub_of(chosen).connection() as connection:
            written = undoing.undo(connection, chosen.name, entity, system, key, actor=person(user), reason=reason)
    except NotFoundError as error:
        raise PageError("Not linked any more", f"{error} {error.hint}") from error
    stay = (
        "1 write made through it stays as it is"
        if len(written) == 1
        else f"{len(written)} writes made through it stay as they are"
    )
    told = f"Link undone, {stay}"
    return see_other(request, f"/matches?{urlencode({'pairing': chosen.name, 'told': told})}")


@router.get("/cutover")
def cutover(request: Request, pairing: Name = None, entity: Name = None, bucket: Bucket | None = None) -> HTMLResponse:
    """Show what is linked, doubtful, only on one side, or there twice."""
    return page(request, "cutover.html", report(pairing, entity, bucket))


@router.get("/cutover.csv")
def cutover_csv(bucket: Bucket, pairing: Name = None, entity: Name = "customer") -> Response:
    """Return the records of one bucket as CSV."""
    from crosswalk.identity.cutover import COLUMNS
    from crosswalk.quality.tables import Table, as_csv

    rows = report(pairing, entity, bucket, limit=100_000)["records"]
    assert isinstance(rows, list)
    text = as_csv(Table(f"{entity} {bucket}", COLUMNS, tuple(astuple(row) for row in rows)))
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{entity}_{bucket}.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


_WORDS = {"same": "linked", "different": "kept apart", "skip": "put off"}


def waiting(name: str | None, entity: str | None) -> dict[str, object]:
    """Return the open pairs of a pairing, the first with both records in full."""
    from crosswalk.hub.matches import latest_decisions, open_matches
    from crosswalk.hub.thresholds import decisions_since, thresholds

    pairing, all_pairings = choose_pairing(name)
    with hub_of(pairing).connection() as connection:
        found = open_matches(connection, pairing.name, entity or None, limit=LISTED)
        total = connection.execute(
            "select entity, count(*) from hub.match_candidate where pairing = %s and status = 'open' group by entity order by entity",
            (pairing.name,),
        ).fetchall()
        decided = latest_decisions(connection, pairing.name)
        names = names_of(
            connection,
            [
                (one.entity, system, key)
                for one in (*found, *decided)
                for system, key in ((one.left_system, one.left_key), (one.right_system, one.right_key))
            ],
        )
        learnt, since = thresholds(connection, pairing.name), decisions_since(connection, pairing.name)
        first = _side_by_side(connection, pairing, found[0]) if found else None
    return {
        "pairing": pairing,
        "pairings": all_pairings,
        "entity": entity or "",
        "totals": dict(total),
        "matches": found,
        "names": names,
        "first": first,
        "decided": decided,
        "learnt": learnt,
        "since": since,
    }


# A further customer has its link's account beside it; what else the account is in the ERP is told below.
_LINK = """
select coalesce(f.rule, l.rule), coalesce(f.created_at, l.created_at), theirs.system, theirs.key, l.id, mine.further
  from hub.every_end mine
  join hub.link l on l.id = mine.link_id
  join hub.link_end theirs on theirs.link_id = l.id and theirs.system <> mine.system
  left join hub.further_end f on mine.further and (f.pairing, f.entity, f.system, f.key) = (mine.pairing, mine.entity, mine.system, mine.key)
 where mine.pairing = %s and mine.entity = %s and mine.system = %s and mine.key = %s
"""
_FURTHER = """
select e.key, coalesce(c.name, ''), coalesce(c.subsidiary, ''), e.further
  from hub.every_end e left join hub.customer c on c.system = e.system and c.key = e.key
 where e.link_id = %s and e.entity = 'customer' and e.system = %s and e.key <> %s
 order by e.further, e.key
"""


def linked(name: str | None, entity: str, system: str, key: str) -> dict[str, object]:
    """Return a link with both records and what was written through it."""
    from crosswalk.hub.undoing import written_through

    pairing, all_pairings = choose_pairing(name)
    with hub_of(pairing).connection() as connection:
        row = connection.execute(_LINK, (pairing.name, entity, system, key)).fetchone()
        if row is None:
            raise PageError("Not linked", f"{entity} {key} of {system} is linked to nothing.")
        ends = {system: key, row[2]: row[3]}
        crm, erp = (ends.get(side.system, "") for side in (pairing.crm, pairing.erp))
        fields = _fields(connection, pairing, entity, crm, erp)
        written = written_through(connection, pairing.name, entity, system, key)
        further = connection.execute(_FURTHER, (row[4], pairing.erp.system, erp)).fetchall()
    return {
        "pairing": pairing, "pairings": all_pairings, "entity": entity, "system": system, "key": key, "crm_key": crm, "erp_key": erp,
        "rule": row[0], "since": row[1], "fields": fields, "written": written, "others": further, "is_further": row[5],
    }  # fmt: skip


def report(name: str | None, entity: str | None, bucket: Bucket | None, limit: int = 1000) -> dict[str, object]:
    """Return the cutover report, with the records of one bucket when it is asked for."""
    from crosswalk.identity.cutover import MATCHED, records
    from crosswalk.identity.cutover import cutover as counts

    pairing, all_pairings = choose_pairing(name)
    chosen = entity if entity in MATCHED else "customer"
    with hub_of(pairing).connection() as connection:
        found = records(connection, pairing, chosen, bucket, limit) if bucket else []
        return {
            "pairing": pairing,
            "pairings": all_pairings,
            "entities": counts(connection, pairing),
            "entity": chosen,
            "bucket": bucket,
            "records": found,
        }


def _side_by_side(connection: Connection, pairing: Pairing, match: Match) -> dict[str, object]:
    keys = {match.left_system: match.left_key, match.right_system: match.right_key}
    fields = _fields(connection, pairing, match.entity, keys[pairing.crm.system], keys[pairing.erp.system])
    return {"match": match, "fields": fields, "crm_key": keys[pairing.crm.system], "erp_key": keys[pairing.erp.system]}


def _fields(
    connection: Connection, pairing: Pairing, entity: str, crm_key: str, erp_key: str
) -> list[tuple[str, object, object, str]]:
    """Return what either side says, field by field, and which value would come first; sensitive fields have no way in."""
    from crosswalk.hub.reading import image
    from crosswalk.identity.survivorship import first_values
    from crosswalk.model.entities import ENTITIES

    about = ENTITIES[entity]
    crm = image(connection, about, pairing.crm.system, crm_key) or _nothing(pairing.crm.system, entity, crm_key)
    erp = image(connection, about, pairing.erp.system, erp_key) or _nothing(pairing.erp.system, entity, erp_key)
    names = tuple(field.name for field in about.fields if not field.sensitive and field.name not in _HIDDEN)
    rules = pairing.matching.survivors.get(entity, {})
    first = first_values(crm, erp, rules, names)
    return [
        (name, crm.values.get(name), erp.values.get(name), first[name].side or "")
        for name in names
        if crm.values.get(name) is not None or erp.values.get(name) is not None
    ]


def _nothing(system: str, entity: str, key: str) -> Image:
    from crosswalk.model.records import Image

    return Image(system, entity, key, "", None, deleted=True, values={})
