"""The Service Layer's codes, and what each means for us (SAP Business One §10).

The text is in the session's language and companies reword their own: status, code and the number in front of the text decide,
never the words. The first rule that fits wins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from crosswalk.connectors.meanings import Rule
from crosswalk.model.errors import (
    AuthenticationError,
    ConflictError,
    CrosswalkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
    ValidationError,
)

if TYPE_CHECKING:
    import requests

NO_SESSION = "301"
NO_MATCH = "-2028"  # no such record, no such reference in a body, or an order that became a draft
CROWDED_SECONDS = 300.0  # before a login is tried again that found no free session


class AlreadyExistsError(ConflictError):
    """The code or the row's key is taken."""


class NoMatchError(ValidationError):
    """A code in the body has no record; of an order that is created it may also mean: it became a draft (§16)."""


_REPLAY = "Then replay the record."
TABLE = (
    Rule(RateLimitedError, "The Service Layer takes fewer requests; lower `concurrency` in the connection.", (429,)),
    Rule(AuthenticationError, "The session ended and a new one was refused at once: see the user's rights.", (401,)),
    Rule(TransientError, "A worker of the Service Layer failed; try again later.", (408, *range(500, 600))),
    Rule(
        PermissionDeniedError,
        "Give the integration's user the right (Administration > System Initialization > Authorizations) and a licence for it.",
        (403,),
    ),
    Rule(ConflictError, "Somebody saved the record meanwhile; it is planned anew.", (412,)),
    Rule(ConflictError, "Somebody saved the record meanwhile; it is planned anew.", codes=("-2039",)),
    Rule(
        NotFoundError, "The record was deleted, or the user may not see it.", (404,), (NO_MATCH,), text=r"^Entity with"
    ),
    Rule(
        NoMatchError,
        f"A code in the record (customer, item, warehouse, payment terms) does not exist in the company. {_REPLAY}",
        codes=(NO_MATCH,),
    ),
    Rule(
        AlreadyExistsError,
        f"Link the existing record, or free the code. {_REPLAY}",
        codes=("-2035",),
    ),
    Rule(
        AlreadyExistsError,
        f"Link the existing record, or free the code. {_REPLAY}",
        codes=("-10",),
        numbers=("1320000140",),
    ),
    Rule(
        ValidationError,
        f"Reactivate the customer, or take another one. {_REPLAY}",
        codes=("-10",),
        numbers=("10001071",),
    ),
    Rule(
        ValidationError, f"Reactivate the item, or see to its stock. {_REPLAY}", codes=("-10",), numbers=("10001069",)
    ),
    Rule(
        ValidationError,
        f"Correct the tax code in the pairing (`VatGroup` in Europe, `TaxCode` in the Americas). {_REPLAY}",
        codes=("-10",),
        numbers=("10000180",),
    ),
    Rule(ValidationError, f"Complete batch and serial numbers in the company. {_REPLAY}", codes=("-4014",)),
    Rule(ValidationError, f"Complete batch and serial numbers in the company. {_REPLAY}", numbers=("10001153",)),
    Rule(ValidationError, f"Give a discount below 100 %. {_REPLAY}", codes=("-5002",), numbers=("10001058",)),
    Rule(
        ValidationError,
        f"The field may not change any more: take it out of what is written, or make a new document. {_REPLAY}",
        codes=("-1029",),
    ),
    Rule(
        ValidationError,
        f"A rule of the company (transaction notification) refused it; the number names the rule. {_REPLAY}",
        codes=("-1116",),
    ),
    Rule(
        ValidationError,
        f"A rule of the company (transaction notification) refused it; the number names the rule. {_REPLAY}",
        text=r"^\(\d+\)",
    ),
    Rule(
        ValidationError, "The Service Layer cannot do this to such a document; do it in the company.", codes=("-5006",)
    ),
    Rule(
        SchemaError,
        "Correct the name in the mapping file, create the user field, or take it out of the server's schema file.",
        codes=("-1000",),
        text=r"propert|unrecognized resource|'[^']+' of '[^']+'",
    ),
    Rule(SchemaError, "Correct the name in the mapping file.", (404,), text="unrecognized resource"),
    Rule(NotFoundError, "The record was deleted, or the user may not see it.", (404,)),
    Rule(ValidationError, "Send fewer lines at once.", (413,)),
    Rule(ValidationError, f"Correct what the text says. {_REPLAY}"),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error body says; both protocol versions are read (SAP Business One §2)."""

    code: str = ""
    text: str = ""

    @property
    def number(self) -> str:
        """The number the text begins with: ``1320000140 - …``, ``(13000316) …``; empty without one."""
        found = re.match(r"(?:\[[^\]]*\]\s*,?\s*)?\(?(\d{3,})\)?", self.text.strip("'\" "))
        return found[1] if found else ""

    @property
    def column(self) -> str | None:
        """The column the text names: ``[ORDR.CardCode]``."""
        found = re.search(r"\[(\w+\.\w+)\]", self.text)
        return found[1] if found else None


def refusal_of(body: bytes) -> Refusal:
    """Return the code and text of an error body; empty for a body of another shape."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Refusal()
    error = told.get("error") if isinstance(told, Mapping) else None
    if not isinstance(error, Mapping):
        return Refusal()
    message = error.get("message")
    text = message.get("value") if isinstance(message, Mapping) else message
    return Refusal(str(error.get("code", "")), str(text or ""))


def error_of(status: int, body: bytes) -> CrosswalkError:
    """Return the error that a refusal stands for."""
    told = refusal_of(body)
    rule = next(rule for rule in TABLE if rule.fits(status, told.code, told.text, told.number))
    message = told.text or f"The Service Layer answered {status}{f' {told.code}' if told.code else ''}."
    field = told.column or _named_field(told.text) if issubclass(rule.error, SchemaError | ValidationError) else None
    return rule.error(message, hint=rule.hint, field=field, code=told.code or str(status))


def classify(response: requests.Response) -> CrosswalkError | None:
    """Return the error an answer stands for, None for a good one."""
    return error_of(response.status_code, response.content) if response.status_code >= 400 else None


# --- the login ---------------------------------------------------------------------------------

_CROWDED = re.compile(r"licen[cs]e|\bsessions?\b|too many|maximum|no free|connections?\b", re.IGNORECASE)


def classify_login(response: requests.Response) -> CrosswalkError | None:
    """Return the error a refused login stands for: want of a licence or session passes, bad credentials do not.

    A login that is tried again with bad credentials locks the user (SAP Business One §3).
    """
    status = response.status_code
    if status < 400:
        return None
    told = refusal_of(response.content)
    code = told.code or str(status)
    text = told.text or f"The Service Layer answered {status}."
    if status in (429, 503) or (status != 401 and status < 500 and _CROWDED.search(told.text)):
        return RateLimitedError(
            f"The login found no free session: {text}",
            hint="Close sessions nobody uses, or give the integration's user a licence of its own.",
            retry_after=CROWDED_SECONDS if status != 503 else None,
            code=code,
        )
    if status >= 500:
        return TransientError(text, hint="The Service Layer is disturbed; try again later.", code=code)
    return AuthenticationError(
        f"The login was refused: {text}",
        hint="Correct company database, user name and password in the connection; see that the user is neither locked nor expired.",
        code=code,
    )


def _named_field(text: str) -> str | None:
    found = re.search(r"[Pp]roperty '([^']+)'", text)
    return found[1] if found else None
