"""Single values brought into canonical form. Pure; each raises :class:`Unfit` for what it cannot read."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.model.records import Value

SHOWN = 60  # characters of a value that a message quotes
MOST_DIGITS = 40  # before or behind the point


class Unfit(Exception):
    """A value cannot be converted: ``problem`` completes "name: …", ``hint`` says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def shown(raw: object) -> str:
    """Return ``raw`` for a message: quoted, and cut to a bearable length."""
    words = repr(raw)
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"


# --- Text ---------------------------------------------------------------------------------


def _characters(raw: Value) -> str:
    """Return text without NUL and lone surrogates (Postgres holds neither), composed (NFC)."""
    typed = raw if isinstance(raw, str) else _printed(raw)
    if typed.isascii():
        return typed.replace("\x00", "")
    sound = typed.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", sound)


def _printed(raw: Value) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return f"{raw:f}"
    return raw.isoformat() if isinstance(raw, date) else str(raw)


def text(raw: Value) -> str | None:
    """Return one line of text: stripped, runs of white space as one blank; None when nothing is left."""
    if type(raw) is str and raw.isascii() and raw.isprintable():
        if raw and "  " not in raw and raw[0] != " " and raw[-1] != " ":
            return raw  # tidy already: most values are, and this is the hot path
        return " ".join(raw.split()) or None
    return " ".join(_characters(raw).split()) or None


def lines(raw: Value) -> str | None:
    """Return text that keeps its line breaks (as ``\\n``); each line collapsed, no blank lines at either end."""
    each = (" ".join(line.split()) for line in _characters(raw).splitlines())
    return "\n".join(each).strip("\n") or None


def one_line(raw: Value) -> str | None:
    """Return several lines as one, joined by ``, `` (a street in two lines)."""
    if type(raw) is str and raw.isascii() and raw.isprintable():  # one line already
        return " ".join(raw.split()).rstrip(", ") or None
    each = (" ".join(line.split()).rstrip(", ") for line in _characters(raw).splitlines())
    return ", ".join(line for line in each if line) or None


def key(raw: Value) -> str | None:
    """Return an identifier: stripped, otherwise untouched."""
    return _characters(raw).strip() or None


_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def email(raw: Value) -> str | None:
    """Return an e-mail address in lower case, as CRMs store it; what is held is not checked."""
    plain = text(raw)
    if plain is None or plain.isascii():
        return plain and plain.lower()
    return unicodedata.normalize("NFC", plain.lower())


def sendable_email(value: Value) -> str | None:
    """Return an address that a system will take; raises Unfit for a malformed one."""
    address = email(value)
    if address is not None and not _EMAIL.fullmatch(address):
        raise Unfit(f"{shown(address)} is no e-mail address.", "Correct it where it is kept, or empty it.")
    return address


_SCHEME = re.compile(r"(?:https?:/+|[/ ])+", re.IGNORECASE)  # also typed twice


def website(raw: Value) -> str | None:
    """Return a web address without scheme and closing slash, its host in lower case."""
    plain = text(raw)
    if plain is None:
        return None
    scheme = _SCHEME.match(plain)
    host, slash, path = plain[scheme.end() if scheme else 0 :].strip("/ ").partition("/")
    if not host.isascii():
        return text(unicodedata.normalize("NFC", host.lower()) + slash + path)
    return f"{host.lower()}{slash}{path}" or None


_PARTS = re.compile(r"(?:[,;|\n\r]|<br\s*/?>)", re.IGNORECASE)


def listed(raw: Value) -> str | None:
    """Return several values in one text (``a;b``, ``a<BR>b``) as ``a, b``, each once, in the order given."""
    parts = (" ".join(part.split()) for part in _PARTS.split(_characters(raw)))
    return ", ".join(dict.fromkeys(part for part in parts if part)) or None


# --- Numbers, dates, switches ---------------------------------------------------------------


def number(raw: Value) -> Decimal | None:
    """Return an exact decimal number; raises Unfit for anything else, also for NaN, infinity and astronomic sizes."""
    value = raw
    if isinstance(raw, (str, int)) and not isinstance(raw, bool):
        with suppress(InvalidOperation):
            value = Decimal(raw)
    if type(value) is Decimal and value.is_finite():
        if not value:
            return Decimal(0)
        if -MOST_DIGITS < value.adjusted() < MOST_DIGITS:
            return value
    raise Unfit(f"{shown(raw)} is no number.", "Correct the value in the system, or map the field as text.")


def integer(raw: Value) -> int | None:
    """Return a whole number (``1.0`` is one); raises Unfit for a fraction."""
    if type(raw) is int:
        return raw
    value = number(raw)
    if value is None or value != value.to_integral_value():
        raise Unfit(f"{shown(raw)} is no whole number.", "Correct it in the system, or map the field as a quantity.")
    return int(value)


_TRUE = {"t", "true", "yes", "1"}
_FALSE = {"f", "false", "no", "0"}


def boolean(raw: Value) -> bool | None:
    """Return a switch; ``T``/``F``, ``true``/``false``, ``yes``/``no``, ``1``/``0`` are read too."""
    if raw is True or raw is False:
        return raw
    word = str(raw).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unfit(f"{shown(raw)} is neither true nor false.", "Give the field a value map, or map it as text.")


def day(raw: Value) -> date | None:
    """Return a date without time; an instant is refused because its date depends on a time zone (law 12)."""
    if type(raw) is date:
        return raw
    if isinstance(raw, str):
        with suppress(ValueError):
            return date.fromisoformat(raw.strip())
    raise Unfit(
        f"{shown(raw)} is no date (YYYY-MM-DD).", "Correct it in the system, or give the field `kind: instant`."
    )


def instant(raw: Value) -> datetime | None:
    """Return a moment in UTC; a stamp without time zone is refused."""
    moment = raw
    if isinstance(raw, str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(raw.strip())
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    raise Unfit(f"{shown(raw)} is no moment with a time zone.", "Map the field as a date, or as text.")
