"""What a platform's profile says: the vendor's rules as data, and the few verbs that every vendor spells differently.

A profile is written from the platform page, never from the emulator's or the connector's code. The suites know only this.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import requests
from requests.auth import AuthBase

from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import Selection, Value

TIMEOUT = 20
Access = Mapping[str, Any]
Credentials = dict[str, str]


class Session:
    """A user of one account, signed in by one flow (or by none)."""

    def __init__(self, base_url: str, auth: AuthBase | None) -> None:
        self.base_url = base_url
        self.auth = auth
        self._http = requests.Session()
        self._http.auth = auth

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request; nothing is raised for what the vendor answers."""
        return self._http.request(method, self.base_url + path, timeout=TIMEOUT, **options)

    def good(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request that must succeed."""
        answer = self.call(method, path, **options)
        assert answer.status_code < 400, f"{method} {path} answered {answer.status_code}: {answer.text[:500]}"
        return answer


@dataclass(frozen=True)
class Bearer(AuthBase):
    """A token in the Authorization header."""

    token: str

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass(frozen=True)
class Flow:
    """One way to sign in. ``uses`` are the keys of the access document it needs, ``pick`` takes the credentials out of it.

    ``attempt`` makes the request whose answer says whether the credentials are good; ``sign`` turns them and that answer into
    what signs further requests. ``refusals`` are the (status, code) pairs the page names for bad credentials.
    """

    name: str
    uses: tuple[str, ...]
    pick: Callable[[Access], Credentials]
    attempt: Callable[[str, Credentials], requests.Response]
    sign: Callable[[Credentials, requests.Response], AuthBase]
    refused: Callable[[requests.Response], tuple[int, str]]
    refusals: frozenset[tuple[int, str]]
    lifetime: int | None = None  # seconds until a session ends by itself; None where every request is signed anew
    revoke: Callable[[str, Credentials, requests.Response], requests.Response] | None = None


@dataclass(frozen=True)
class Refusal:
    """A request that the vendor refuses, and how. ``{customer}`` in the path is an existing record's id.

    ``flow`` signs in otherwise than usual, ``""`` not at all. ``action`` is the emulator's switch that makes it so, with the
    wish that sets it and the one that takes it back.
    """

    title: str
    method: str
    path: str
    status: int
    code: str
    options: Mapping[str, Any] = field(default_factory=dict)
    flow: str | None = None
    action: tuple[str, Mapping[str, Any], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Cap:
    """A request for more than the vendor gives: it gives ``rows``, or refuses with ``refused``.

    That is (status, pattern of the code), since the page may say no more than what the code is like.
    """

    title: str
    ask: Callable[[Session], requests.Response]
    rows: int | None = None
    refused: tuple[int, str] | None = None


@dataclass(frozen=True)
class OddWrite:
    """A create with a field that is unknown or read only: refused with (status, code), or taken with the field left alone."""

    title: str
    values: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[int, str] | None = None


@dataclass(frozen=True)
class Row:
    """A customer as the vendor shows it."""

    key: str
    name: str
    stamp: datetime | None = None


@dataclass(frozen=True)
class Changes:
    """What the vendor's own change detection told, and where it goes on."""

    rows: tuple[Row, ...]
    deleted: frozenset[str]
    cursor: str


class EmulatorProfile(ABC):
    """The vendor's rules for the emulator suite. The record of all verbs is the vendor's customer, found by its name."""

    platform: ClassVar[str]
    options: ClassVar[Mapping[str, str]] = {}  # of the emulator: what makes pages small
    page_rows: ClassVar[int]  # of one page of `pages`
    flows: ClassVar[tuple[Flow, ...]]  # the first one is the usual one
    facts: ClassVar[frozenset[str]]  # keys of the access document that are no credentials
    refusals: ClassVar[tuple[Refusal, ...]]
    caps: ClassVar[tuple[Cap, ...]]
    odd_writes: ClassVar[tuple[OddWrite, ...]]
    injected: ClassVar[Mapping[int, str]]  # status of a fault → the code in the vendor's body; "" for an empty body
    concurrent: ClassVar[tuple[int, str, tuple[int, str]] | None] = None  # slots, action(seconds), refusal
    known_faults: ClassVar[Mapping[str, str]] = {}  # test → what is wrong; the suite fails once it is right
    has_allowance: ClassVar[bool] = False  # the account counts its calls
    has_tombstones: ClassVar[bool] = (
        True  # also what came and went since is told; else deletions are known by comparing keys
    )

    def flow(self, name: str | None = None) -> Flow:
        """Return a flow by name, the usual one without."""
        return next(flow for flow in self.flows if name in (None, flow.name))

    @property
    def session_flow(self) -> Flow:
        """Return the first flow whose sessions end."""
        return next(flow for flow in self.flows if flow.lifetime is not None)

    @abstractmethod
    def code(self, answer: requests.Response) -> str:
        """Return the vendor's code of a refusal; fails when the body is not the vendor's envelope to the letter."""

    @abstractmethod
    def post(
        self,
        session: Session,
        name: str,
        key: str | None = None,
        values: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Ask for a new record, under an external key if given."""

    @abstractmethod
    def created(self, answer: requests.Response) -> str:
        """Return the new record's id from the answer to `post`."""

    @abstractmethod
    def rename(self, session: Session, key: str, name: str) -> None:
        """Give a record another name."""

    @abstractmethod
    def delete(self, session: Session, key: str) -> None:
        """Delete a record."""

    @abstractmethod
    def read(self, session: Session, key: str) -> Row | None:
        """Return one record with its stamp of change; None when it is not there."""

    @abstractmethod
    def pages(self, session: Session) -> Iterator[list[Row]]:
        """Yield all records the way the page recommends for a stable scan."""

    @abstractmethod
    def cursor(self, session: Session) -> str:
        """Return where the change detection stands now."""

    @abstractmethod
    def changes(self, session: Session, cursor: str) -> Changes:
        """Return what changed since, by the path the page recommends."""

    def allowance(self, answer: requests.Response) -> tuple[int, int]:
        """Return (used, most) calls as an answer's header tells; only where `has_allowance`."""
        raise NotImplementedError(self.platform)

    def remaining(self, session: Session) -> int:
        """Return the calls left, as the account's own resource tells; only where `has_allowance`."""
        raise NotImplementedError(self.platform)

    def create(self, session: Session, name: str, key: str | None = None) -> str:
        """Create a record that must be taken; returns its id."""
        answer = self.post(session, name, key)
        assert answer.status_code < 300, f"{self.platform} refused a new record: {answer.text[:500]}"
        return self.created(answer)

    def truth(self, session: Session) -> dict[str, str]:
        """Return every living record's name by id."""
        return {row.key: row.name for page in self.pages(session) for row in page}


class Profile(EmulatorProfile):
    """The above, and what the connector suite needs to know."""

    settings: ClassVar[Mapping[str, Callable[[Access], ConnectionSettings]]]  # by flow, the usual one first
    connector_options: ClassVar[Mapping[str, object]] = {}  # what makes pages small
    variants: ClassVar[Mapping[str, Mapping[str, object]]] = {
        "usual": {}
    }  # further options, one for each road of a pull
    selection: ClassVar[Selection]  # customers with their name
    name_field: ClassVar[str]  # the name's path in the selection
    refused_values: ClassVar[Mapping[str, Value]]  # a create the vendor refuses
    read_path: ClassVar[str]  # what the connector's pull and fetch call (regular expression)
    write_path: ClassVar[str]  # what the connector's deliver calls
    token_path: ClassVar[str]  # where sessions come from
    sessions_at_once: ClassVar[int] = 1  # the most that a connector opens, for requests that run at once
    described: ClassVar[Mapping[str, Mapping[str, object]]]  # native field → facts of its description
    malformed_keys: ClassVar[tuple[str, ...]]  # native ids that cannot exist

    @abstractmethod
    def values(self, name: str) -> dict[str, Value]:
        """Return native values of a write that creates a customer."""

    @abstractmethod
    def new_name(self, name: str) -> dict[str, Value]:
        """Return native values of a write that renames a customer."""

    @abstractmethod
    def instant(self, watermark: Mapping[str, object]) -> datetime:
        """Return the instant a final watermark holds."""
