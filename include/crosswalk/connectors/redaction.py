"""Keeps secrets out of messages: what looks like one, and what a request carried as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from crosswalk.connectors.settings import is_secret_name

if TYPE_CHECKING:
    import requests

MASK = "***"
LONGEST_MESSAGE = 600
_SHORTEST_SECRET = 6
_SECRET_HEADERS = ("authorization", "cookie", "x-sfdc-session", "proxy-authorization")

_NAME = (
    r"[\w.-]*(?:token|secret|password|passwd|assertion|signature|session_?id|api[-_]?key|private[-_]?key|nonce)[\w.-]*"
)
_PATTERNS = (
    # name=value, name: value, "name": "value"
    (re.compile(rf"(?i)(\"?\b{_NAME}\"?\s*[=:]\s*\"?)([^\s\"'&,;<>]+)"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/!=-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(<(?:\w+:)?(?:sessionId|password)>)[^<]*"), rf"\1{MASK}"),
    (re.compile(r"\b00D\w{12,15}![\w.]{10,}"), MASK),  # a Salesforce session id (Salesforce §2.1)
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), MASK),  # a JSON web token
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"(?i)(\w+://)[^/\s:@]+:[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+"), rf"\1?{MASK}"),  # query values are data
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` with the given secrets, and all that looks like one, masked; at most 600 characters."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"


def secrets_of(request: requests.PreparedRequest) -> set[str]:
    """Return the secrets a request carries in its headers and its form, so that an echo of them can be masked."""
    found: set[str] = set()
    for name, value in request.headers.items():
        if name.lower() in _SECRET_HEADERS:
            found.update(re.split(r"[\s,;\"]+|=(?=\")", _text(value)))
            found.add(_text(value))
    if "form-urlencoded" in _text(request.headers.get("Content-Type")):
        found.update(value for name, value in parse_qsl(_text(request.body)) if is_secret_name(name))
    return {secret for secret in found if len(secret) >= _SHORTEST_SECRET and secret.lower() not in ("bearer", "basic")}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
