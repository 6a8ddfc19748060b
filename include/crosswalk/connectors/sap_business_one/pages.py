"""One page of a set: how it is asked for, alone or as a part of a batch, and what came (SAP Business One §5, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from crosswalk.model.errors import TransientError

if TYPE_CHECKING:
    import requests

MOST_PARTS = 5  # reads of a batch, 100 keys each: its answer comes whole, and is no longer than a page of partners

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Up to ``rows`` records of a set; ``options`` are the query options without their ``$``.

    The page's size is preferred, never ``$top``, which would end the list (§5).
    """

    name: str
    rows: int
    options: Mapping[str, str]

    @property
    def path(self) -> str:
        """What follows ``/b1s/v2/``."""
        return query(self.name, **self.options)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this question, alone or within a batch."""
        return {"Prefer": f"odata.maxpagesize={self.rows}"}


class Rows(NamedTuple):
    """Some records, whether there may be more, and when they were asked for by the server's clock (None: it did not say)."""

    rows: list[Body]
    more: bool
    asked: datetime | None


def rows_of(question: Question, answer: object, response: requests.Response) -> Rows:
    """Return what a question brought; ``response`` is the answer that bears it, a batch's or its own.

    A page that is full, or names a next one, is followed by another: the caller goes on behind its last key.
    """
    date = date_of(response)
    found, more = page_of(answer, question.rows)
    return Rows(found, more, date - response.elapsed if date else None)


def query(name: str, **options: str) -> str:
    """Return a path with its query options, percent-encoded: ``Items?$select=ItemCode&$filter=…``; empty options are left out."""
    given = [f"${key}={quote(value, safe='(),=/$')}" for key, value in options.items() if value]
    return f"{name}?{'&'.join(given)}" if given else name


def page_of(answer: object, rows: int) -> tuple[list[Body], bool]:
    """Return an answer's rows and whether there may be more."""
    body = object_of(answer)
    found = [row for row in body.get("value") or () if isinstance(row, Mapping)]
    linked = "@odata.nextLink" in body or "odata.nextLink" in body
    return found, bool(found) and (linked or (rows > 0 and len(found) >= rows))


def object_of(answer: object) -> Body:
    """Return an answer that has to be a JSON object; raises TransientError for anything else."""
    if not isinstance(answer, Mapping):
        raise TransientError(
            "The Service Layer answered with something other than a JSON object.", hint="Try again later."
        )
    return answer


def date_of(response: requests.Response) -> datetime | None:
    """Return the server's time by an answer's Date header; None when it bears none that can be read."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
