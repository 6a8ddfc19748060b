"""What comes over the wire: broken connections, pages in place of answers, waiting times, JSON with exact numbers."""

from __future__ import annotations

import json as json_library
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from crosswalk.model.errors import ConfigurationError, CrosswalkError, InDoubtError, TransientError

# --- what an error means ----------------------------------------------------------------------


def not_executed(error: TransientError) -> TransientError:
    """Mark an error: the system says it has not executed the request, so that a write may be sent again."""
    error.__dict__["not_executed"] = True
    return error


def is_not_executed(error: BaseException) -> bool:
    """Tell whether an error carries that mark."""
    return bool(getattr(error, "not_executed", False))


def retry_after_of(response: requests.Response) -> float | None:
    """Return the seconds a Retry-After header asks for, be it a number or a date; None when absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass  # not a number: a date, or nothing
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def server_time(response: requests.Response) -> datetime | None:
    """Return the server's clock when it began to work on a request: its Date header less the time it took (law 7)."""
    try:
        answered = parsedate_to_datetime(response.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        return None
    return answered - timedelta(seconds=int(response.elapsed.total_seconds()) + 1)


def in_doubt(error: TransientError) -> InDoubtError:
    """Return what ``error`` means for a write: it was sent, and nobody knows what became of it."""
    return InDoubtError(
        error.message,
        hint="The write was sent and its outcome is unknown: look it up by its key before anything is sent again.",
        system=error.system,
        code=error.code,
    )


def redirected(response: requests.Response) -> CrosswalkError | None:
    """Return an error for a redirect: following it could hand our credentials, or a write, to another host."""
    if not response.is_redirect:
        return None
    host = urlsplit(response.headers.get("Location", "")).netloc
    return ConfigurationError(
        f"The address redirects to {host or 'another page'}.",
        hint="Correct the host of the connection to where the account lives now.",
    )


def unreadable(response: requests.Response) -> CrosswalkError | None:
    """A gateway's page in place of the answer, or JSON that does not parse."""
    kind = response.headers.get("Content-Type", "").lower()
    if "html" in kind and response.content:
        return TransientError(
            "HTML came in place of the answer.", hint="A gateway or a maintenance page answered; try again later."
        )
    if "json" in kind and response.content and not _parses(response.content):
        return TransientError(
            "The answer is not valid JSON.", hint="It was cut or garbled on the way; try again later."
        )
    return None


def _parses(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        try:
            json_library.loads(content)  # more lenient: lone surrogates, NaN
        except ValueError:
            return False
    return True


@contextmanager
def wire_errors(system: str, request: requests.PreparedRequest, again: bool) -> Iterator[None]:
    """Turn what requests and urllib3 raise into our errors; their messages hold the query, so that none is kept."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError) as raised:
        kinds = [type(error) for error in _chain(raised)]
    else:
        return
    where = f"{method_of(request)} {path_of(request)}"
    if ssl.SSLCertVerificationError in kinds:
        raise ConfigurationError(
            f"{system}: the certificate of {urlsplit(request.url or '').netloc} is not trusted.",
            hint="Give the connection a `ca_file` with the authority that signed it.",
            system=system,
        ) from None
    name = kinds[-1].__name__  # the innermost says most
    if any(issubclass(kind, _UNSENT) for kind in kinds):
        raise not_executed(
            TransientError(
                f"{system}: {where} reached nobody ({name}).",
                hint="Check host and network; try again later.",
                system=system,
            )
        ) from None
    error = TransientError(f"{system}: {where} broke off ({name}).", hint="Try again later.", system=system)
    raise (error if again else in_doubt(error)) from None


_UNSENT = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, ConnectionRefusedError)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Everything an exception wraps: causes, contexts, arguments, urllib3's ``reason``."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    for item in waiting:
        if isinstance(item, BaseException) and item not in seen:
            seen.append(item)
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return iter(seen)


# --- bodies ------------------------------------------------------------------------------------


def json_bytes(payload: object) -> bytes:
    """Return JSON for ``payload``; Decimal becomes a plain number with all its digits, an instant RFC 3339 in UTC."""
    return orjson.dumps(payload, default=_fragment, option=orjson.OPT_PASSTHROUGH_DATETIME)


def decoded(response: requests.Response) -> Any:
    """Return the JSON body with every fraction as Decimal (law 12); None for an empty body."""
    return json_library.loads(response.content, parse_float=Decimal) if response.content else None


def _fragment(value: object) -> object:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here: {value!r}")


# --- requests' types ------------------------------------------------------------------------------


def method_of(request: requests.PreparedRequest) -> str:
    """Return the method in upper case."""
    return (request.method or "").upper()


def path_of(request: requests.PreparedRequest) -> str:
    """Return the path without the query, whose values are data."""
    return urlsplit(request.url or "").path
