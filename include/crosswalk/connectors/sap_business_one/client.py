"""The calls: pages, records, batches, the server's clock. JSON in, JSON out; no knowledge of entities."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.local_time import instant_of
from crosswalk.connectors.quota import BULK
from crosswalk.connectors.sap_business_one import batch
from crosswalk.connectors.sap_business_one.auth import LOGIN, LOGOUT, ROOT, SESSIONS, Bearer, Pool, Session
from crosswalk.connectors.sap_business_one.clock import clock_in, offset_between
from crosswalk.connectors.sap_business_one.errors import classify, classify_login, error_of
from crosswalk.connectors.sap_business_one.pages import (
    MOST_PARTS,
    Body,
    Question,
    Rows,
    date_of,
    object_of,
    page_of,
    query,
    rows_of,
)
from crosswalk.connectors.transport import Anonymous, Authenticator, Transport, decoded
from crosswalk.model.errors import ConfigurationError, CrosswalkError, TransientError

if TYPE_CHECKING:
    import requests

    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.quota import Quota
    from crosswalk.connectors.settings import ConnectionSettings

SERVER_TIME = "CompanyService_GetCurrentServerTime"
QUERY = "QueryService_PostQuery"
DEFAULT_PORT = 50000
_HARMLESS = ("_GetApprovalTemplates", "_Preview")
_HARMLESS_BEGINNINGS = ("CompanyService_Get", "SBOBobService_Get")


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
    concurrency: int = 1,
) -> Transport:
    """Return the transport to the company a connection names, for so many requests at once. Sends nothing yet."""
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
            timeout=(10.0, 60.0),
            attempts=min(attempts, 2),  # a first login may time out (field report 3); more of them would lock the user
            sleep=sleep,
        )

    authenticator = authenticator_for(settings, base_url, login_host, concurrency)
    transport = Transport(
        system=system,
        base_url=base_url,
        authenticator=authenticator,
        classify=classify_answer,
        is_read=reads,
        harmless=lambda request: (request.path_url or "").endswith("$batch") and batch.only_reads(request.body, reads),
        read_only=read_only,
        quota=quota,
        meter=meter,
        verify=verify,
        attempts=attempts,
        sleep=sleep,
        lane=lane,
    )
    if isinstance(authenticator, Pool):
        transport.hooks["response"].append(authenticator.answered)
    return transport


def base_url_of(settings: ConnectionSettings) -> str:
    """Return scheme, host and port; the path of the service is ours to add."""
    whole = settings.get("base_url")
    given = (whole or settings.require("host", purpose="the address of the Service Layer")).rstrip("/")
    url = given if "://" in given else f"https://{given}"
    for tail in (ROOT, "/b1s/v1", "/b1s"):
        url = url.removesuffix(tail)
    return url if whole or url.count(":") > 1 else f"{url}:{settings.get('port') or DEFAULT_PORT}"


def authenticator_for(
    settings: ConnectionSettings, base_url: str, login_host: Callable[[], Transport], concurrency: int
) -> Authenticator:
    """Return the process's sessions for this company and user, or the bearer token that was given."""
    if token := settings.get("bearer_token"):
        return Bearer(token)
    company = settings.require("company_db", purpose="the login (CompanyDB)")
    user, password = (settings.require(name, purpose="the login") for name in ("login", "password"))
    language = settings.get("language")
    return SESSIONS.of(
        (base_url, company, user),
        password,
        lambda: Session(login_host(), company, user, password, language=language),
        concurrency,
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
        """Return up to ``rows`` records of a set; ``options`` are the query options without their ``$``."""
        [answer] = self.ask([Question(name, rows, options)])
        return answer

    def ask(self, questions: Sequence[Question]) -> list[Rows]:
        """Return what each question brings: one is asked by itself, several travel in a batch (§9)."""
        if len(questions) == 1:
            [one] = questions
            response = self.transport.call("GET", f"{ROOT}/{one.path}", headers=one.headers)
            return [rows_of(one, decoded(response), response)]
        response, answers = self._batch([batch.Part("GET", one.path, headers=one.headers) for one in questions])
        bodies = self._bodies(answers, len(questions))
        return [rows_of(one, body, response) for one, body in zip(questions, bodies, strict=True)]

    def ask_in_batches(self, questions: Sequence[Question]) -> list[Rows]:
        """Return what many questions bring that each name `MOST_KEYS` keys, `MOST_PARTS` a batch."""
        cuts = range(0, len(questions), MOST_PARTS)
        return [answer for begin in cuts for answer in self.ask(questions[begin : begin + MOST_PARTS])]

    def get(self, path: str, **options: str) -> Body:
        """Return the JSON object at a path behind ``/b1s/v2/``."""
        return object_of(decoded(self.transport.call("GET", f"{ROOT}/{query(path, **options)}")))

    def count(self, name: str, **options: str) -> int:
        """Return how many records there are."""
        answer = self.transport.call("GET", f"{ROOT}/{query(f'{name}/$count', **options)}")
        return int(answer.text.strip() or 0)

    def query_rows(self, path: str, options: Sequence[str]) -> list[Body]:
        """Return what row queries find: rows of collections, which no filter reaches otherwise (§5).

        Their answers are JSON that calls itself plain text. Several travel in batches.
        """
        bodies = [{"QueryPath": path, "QueryOption": one} for one in options]
        headers = {"Prefer": "odata.maxpagesize=0"}
        if len(bodies) == 1:
            response = self.transport.call("POST", f"{ROOT}/{QUERY}", json=bodies[0], headers=headers)
            return page_of(decoded(response), 0)[0]
        parts = [batch.Part("POST", QUERY, body, headers) for body in bodies]
        found: list[Body] = []
        for begin in range(0, len(parts), MOST_PARTS):
            some = parts[begin : begin + MOST_PARTS]
            for answer in self._bodies(self._batch(some)[1], len(some)):
                found += page_of(answer, 0)[0]
        return found

    def _bodies(self, answers: Sequence[batch.Answer], asked: int) -> list[Any]:
        """Return the bodies of reads; raises what the first refused one stands for."""
        for answer in answers:
            if answer.status >= 400:
                raise batch_error(self.transport.system, answer)
        if len(answers) < asked:
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

    def send_many(self, parts: Sequence[batch.Part]) -> list[batch.Answer]:
        """Send writes, and reads beside them, in one request; fewer answers than parts when one was refused (§9).

        Raises InDoubtError when nobody knows what became of them.
        """
        return self._batch(parts)[1]

    def update(self, path: str, body: Mapping[str, object], *, etag: str | None = None, replace: bool = False) -> None:
        """Patch a record, only in the version that ``etag`` names; ``replace`` makes collections exactly those given (§6, §7)."""
        headers = {"If-Match": etag} if etag else {}
        if replace:
            headers["B1S-ReplaceCollectionsOnPatch"] = "true"
        self.transport.call("PATCH", f"{ROOT}/{path}", json=body, headers=headers)

    def act(self, name: str, body: Mapping[str, object]) -> None:
        """Call an action."""
        self.transport.call("POST", f"{ROOT}/{name}", json=body)

    def _batch(self, parts: Sequence[batch.Part]) -> tuple[requests.Response, list[batch.Answer]]:
        data, content_type = batch.encoded(parts)
        response = self.transport.call("POST", batch.BATCH, data=data, headers={"Content-Type": content_type})
        return response, batch.decoded_answers(response.content, response.headers.get("Content-Type", ""))

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

    def known_time(self) -> datetime | None:
        """Return the server's time without asking for it: by the last answer, else by the login; None when neither told it."""
        if self._clock is None:
            self._clock = getattr(self.transport.authenticator, "clock", None)
        return self.latest_time() if self._clock else None

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


def classify_answer(response: requests.Response) -> CrosswalkError | None:
    """Return the error an answer stands for, a batch's with the trouble inside; None for a good one."""
    if (error := classify(response)) is not None or not (response.request.path_url or "").endswith("$batch"):
        return error
    if batch.is_whole(response.content):
        return None
    return TransientError("A worker of the Service Layer failed within a batch.", hint="Try again later.")


def batch_error(system: str, answer: batch.Answer) -> CrosswalkError:
    """Return the error that a batch's refused part stands for."""
    error = error_of(answer.status, answer.body)
    error.system = system
    error.message = f"{system}: {error.message}"
    error.args = (error.message,)
    return error
