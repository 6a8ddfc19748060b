"""The one way to a vendor: authentication, limits, retry, metering, redaction, read-only guard, below every caller.

What happens to a request:

    guard (law 9) → [ slot → budget → sign → send → meter → classify ] → retry, raise or return

The bracket is one attempt. What may be tried again depends on whether the system can have executed the request:

    refused before executing (429, connection refused, ``not_executed``)   again, whatever it was
    outcome unknown (5xx, reset, time-out, cut body, HTML for JSON)        a read: again; a write: InDoubtError (law 1)
    credentials refused                                                    renew once, again
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from crosswalk.connectors.authentication import Anonymous, Authenticator, RenewableAuthenticator
from crosswalk.connectors.meter import Meter
from crosswalk.connectors.quota import BULK, Quota
from crosswalk.connectors.redaction import redact, secrets_of
from crosswalk.connectors.wire import (
    decoded,
    in_doubt,
    is_not_executed,
    json_bytes,
    method_of,
    not_executed,
    path_of,
    redirected,
    retry_after_of,
    unreadable,
    wire_errors,
)
from crosswalk.model.errors import (
    AuthenticationError,
    CrosswalkError,
    RateLimitedError,
    ReadOnlyError,
    RetryableError,
    TransientError,
)

__all__ = [
    "Anonymous",
    "Authenticator",
    "RenewableAuthenticator",
    "Transport",
    "decoded",
    "is_not_executed",
    "json_bytes",
    "not_executed",
    "retry_after_of",
]

LONGEST_WAIT = 120.0  # a longer Retry-After is handed up: the task gives its worker back instead of sleeping
_OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

log = logging.getLogger(__name__)
_backoff = wait_random_exponential(multiplier=0.5, max=60)


class Transport(requests.Session):
    """A session to one account of one system. Client libraries are given it as their session.

    ``classify`` reads a vendor's answer: an error to raise, or None to return the response. ``is_read(method, path)``
    says whether a request is harmless; ``harmless`` whether one is that only its body can show to be (a batch of reads). ``lane`` is the quota's lane for all requests of this transport.
    Raises ``crosswalk.model.errors`` only.
    """

    def __init__(
        self,
        *,
        system: str,
        base_url: str,
        authenticator: Authenticator,
        classify: Callable[[requests.Response], CrosswalkError | None],
        is_read: Callable[[str, str], bool],
        read_only: bool = True,
        quota: Quota | None = None,
        meter: Meter | None = None,
        verify: bool | str = True,
        timeout: tuple[float, float] = (10.0, 300.0),
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
        lane: str = BULK,
        harmless: Callable[[requests.PreparedRequest], bool] = lambda _request: False,
    ) -> None:
        super().__init__()
        self.system = system
        self.base_url = base_url.rstrip("/")
        self.authenticator = authenticator
        self.read_only = read_only
        self.lane = lane
        self.meter = meter or Meter()
        self.verify = verify
        self.auth = _leave_unsigned  # else requests would sign from the user's .netrc
        self._classify, self._is_read, self._quota, self._harmless = classify, is_read, quota, harmless
        self.attempts, self._timeout, self._sleep = attempts, timeout, sleep
        self.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=32))
        self.mount("http://", HTTPAdapter(pool_connections=4, pool_maxsize=32))

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object | None = None,
        data: bytes | str | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> requests.Response:
        """Send a request and return the answer, its body read whole.

        ``json`` may hold Decimal, date and datetime. ``idempotent=True`` lets a write be tried again like a read.
        """
        headers = dict(headers or {})
        if json is not None:
            data = json_bytes(json)
            headers.setdefault("Content-Type", "application/json")
        request = requests.Request(method, self._target(path), params=params, data=data, headers=headers)
        return self._run(lambda: self.prepare_request(request), {}, idempotent)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request of a client library: any host in ``url`` is replaced by ours; the rest is as for `call`."""
        names = ("params", "data", "headers", "cookies", "files", "auth")
        kwargs.update(zip((*names, "timeout"), args, strict=False))
        parts = {name: kwargs[name] for name in (*names, "json") if kwargs.get(name) is not None}
        request = requests.Request(_text(method).upper(), self._target(_text(url)), **parts)
        return self._run(lambda: self.prepare_request(request), kwargs, None)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request somebody prepared; it passes the same guard, limits and retry."""
        request.url = self._target(request.url or "")
        return self._run(request.copy, kwargs, None)

    # --- one request, its attempts ----------------------------------------------------------

    def _run(
        self, prepare: Callable[[], requests.PreparedRequest], options: Mapping[str, Any], idempotent: bool | None
    ) -> requests.Response:
        first = prepare()
        reads = self._guard(first)
        again = reads if idempotent is None else idempotent
        retrying = Retrying(
            retry=retry_if_exception(_may_be_tried_again),
            wait=_wait,
            stop=stop_after_attempt(self.attempts),
            sleep=self._sleep,
            before_sleep=lambda state: self._tell(first, state),
            reraise=True,
        )
        for attempt in retrying:
            with attempt:
                return self._attempt(prepare, options, again, attempt.retry_state.attempt_number > 1)
        raise AssertionError("tenacity either returns or raises")

    def _attempt(
        self, prepare: Callable[[], requests.PreparedRequest], options: Mapping[str, Any], again: bool, retry: bool
    ) -> requests.Response:
        response, error = self._exchange(prepare(), options, again, retry)
        if isinstance(error, AuthenticationError) and getattr(self.authenticator, "renewable", True):
            self.authenticator.refresh()
            response, error = self._exchange(prepare(), options, again, True)
        if error is not None:
            raise error
        return response

    def _guard(self, request: requests.PreparedRequest) -> bool:
        method, path = method_of(request), path_of(request)
        reads = self._is_read(method, path) or self._harmless(request)
        for name in _OVERRIDES:  # a POST that asks to be taken for something else
            if override := request.headers.get(name):
                reads = reads and self._is_read(_text(override).upper(), path)
        if self.read_only and not reads:
            raise ReadOnlyError(
                f"{self.system}: {method} {path} would write, and this connection may only read.",
                hint="Nothing was sent. Promote the flow to live, or open the connection with read_only=False.",
                system=self.system,
            )
        return reads

    def _exchange(
        self, request: requests.PreparedRequest, options: Mapping[str, Any], again: bool, retry: bool
    ) -> tuple[requests.Response, CrosswalkError | None]:
        slot = self._quota.slot(self.system, self.lane) if self._quota else nullcontext()
        with slot:
            if self._quota:
                self._quota.spend(self.system)
            request = self.authenticator.apply(request)
            response = self._send(request, options, again, retry)
        error = redirected(response) or self._classify(response) or unreadable(response)
        if error is None:
            return response, None
        self._complete(error, request, response)
        if isinstance(error, TransientError) and not again and not is_not_executed(error):
            return response, in_doubt(error)
        return response, error

    def _send(
        self, request: requests.PreparedRequest, options: Mapping[str, Any], again: bool, retry: bool
    ) -> requests.Response:
        verify = options.get("verify")
        environment = self.merge_environment_settings(
            request.url or "",
            options.get("proxies") or {},
            False,
            self.verify if verify is None else verify,
            options.get("cert"),
        )
        timeout = options.get("timeout") or self._timeout
        started = time.monotonic()
        size = len(request.body or b"")
        try:
            with wire_errors(self.system, request, again):
                response = super().send(request, timeout=timeout, allow_redirects=False, **environment)
            size += len(response.content)
        finally:
            self.meter.record(
                self.system,
                method_of(request),
                path_of(request),
                size=size,
                seconds=time.monotonic() - started,
                retry=retry,
            )
        return response

    def _complete(self, error: CrosswalkError, request: requests.PreparedRequest, response: requests.Response) -> None:
        secrets = secrets_of(request)
        where = f"{method_of(request)} {path_of(request)} answered {response.status_code}"
        error.system = error.system or self.system
        error.message = redact(f"{error.system}: {error.message} ({where})", secrets)
        error.hint = redact(error.hint, secrets)
        error.args = (error.message,)
        if isinstance(error, RetryableError) and getattr(error, "retry_after", None) is None:
            error.__dict__["retry_after"] = retry_after_of(response)

    def _tell(self, request: requests.PreparedRequest, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        log.info(
            "%s: %s %s: %s; attempt %d follows in %.1f s",
            self.system, method_of(request), path_of(request), type(error).__name__, state.attempt_number + 1, wait,
        )  # fmt: skip

    def _target(self, url: str) -> str:
        """Return ``url`` on our host: clients with hard-coded https hosts reach wherever base_url points."""
        parts = urlsplit(url)
        base = urlsplit(self.base_url)
        if parts.netloc and not parts.path.startswith(f"{base.path}/"):
            parts = parts._replace(path=base.path + parts.path)
        if not parts.netloc:
            parts = parts._replace(path=f"{base.path}/{parts.path.lstrip('/')}")
        return urlunsplit(parts._replace(scheme=base.scheme, netloc=base.netloc))


def _may_be_tried_again(error: BaseException) -> bool:
    return isinstance(error, (RateLimitedError, TransientError)) and _asked_wait(error) <= LONGEST_WAIT


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return _asked_wait(error) or float(_backoff(state))


def _asked_wait(error: BaseException | None) -> float:
    """Seconds the system asked for; 0 when it did not say."""
    return float(getattr(error, "retry_after", None) or 0.0)


def _leave_unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
