"""The calls: pages, records, batches, the server's clock. JSON in, JSON out; no knowledge of entities."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from crosswalk.connectors.local_time import instant_of
from crosswalk.connectors.quota import BULK
from crosswalk.connectors.sap_business_one import batch
from crosswalk.connectors.sap_business_one.auth import LOGIN, LOGOUT, ROOT, SESSIONS, Bearer, Session
from crosswalk.connectors.sap_business_one.clock import clock_in, offset_between
from crosswalk.connectors.sap_business_one.errors import classify, classify_login, error_of
from crosswalk.connectors.transport import Anonymous, Authenticator, Transport, decoded
from crosswalk.model.errors import ConfigurationError, CrosswalkError, InDoubtError, TransientError

if TYPE_CHECKING:
    import requests

    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.quota import Quota
    from crosswalk.connectors.settings import ConnectionSettings

SERVER_TIME = "CompanyService_GetCurrentServerTime"
QUERY = "QueryService_PostQuery"
DEFAULT_PORT = 50000
MOST_PARTS = 5  # reads of a batch, 100 keys each: its answer comes whole, and is no longer than a page of partners
_HARMLESS = ("_GetApprovalTemplates", "_Preview")
_HARMLESS_BEGINNINGS = ("CompanyService_Get", "SBOBobService_Get")

Body = Mapping[str, Any]


def open_transport(
    settings: ConnectionSettings,
    *,
    system: str,
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    lane: str = BULK,
    attempts: int = 5,
    sleep: Callable[[float], None] = time.sleep,
) -> Transport:
    """Return the transport to the company a connection names. Sends nothing yet."""
    base_url = base_url_of(settings)
    verify: bool | str = settings.get("ca_file") or True

    def login_host() -> Transport:
        return Transport(
            system=system,
            base_url=base_url,
            authenticator=Anonymous(),
            classify=classify_login,
            is_read=lambda method, path: path in (LOGIN, LOGOUT),
            meter=meter,
            verify=verify,
            attempts=min(attempts, 2),  # a first login may time out (field report 3); more of them would lock the user
            sleep=sleep,
        )

    return Transport(
        system=system,
        base_url=base_url,
        authenticator=authenticator_for(settings, base_url, login_host),
        classify=classify,
        is_read=reads,
        harmless=lambda request: (request.path_url or "").endswith("$batch") and batch.only_reads(request.body),
        read_only=read_only,
        quota=quota,
        meter=meter,
        verify=verify,
        attempts=attempts,
        sleep=sleep,
        lane=lane,
    )


def base_url_of(settings: ConnectionSettings) -> str:
    """Return scheme, host and port; the path of the service is ours to add."""
    whole = settings.get("base_url")
    given = (whole or settings.require("host", purpose="the address of the Service Layer")).rstrip("/")
    url = given if "://" in given else f"https://{given}"
    for tail in (ROOT, "/b1s/v1", "/b1s"):
        url = url.removesuffix(tail)
    return url if whole or url.count(":") > 1 else f"{url}:{settings.get('port') or DEFAULT_PORT}"


def authenticator_for(
    settings: ConnectionSettings, base_url: str, login_host: Callable[[], Transport]
) -> Authenticator:
    """Return the process's session for this company and user, or the bearer token that was given."""
    if token := settings.get("bearer_token"):
        return Bearer(token)
    company = settings.require("company_db", purpose="the login (CompanyDB)")
    user, password = (settings.require(name, purpose="the login") for name in ("login", "password"))
    language = settings.get("language")
    return SESSIONS.of(
        (base_url, company, user),
        password,
        lambda: Session(login_host(), company, user, password, language=language),
    )


def reads(method: str, path: str) -> bool:
    """Return whether a request is harmless: reads, the login, row queries, stored SQL, previews (SAP Business One §8, §12)."""
    if method in ("GET", "HEAD") or path in (LOGIN, LOGOUT):
        return True
    name = path.removeprefix(ROOT).strip("/")
    return method == "POST" and (
        name == QUERY
        or (name.startswith("SQLQueries(") and name.endswith("/List"))
        or name.endswith(_HARMLESS)
        or name.startswith(_HARMLESS_BEGINNINGS)
    )


class Rows(NamedTuple):
    """Some records, whether there may be more, and when they were asked for by the server's clock (None: it did not say)."""

    rows: list[Body]
    more: bool
    asked: datetime | None


class Client:
    """One company's calls over one transport. Raises ``crosswalk.model.errors`` only.

    ``zone`` is where the server's stamps are local; None while nobody has said, and the server is asked.
    """

    def __init__(
        self, transport: Transport, *, zone: tzinfo | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.transport = transport
        self._zone = zone
        self._monotonic = monotonic
        self._clock: tuple[datetime, float] | None = None
        transport.hooks["response"].append(self._note)

    # --- reading ------------------------------------------------------------------------------

    def rows(self, name: str, rows: int, **options: str) -> Rows:
        """Return up to ``rows`` records of a set; ``options`` are the query options without their ``$``.

        The page's size is preferred, never ``$top``, which would end the list (§5). A page that is full, or names a next one, is
        followed by another: the caller goes on behind its last key.
        """
        headers = {"Prefer": f"odata.maxpagesize={rows}"}
        response = self.transport.call("GET", f"{ROOT}/{query(name, **options)}", headers=headers)
        found, more = page_of(decoded(response), rows)
        date = date_of(response)
        return Rows(found, more, date - response.elapsed if date else None)

    def first_pages(
        self, name: str, rows: int, filters: Sequence[str], **options: str
    ) -> Iterator[tuple[list[Body], bool]]:
        """Yield the first page of what each filter finds, and whether there may be more; several filters travel in batches (§9)."""
        if len(filters) == 1:
            answer = self.rows(name, rows, filter=filters[0], **options)
            yield answer.rows, answer.more
            return
        headers = {"Prefer": f"odata.maxpagesize={rows}"}
        parts = [batch.Part("GET", query(name, **options, filter=one), headers=headers) for one in filters]
        for begin in range(0, len(parts), MOST_PARTS):
            yield from (page_of(answer, rows) for answer in self.read_many(parts[begin : begin + MOST_PARTS]))

    def get(self, path: str, **options: str) -> Body:
        """Return the JSON object at a path behind ``/b1s/v2/``."""
        return _object(decoded(self.transport.call("GET", f"{ROOT}/{query(path, **options)}")))

    def count(self, name: str, **options: str) -> int:
        """Return how many records there are."""
        answer = self.transport.call("GET", f"{ROOT}/{query(f'{name}/$count', **options)}")
        return int(answer.text.strip() or 0)

    def query_rows(self, path: str, option: str) -> list[Body]:
        """Return what the row query finds: rows of collections, which no filter reaches otherwise (§5).

        The answer is JSON that calls itself plain text.
        """
        body = {"QueryPath": path, "QueryOption": option}
        headers = {"Prefer": "odata.maxpagesize=0"}
        response = self.transport.call("POST", f"{ROOT}/{QUERY}", json=body, headers=headers)
        return page_of(decoded(response), 0)[0]

    def read_many(self, parts: Sequence[batch.Part]) -> list[Any]:
        """Return the bodies of several reads that travel in one request; raises what the first refused one stands for."""
        answers = self._batch(parts)
        for answer in answers:
            if answer.status >= 400:
                raise batch_error(self.transport.system, answer)
        if len(answers) < len(parts):
            raise TransientError("A batch was answered in part.", hint="Try again later.")
        return [answer.json for answer in answers]

    def metadata(self) -> bytes:
        """Return the service's description, XML."""
        return self.transport.call("GET", f"{ROOT}/$metadata", headers={"Accept": "application/xml"}).content

    # --- writing ------------------------------------------------------------------------------

    def create(self, name: str, body: Mapping[str, object]) -> Body:
        """Post a record and return it as the server made it; empty when the answer holds none."""
        response = self.transport.call("POST", f"{ROOT}/{name}", json=body)
        answer = decoded(response)
        return answer if isinstance(answer, Mapping) else {}

    def create_many(self, name: str, bodies: Sequence[Mapping[str, object]]) -> list[batch.Answer]:
        """Post records in one request, each for itself; fewer answers than bodies when one was refused (§9)."""
        headers = {"Prefer": "return-no-content"}
        return self._batch([batch.Part("POST", name, body, headers) for body in bodies])

    def update(self, path: str, body: Mapping[str, object], *, etag: str | None = None, replace: bool = False) -> None:
        """Patch a record, only in the version that ``etag`` names; ``replace`` makes collections exactly those given (§6, §7)."""
        headers = {"If-Match": etag} if etag else {}
        if replace:
            headers["B1S-ReplaceCollectionsOnPatch"] = "true"
        self.transport.call("PATCH", f"{ROOT}/{path}", json=body, headers=headers)

    def act(self, name: str, body: Mapping[str, object]) -> None:
        """Call an action."""
        self.transport.call("POST", f"{ROOT}/{name}", json=body)

    def _batch(self, parts: Sequence[batch.Part]) -> list[batch.Answer]:
        data, content_type = batch.encoded(parts)
        response = self.transport.call("POST", batch.BATCH, data=data, headers={"Content-Type": content_type})
        answers = batch.decoded_answers(response.content, response.headers.get("Content-Type", ""))
        if not answers or any(answer.status >= 500 for answer in answers):
            if all(part.method == "GET" for part in parts):
                raise TransientError("A batch came back without its answers.", hint="Try again later.")
            raise InDoubtError(
                f"{self.transport.system}: a batch was sent, and its answer does not say what became of it.",
                hint="Its records are looked up by their keys.",
                system=self.transport.system,
            )
        return answers

    # --- the server's clock ---------------------------------------------------------------------

    @property
    def zone(self) -> tzinfo:
        """Where stamps are local: as the connection says, else by the difference between the server's clock and its Date."""
        if self._zone is None:
            told = self.server_clock()
            if told is None or self._clock is None:
                raise ConfigurationError(
                    "The Service Layer does not tell its local time, and the connection does not say its zone.",
                    hint="Give the connection `time_zone`, the zone of the company's server (Europe/Berlin).",
                    field="time_zone",
                )
            self._zone = offset_between(told, self.latest_time())
        return self._zone

    def server_clock(self) -> datetime | None:
        """Return the server's local time (naive); None when its answer cannot be read (its shape is open, §19)."""
        return clock_in(decoded(self.transport.call("GET", f"{ROOT}/{SERVER_TIME}")))

    def time_of(self, answer: Rows) -> datetime:
        """Return a time of the server no later than when ``answer`` was asked for: a bound for watermarks (law 7)."""
        if answer.asked is None:
            raise ConfigurationError(
                "The Service Layer's answers bear no Date, so that no pull knows up to when it has read.",
                hint="Let the proxy in front of it pass the Date header on.",
            )
        return answer.asked

    def latest_time(self) -> datetime:
        """Return the server's time with what has passed since it was told."""
        if self._clock is None:
            self.server_clock()
        instant, at = self._clock or (datetime.now(UTC), self._monotonic())
        return instant + timedelta(seconds=self._monotonic() - at)

    def instant(self, local: datetime) -> datetime:
        """Return the instant of a local stamp."""
        return instant_of(local, self.zone, self.latest_time)

    def _note(self, response: requests.Response, *_: object, **__: object) -> None:
        date = date_of(response)
        if date is not None:
            self._clock = (date, self._monotonic() - response.elapsed.total_seconds())


# --- answers -----------------------------------------------------------------------------------


def query(name: str, **options: str) -> str:
    """Return a path with its query options, percent-encoded: ``Items?$select=ItemCode&$filter=…``; empty options are left out."""
    given = [f"${key}={quote(value, safe='(),=/$')}" for key, value in options.items() if value]
    return f"{name}?{'&'.join(given)}" if given else name


def page_of(answer: object, rows: int) -> tuple[list[Body], bool]:
    """Return an answer's rows and whether there may be more."""
    body = _object(answer)
    found = [row for row in body.get("value") or () if isinstance(row, Mapping)]
    linked = "@odata.nextLink" in body or "odata.nextLink" in body
    return found, bool(found) and (linked or (rows > 0 and len(found) >= rows))


def date_of(response: requests.Response) -> datetime | None:
    """Return the server's time by an answer's Date header; None when it bears none that can be read."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def batch_error(system: str, answer: batch.Answer) -> CrosswalkError:
    """Return the error that a batch's refused part stands for."""
    error = error_of(answer.status, answer.body)
    error.system = system
    error.message = f"{system}: {error.message}"
    error.args = (error.message,)
    return error


def _object(answer: object) -> Body:
    if not isinstance(answer, Mapping):
        raise TransientError(
            "The Service Layer answered with something other than a JSON object.", hint="Try again later."
        )
    return answer
