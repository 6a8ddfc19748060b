"""What all pages share: who may do what, where a request must come from, the pairing and its hub, and how a page is answered.

Rights are Airflow's own, so that every auth manager can give them. Asked is what the roles of SimpleAuthManager and of FAB agree on:

=======  ===================================  ======  ===========================
needs    asked of the auth manager            Simple  FAB
=======  ===================================  ======  ===========================
READS    the view WEBSITE                     VIEWER  Viewer, read on Website
DECIDES  to change a run of a DAG             USER    User, edit on DAG Runs
REPLAYS  to change how much a pool lets pass  OP      Op, edit on Pools
=======  ===================================  ======  ===========================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import (
    GetUserDep,
    requires_access_dag,
    requires_access_view,
)
from fastapi import Depends, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import MutableHeaders

from crosswalk_airflow.paths import include_folder
from crosswalk_airflow.ui.rendering import render

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from crosswalk.hub.database import Hub
    from crosswalk.pairing import Pairing

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def _must_be_let_change_pools(user: GetUserDep) -> None:
    if not may_replay(user):
        raise HTTPException(403, "Forbidden")


READS = [Depends(requires_access_view(AccessView.WEBSITE))]
DECIDES = [*READS, Depends(requires_access_dag("PUT", DagAccessEntity.RUN))]
REPLAYS = [*DECIDES, Depends(_must_be_let_change_pools)]

User = GetUserDep
"""A handler's parameter that is given the signed-in user."""

Name = Annotated[str | None, Query(pattern=r"^[a-z0-9_]*$", max_length=100)]
"""A query parameter that names a pairing, check or stage."""

MOST_FIELDS = 20_000
"""The most fields that a form of ours has: an order of some thousand lines, each value a field."""

LARGEST = 2**63 - 1
"""The largest number that the hub counts to."""


class PageError(Exception):
    """A page that cannot be shown, with the sentence that is shown instead."""

    def __init__(self, title: str, message: str, status: int = 404) -> None:
        super().__init__(message)
        self.title, self.message, self.status = title, message, status


def page(request: Request, template: str, content: dict[str, object], status: int = 200) -> HTMLResponse:
    """Answer with ``template``; links in it begin with ``base``, as Airflow may live below a path."""
    return HTMLResponse(render(template, base=base_of(request), **content), status_code=status, headers=HEADERS)


def sentence(request: Request, error: PageError) -> HTMLResponse:
    """Answer with what went wrong."""
    return page(request, "message.html", {"title": error.title, "message": error.message}, error.status)


def see_other(request: Request, path: str) -> RedirectResponse:
    """Answer a done deed with the page that shows it, so that reloading repeats nothing."""
    return RedirectResponse(base_of(request) + path, status_code=303, headers=HEADERS)


def mistyped(request: Request, error: RequestValidationError) -> HTMLResponse:
    """Answer with what cannot be asked or sent like that, without repeating what was sent."""
    told = {f"{one['loc'][-1]}: {one['msg']}." for one in error.errors() if one.get("loc")}
    content: dict[str, object] = {"title": "That cannot be done", "message": " ".join(sorted(told))}
    return page(request, "message.html", content, 422)


def base_of(request: Request) -> str:
    """Return the path below which our pages are."""
    return str(request.scope.get("root_path", ""))


def same_origin(request: Request) -> None:
    """Refuse a deed that another site's page had the browser send; the login's cookie alone proves no intent.

    Browsers say where a request comes from. A client that says nothing is none, and must bring a token of its own.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        allowed = site == "same-origin"
    elif origin is not None:
        allowed = urlsplit(origin).netloc == request.headers.get("host")
    else:
        allowed = request.headers.get("authorization", "").lower().startswith("bearer ")
    if not allowed:
        raise PageError("Not from here", "This was sent by another site's page. Do it on our own page.", status=403)


async def storable(request: Request) -> None:
    """Refuse text with characters that no text in Postgres has, wherever in the request it stands."""
    texts = [*request.path_params.values(), *(value for _, value in request.query_params.multi_items())]
    if request.method == "POST":
        texts += [value for _, value in (await request.form(max_fields=MOST_FIELDS)).multi_items()]
    if any("\x00" in str(text) for text in texts):
        raise PageError("That cannot be done", "Text with the character NUL cannot be kept.", status=422)


class Unkept:
    """Sees to it that no answer is kept by a browser or proxy, errors included, unless its route says that it may be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", HEADERS["Cache-Control"])
                headers.setdefault("X-Content-Type-Options", HEADERS["X-Content-Type-Options"])
            await send(message)

        await self._app(scope, receive, said)


def person(user: BaseUser) -> str:
    """Return how the ledger names a signed-in user as the one who decided."""
    return f"person:{user.get_name()}"


def may_decide(user: BaseUser) -> bool:
    """Return whether to offer what needs DECIDES; the deed itself is checked again."""
    return get_auth_manager().is_authorized_dag(method="PUT", access_entity=DagAccessEntity.RUN, user=user)


def may_replay(user: BaseUser) -> bool:
    """Return whether to offer what needs REPLAYS; the deed itself is checked again."""
    return may_decide(user) and get_auth_manager().is_authorized_pool(method="PUT", user=user)


def choose_pairing(name: str | None) -> tuple[Pairing, list[Pairing]]:
    """Return the pairing that is asked for (the first when none is named), and all of them."""
    from crosswalk.model.errors import ConfigurationError
    from crosswalk.pairing import load_pairings

    try:
        all_pairings = load_pairings(include_folder() / "pairings")
    except ConfigurationError as error:
        raise PageError("A pairing file is wrong", str(error), status=503) from error
    if not all_pairings:
        raise PageError("No pairing yet", "Put a pairing file into include/pairings.")
    for pairing in all_pairings:
        if name in (None, "", pairing.name):
            return pairing, all_pairings
    raise PageError(
        "No such pairing", f"There is no pairing {name}. Known: {', '.join(pairing.name for pairing in all_pairings)}."
    )


def hub_of(pairing: Pairing) -> Hub:
    """Return the pairing's hub, with the pool that all pages share."""
    from crosswalk_airflow.hooks.hub import HubHook

    return HubHook.shared(pairing.hub_connection)
