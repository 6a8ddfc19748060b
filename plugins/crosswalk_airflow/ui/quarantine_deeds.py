"""What people do about quarantined records: assign, ignore, close, replay, edit. Done deeds lead back to a page that says so."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from crosswalk.hub import causes, decisions, writes
from crosswalk.hub.causes import Wanted
from crosswalk.mapping.document import load_mapping
from crosswalk.stages.edited import measured
from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.ui import replaying
from crosswalk_airflow.ui.common import (
    DECIDES,
    LARGEST,
    MOST_FIELDS,
    READS,
    REPLAYS,
    PageError,
    User,
    choose_pairing,
    hub_of,
    page,
    person,
    see_other,
)
from crosswalk_airflow.ui.payload_form import FormError, edited
from crosswalk_airflow.ui.quarantine import item_content

router = APIRouter(dependencies=READS)

LONGEST_REASON = 500

Word = Annotated[str | None, Form(pattern=r"^[a-z0-9_]*$", max_length=100)]
Text = Annotated[str, Form(max_length=LONGEST_REASON)]
Reason = Annotated[str, Form(min_length=3, max_length=LONGEST_REASON)]

FIELD = "field:"
"""What the names of a write's values begin with in the form."""


def _meant(
    pairing: Annotated[str, Form(pattern=r"^[a-z0-9_]+$")],
    id: Annotated[int | None, Form(ge=1, le=LARGEST)] = None,
    entity: Word = None,
    stage: Word = None,
    error_class: Word = None,
    fingerprint: Word = None,
    run: Annotated[str | None, Form(max_length=500)] = None,
    text: Annotated[str | None, Form(max_length=200)] = None,
    ignored: Annotated[bool | None, Form()] = None,
) -> Wanted:
    """Return what a deed's form means; one record is meant whether it is ignored or not."""
    chosen, _ = choose_pairing(pairing)
    words = (entity or None, stage or None, error_class or None, fingerprint or None)
    return Wanted(chosen.name, id, *words, run or None, text or None, None if id else bool(ignored))


Meant = Annotated[Wanted, Depends(_meant)]


@router.post("/quarantine/replay", dependencies=REPLAYS)
def replay(
    request: Request, user: User, wanted: Meant, now: Annotated[bool, Form()] = False, reason: Text = ""
) -> RedirectResponse:
    """Let the meant records be tried again, and start a run at once if asked."""
    pairing, _ = choose_pairing(wanted.pairing)
    with hub_of(pairing).connection() as connection:
        replayed = decisions.replay(connection, wanted, actor=person(user), reason=reason)
    runs = replaying.run_now(pairing, replayed, user) if now and replayed.total else []
    return _done(request, wanted, "replayed", replayed.total, stuck=replayed.stuck, run=runs)


@router.post("/quarantine/edit", dependencies=REPLAYS, response_model=None)
async def edit(request: Request, user: User) -> HTMLResponse | RedirectResponse:
    """Replay one record's write with the values a person gave it; its form has a field for each value, however many there are."""
    form = await request.form(max_fields=MOST_FIELDS)
    sent = {name: str(value) for name, value in form.items()}
    number, reason = sent.get("id", ""), sent.get("reason", "")
    if not number.isascii() or not number.isdigit() or int(number[:20]) > LARGEST or len(reason) > LONGEST_REASON:
        raise PageError("That cannot be done", "The form is not one of ours.", 422)
    wanted = Wanted(choose_pairing(sent.get("pairing"))[0].name, int(number), ignored=None)
    given = {name.removeprefix(FIELD): text for name, text in sent.items() if name.startswith(FIELD)}
    return await run_in_threadpool(_edit, request, user, wanted, given, sent.get("now") == "true", reason)


@router.post("/quarantine/assign", dependencies=DECIDES)
def assign(
    request: Request, user: User, wanted: Meant, owner: Annotated[str, Form(max_length=80)] = ""
) -> RedirectResponse:
    """Say who looks after the meant records."""
    with hub_of(choose_pairing(wanted.pairing)[0]).connection() as connection:
        count = decisions.assign(connection, wanted, owner.strip() or None, actor=person(user))
    return _done(request, wanted, "assigned", count)


@router.post("/quarantine/ignore", dependencies=DECIDES)
def ignore(request: Request, user: User, wanted: Meant, reason: Reason) -> RedirectResponse:
    """Leave the meant records alone for as long as they fail in the same way."""
    with hub_of(choose_pairing(wanted.pairing)[0]).connection() as connection:
        count = decisions.ignore(connection, wanted, actor=person(user), reason=reason)
    return _done(request, wanted, "ignored", count)


@router.post("/quarantine/notice", dependencies=DECIDES)
def notice(request: Request, user: User, wanted: Meant, reason: Text = "") -> RedirectResponse:
    """Take an ignoring back."""
    with hub_of(choose_pairing(wanted.pairing)[0]).connection() as connection:
        count = decisions.notice(connection, wanted, actor=person(user), reason=reason)
    return _done(request, wanted, "noticed", count)


@router.post("/quarantine/close", dependencies=DECIDES)
def close(request: Request, user: User, wanted: Meant, reason: Reason) -> RedirectResponse:
    """Close the meant records."""
    with hub_of(choose_pairing(wanted.pairing)[0]).connection() as connection:
        count = decisions.close(connection, wanted, actor=person(user), reason=reason)
    return _done(request, wanted, "closed", count)


def _edit(
    request: Request, user: User, wanted: Wanted, given: dict[str, str], now: bool, reason: str
) -> HTMLResponse | RedirectResponse:
    pairing, _ = choose_pairing(wanted.pairing)
    replayed = False
    with hub_of(pairing).connection() as connection:
        item = causes.item(connection, wanted.id or 0)
        if item is None or item.status != "open" or item.pairing != pairing.name or "intent" not in item.payload:
            raise PageError("Nothing to edit", "This record is not in quarantine any more, or has no write.", 409)
        write = writes.write(connection, str(item.payload["intent"]))
        if write is None:
            raise PageError("Nothing to edit", "The write of this record is not there any more.", 409)
        try:
            payload, changes = edited(write.payload, given)
        except FormError as error:
            content = item_content(item.id, user) | {"wrong": str(error), "given": given, "told": None}
            return page(request, "item.html", content, status=422)
        if changes:
            mapping = load_mapping(include_folder() / "mappings" / pairing.erp.mapping)
            found = measured(connection, pairing, mapping.entities.get("order_line"), write, payload)
            replayed = decisions.replay_edited(
                connection, item, found.payload, changes, actor=person(user), reason=reason, why_held=found.why
            )
    if not changes:
        return _done(request, wanted, "unchanged", 0)
    if replayed and found.why:
        return _done(request, wanted, "edited_held", 1)
    done = decisions.Replayed({str(item.payload["flow"]): 1} if replayed else {}, 0 if replayed else 1)
    runs = replaying.run_now(pairing, done, user) if now and replayed else []
    return _done(request, wanted, "edited", done.total, stuck=done.stuck, run=runs)


def _done(
    request: Request, wanted: Wanted, deed: str, count: int, *, stuck: int = 0, run: list[str] | None = None
) -> RedirectResponse:
    """Lead back to the record, or to the list narrowed as it was, and say there what was done."""
    said = [("told", deed), ("count", str(count)), ("stuck", str(stuck)), *(("began", one) for one in run or [])]
    if wanted.id is not None:
        return see_other(request, f"/quarantine/item/{wanted.id}?{urlencode(said)}")
    narrowed = [("pairing", wanted.pairing), ("entity", wanted.entity), ("run", wanted.run), ("text", wanted.text)]
    kept = [(name, value) for name, value in narrowed if value]
    return see_other(request, f"/quarantine?{urlencode([*kept, *said])}")
