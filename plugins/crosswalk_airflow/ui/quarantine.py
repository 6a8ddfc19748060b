"""The records that could not go on: by cause, one cause's records, one record. What people do about them is in quarantine_deeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk.hub import causes, writes
from crosswalk.hub.causes import Cause, Order, Wanted
from crosswalk.hub.ledger import record_entries
from crosswalk_airflow.record_links import link_of
from crosswalk_airflow.ui import replaying
from crosswalk_airflow.ui.common import (
    LARGEST,
    READS,
    PageError,
    User,
    choose_pairing,
    hub_of,
    may_decide,
    may_replay,
    page,
)
from crosswalk_airflow.ui.naming import names_of
from crosswalk_airflow.ui.payload_form import fields_of
from crosswalk_airflow.ui.telling import Told, told_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    from crosswalk.hub.quarantine import QuarantineItem

router = APIRouter(dependencies=READS)

CAUSES_A_PAGE, ITEMS_A_PAGE, ITEMS_SHOWN = 25, 100, 8

Word = Annotated[str | None, Query(pattern=r"^[a-z0-9_]*$", max_length=100)]
Run = Annotated[str | None, Query(max_length=500)]
Text = Annotated[str | None, Query(max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=LARGEST)]


def _asked(
    pairing: Word = None,
    entity: Word = None,
    stage: Word = None,
    error_class: Word = None,
    fingerprint: Word = None,
    run: Run = None,
    text: Text = None,
    ignored: bool = False,
) -> Wanted:
    """Return what a page's address asks for."""
    chosen, _ = choose_pairing(pairing)
    words = (entity or None, stage or None, error_class or None, fingerprint or None)
    return Wanted(chosen.name, None, *words, run or None, (text or "").strip() or None, ignored)


Asked = Annotated[Wanted, Depends(_asked)]
Saying = Annotated[Told | None, Depends(told_of)]


@router.get("/quarantine")
def quarantine(
    request: Request,
    user: User,
    wanted: Asked,
    told: Saying,
    order: Order = "records",
    number: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the records that could not go on, by cause."""
    pairing, all_pairings = choose_pairing(wanted.pairing)
    with hub_of(pairing).connection() as connection:
        found = causes.causes(connection, wanted, order=order, limit=CAUSES_A_PAGE, offset=(number - 1) * CAUSES_A_PAGE)
        groups = [(cause, _of(wanted, cause)) for cause in found]
        shown = [(cause, of, causes.items(connection, of, limit=ITEMS_SHOWN)) for cause, of in groups]
        number_of_causes, total = causes.totals(connection, wanted)
        facets = causes.facets(connection, pairing.name)
        names = names_of(connection, _records(item for _, _, items in shown for item in items))
    content: dict[str, object] = {"pairing": pairing, "pairings": all_pairings, "groups": shown, "total": total}
    more = {
        "names": names,
        "causes": number_of_causes,
        "number": number,
        "pages": -(-number_of_causes // CAUSES_A_PAGE),
    }
    return page(
        request,
        "quarantine.html",
        {**content, **more, "wanted": wanted, "facets": facets, "order": order, "told": told, **rights(user)},
    )


@router.get("/quarantine/cause")
def cause(request: Request, user: User, wanted: Asked, told: Saying, before: Number = None) -> HTMLResponse:
    """Show every record of one cause, a page at a time."""
    pairing, _ = choose_pairing(wanted.pairing)
    with hub_of(pairing).connection() as connection:
        found = causes.causes(connection, wanted, limit=1)
        rows = causes.items(connection, wanted, limit=ITEMS_A_PAGE + 1, before=before)
        names = names_of(connection, _records(rows))
    if not found:
        raise PageError("Nothing left", "No open record has this cause any more.")
    content = {"pairing": pairing, "wanted": wanted, "cause": found[0], "items": rows[:ITEMS_A_PAGE], "before": before}
    following = rows[ITEMS_A_PAGE - 1].id if len(rows) > ITEMS_A_PAGE else None
    return page(
        request, "cause.html", {**content, "names": names, "following": following, "told": told, **rights(user)}
    )


@router.get("/quarantine/item/{item_id}")
def item(request: Request, user: User, item_id: Annotated[int, Path(ge=1, le=LARGEST)], told: Saying) -> HTMLResponse:
    """Show one record: what happened, what was sent and answered, its history, and what can be done."""
    return page(request, "item.html", item_content(item_id, user) | {"told": told})


def item_content(item_id: int, user: BaseUser) -> dict[str, object]:
    """Return what the page of one record shows."""
    _, everywhere = choose_pairing(None)
    for pairing in everywhere:
        with hub_of(pairing).connection() as connection:
            found = causes.item(connection, item_id)
            if found is None or found.pairing != pairing.name:
                continue
            intent = found.payload.get("intent")
            write = writes.write(connection, str(intent)) if intent else None
            history = record_entries(connection, found.system, found.entity, found.key, limit=25)
            outlook = replaying.what_happens(connection, pairing, found) if found.status == "open" else []
        return {
            "pairing": pairing,
            "item": found,
            "wanted": Wanted(pairing.name, found.id),
            "write": write,
            "fields": fields_of(write.payload) if write else [],
            "editable": write is not None and write.status == "rejected" and found.status == "open",
            "history": history,
            "outlook": outlook,
            "dag": replaying.dag_of(pairing, found),
            "there": link_of(pairing, found.system, found.entity, found.key),
            "wrong": None,
            **rights(user),
        }
    raise PageError("No such record", "There is no record under this number in quarantine.")


def rights(user: BaseUser) -> dict[str, object]:
    """Return what the user is offered."""
    return {"may_decide": may_decide(user), "may_replay": may_replay(user)}


def _records(items: Iterable[QuarantineItem]) -> list[tuple[str, str, str]]:
    return [(item.entity, item.system, item.key) for item in items]


def _of(wanted: Wanted, cause: Cause) -> Wanted:
    return replace(wanted, stage=cause.stage, error_class=cause.error_class, fingerprint=cause.fingerprint)
