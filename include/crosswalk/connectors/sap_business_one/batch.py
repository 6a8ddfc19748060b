"""Several requests in one ``$batch``: multipart text out, answers in (SAP Business One §9).

The server works in order and stops at the first part that fails: what comes behind it has no answer and was not executed. ETags are
not looked at inside, so that nothing travels this way that could overwrite somebody's change.
"""

from __future__ import annotations

import json as json_library
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from crosswalk.connectors.sap_business_one.auth import ROOT
from crosswalk.connectors.transport import json_bytes
from crosswalk.model.errors import TransientError

BATCH = f"{ROOT}/$batch"
_REQUESTS = re.compile(rb"^(GET|POST|PATCH|PUT|DELETE|MERGE) +(\S+)", re.MULTILINE)
_OVERRIDE = b"x-http-method-override"
_ANSWERS = re.compile(rb"^HTTP/1\.[01] (\d)\d\d", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch; ``path`` is what follows ``/b1s/v2/``."""

    method: str
    path: str
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a batch."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body with every fraction as Decimal, None when it is empty; raises TransientError for one that is garbled."""
        if not self.body.strip():
            return None
        try:
            return json_library.loads(self.body, parse_float=Decimal)
        except ValueError:
            raise TransientError("A batch's answer is not valid JSON.", hint="Try again later.") from None


def encoded(parts: Sequence[Part]) -> tuple[bytes, str]:
    """Return a batch's body and its content type. CRLF throughout; a request without a body ends in two empty lines."""
    boundary = f"batch_{uuid.uuid4()}"
    pieces = []
    for number, part in enumerate(parts, start=1):
        content = json_bytes(part.body) if part.body is not None else b""
        headers = {**({"Content-Type": "application/json"} if content else {}), **part.headers}
        lines = [
            f"--{boundary}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            *([f"Content-ID: {number}"] if content else []),
            "",
            f"{part.method} {ROOT}/{part.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
            "",
            "",
        ]
        pieces.append("\r\n".join(lines).encode() + content + b"\r\n")
    return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/mixed;boundary={boundary}"


def only_reads(body: object, reads: Callable[[str, str], bool]) -> bool:
    """Tell whether a batch asks for nothing but what ``reads`` (method, path) calls harmless, by its request lines."""
    text = body if isinstance(body, bytes) else str(body or "").encode()
    if _OVERRIDE in text.lower():
        return False
    found = _REQUESTS.findall(text)
    return bool(found) and all(
        reads(method.decode(), urlsplit(target.decode("latin-1")).path) for method, target in found
    )


def is_whole(content: bytes) -> bool:
    """Tell whether a batch's answer has parts at all, and none that a failed worker left."""
    found = _ANSWERS.findall(content)
    return bool(found) and b"5" not in found


def decoded_answers(content: bytes, content_type: str) -> list[Answer]:
    """Return the answers in order; fewer than were asked for when one failed."""
    found = re.search(r'boundary="?([^";\s]+)"?', content_type)
    mark = b"--" + found[1].encode() if found else content.lstrip().split(b"\r\n", 1)[0].strip()
    answers = []
    for piece in content.split(mark)[1:]:
        begin = re.search(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r?\n", piece)
        if begin is None:
            continue
        head, _, body = _cut(piece[begin.end() :])
        headers = dict(line.split(":", 1) for line in head.decode("latin-1").splitlines() if ":" in line)
        answers.append(
            Answer(
                int(begin[1]),
                {name.strip().lower(): value.strip() for name, value in headers.items()},
                body.rstrip(),
            )
        )
    return answers


def _cut(text: bytes) -> tuple[bytes, bytes, bytes]:
    if text.startswith((b"\r\n", b"\n")):
        return b"", b"", text.lstrip(b"\r\n")
    found = re.search(rb"\r?\n\r?\n", text)
    return (text[: found.start()], b"", text[found.end() :]) if found else (text, b"", b"")
