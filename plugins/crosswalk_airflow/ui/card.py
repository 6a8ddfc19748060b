"""The customer card: what the other system knows of one customer, inside a page of the CRM or ERP.

The only page without Airflow's login. It answers a link that is signed for this one record (:mod:`crosswalk.facts.card_link`), reads
nothing but that record's facts, sets and reads no cookie, runs no script, and may be framed only by the hosts that the pairing names.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.card_keys import SECONDS_KEPT, kept_card_keys
from crosswalk_airflow.ui.common import PageError, choose_pairing, hub_of
from crosswalk_airflow.ui.rendering import render

if TYPE_CHECKING:
    from crosswalk.facts.card_link import CardLink
    from crosswalk.pairing import Pairing

app = FastAPI(title="Crosswalk card", docs_url=None, redoc_url=None, openapi_url=None)

_EXPIRED = ("This card is out of date", "Reload the page that shows it.")
_INVALID = ("This card cannot be shown", "Its link is not valid.")
_UNKNOWN = ("Not known yet", "The hub has not read this record; it will be here after the next run.")


@app.get("/{pairing}/{system}/{key:path}")
def card(request: Request, pairing: str, system: str, key: str) -> HTMLResponse:
    """Show one customer's card to whoever has a link that is signed for it and still holds."""
    from crosswalk.facts.card_link import is_genuine, is_in_time
    from crosswalk.facts.customer import customer_facts
    from crosswalk.model.errors import ConfigurationError

    link = _link(request, pairing, system, key)
    try:
        chosen = _pairing(pairing, int(time.monotonic() // SECONDS_KEPT)) if link else None
        if link is None or chosen is None or not is_genuine(link, kept_card_keys(chosen.card.connection)):
            return _answer("card_message.html", (), 403, told=_INVALID)
        side = chosen.side_of(system)
    except (ConfigurationError, KeyError):
        return _answer("card_message.html", (), 403, told=_INVALID)
    hosts = chosen.card.hosts(side)
    now = datetime.now(UTC)
    if not is_in_time(link, now=now):
        return _answer("card_message.html", hosts, 403, told=_EXPIRED)
    with hub_of(chosen).connection() as connection:
        facts = customer_facts(connection, chosen, system, key, today=now.date())
    if facts is None:
        return _answer("card_message.html", hosts, 404, told=_UNKNOWN)
    return _answer("card.html", hosts, 200, facts=facts, pairing=chosen, side=side)


def _link(request: Request, pairing: str, system: str, key: str) -> CardLink | None:
    """Return what the request's address says; None when it says too little or too much to be a link."""
    from crosswalk.facts.card_link import CardLink

    asked = request.query_params
    expires, by, signature = (asked.get(name, "") for name in ("expires", "by", "signature"))
    if len(expires) > 12 or not (expires.isascii() and expires.isdigit()) or len(signature) != 64 or len(key) > 200:
        return None
    if "\x00" in key or "\n" in f"{pairing}{system}{key}{by}":
        return None
    return CardLink(pairing, system, key, int(expires), by, signature)


@lru_cache(maxsize=16)
def _pairing(name: str, _bucket: int) -> Pairing | None:
    try:
        return choose_pairing(name)[0]
    except PageError:
        return None


def _answer(template: str, hosts: tuple[str, ...], status: int, **content: object) -> HTMLResponse:
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; sandbox; "
        f"frame-ancestors {' '.join(hosts) or chr(39) + 'none' + chr(39)}"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HTMLResponse(render(template, **content), status_code=status, headers=headers)
