"""``$batch``: parts in order until the first that fails, change sets as a whole (SAP Business One §9)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from .account import Account
from .calls import Call, Reply
from .errors import Refusal, generic

INCOMPLETE_BATCH: Final = "Incomplete Batch Request Body!"
INCOMPLETE_PART: Final = (
    "Incomplete request, Please check if the sub-request has complete request content and there should be two '\\r\\n'"
    " between sub-request header and content!"
)
NO_CONTENT_ID: Final = "Content ID should be specified in each change set request."
_REQUEST: Final = re.compile(r"(GET|POST|PATCH|PUT|MERGE|DELETE) (\S+)(?: HTTP/1\.\d)?")
_REASONS: Final = {
    200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    412: "Precondition Failed", 415: "Unsupported Media Type", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
Serve = Callable[[Call], Reply]


@dataclass(slots=True)
class Part:
    """One request inside a batch."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    content_id: str = ""


@dataclass(slots=True)
class ChangeSet:
    """Requests that are done together or not at all."""

    parts: list[Part] = field(default_factory=list)


class _Failed(Exception):
    def __init__(self, refusal: Refusal, part: Part) -> None:
        self.refusal = refusal
        self.part = part


class Batches:
    """Runs batches with ``serve``, which answers one call or raises Refusal."""

    def __init__(self, account: Account, serve: Serve) -> None:
        self._account = account
        self._serve = serve

    def answer(self, call: Call) -> Reply:
        """The multipart answer to a batch; parts behind the first failure have none."""
        work = read_batch(call)
        boundary = f"batchresponse_{uuid.uuid4()}"
        parts: list[bytes] = []
        for one in work:
            done, failed = self._set(call, one) if isinstance(one, ChangeSet) else self._single(call, one)
            parts.append(done)
            if failed:
                break
        space = "" if call.version == 1 else " "
        text = b"".join(b"--%s\r\n%s" % (boundary.encode(), part) for part in parts) + b"--%s--\r\n" % boundary.encode()
        return Reply(
            202 if call.version == 1 else 200, text, content_type=f"multipart/mixed;{space}boundary={boundary}"
        )

    def _single(self, call: Call, part: Part) -> tuple[bytes, bool]:
        inner = self._call(call, part, {})
        try:
            return _shown(inner, part, self._serve(inner)), False
        except Refusal as refusal:
            return self._refused(inner, part, refusal), True

    def _set(self, call: Call, change_set: ChangeSet) -> tuple[bytes, bool]:
        boundary = f"changesetresponse_{uuid.uuid4()}"
        try:
            answers = self._together(call, change_set)
        except _Failed as failure:
            return self._refused(self._call(call, failure.part, {}), failure.part, failure.refusal), True
        space = "" if call.version == 1 else " "
        inner = (
            b"".join(b"--%s\r\n%s" % (boundary.encode(), one) for one in answers) + b"--%s--\r\n" % boundary.encode()
        )
        head = f"Content-Type:{space}multipart/mixed;boundary={boundary}\r\nContent-Length:{space}{len(inner)}\r\n\r\n"
        return head.encode() + inner, False

    def _together(self, call: Call, change_set: ChangeSet) -> list[bytes]:
        made: dict[str, str] = {}
        answers = []
        with self._account.store.write():
            for part in change_set.parts:
                inner = self._call(call, part, made)
                try:
                    reply = self._serve(inner)
                except Refusal as refusal:
                    raise _Failed(refusal, part) from None
                if part.content_id and "Location" in reply.headers:
                    made[part.content_id] = unquote(reply.headers["Location"].removeprefix(call.root))
                answers.append(_shown(inner, part, reply))
        return answers

    def _call(self, call: Call, part: Part, made: Mapping[str, str]) -> Call:
        path, parameters = _address(part.target, call)
        first, slash, rest = path.partition("/")
        if first.startswith("$") and first[1:] in made:
            path = made[first[1:]] + slash + rest
        return Call(
            part.method, path, call.version, call.root, parameters, part.headers, part.body, call.session, in_batch=True
        )

    def _refused(self, call: Call, part: Part, refusal: Refusal) -> bytes:
        body = refusal.body(call.version, in_batch=True)
        return _shown(call, part, Reply(refusal.status, body, content_type="application/json;charset=utf-8"))


# --- reading -----------------------------------------------------------------------------------


def read_batch(call: Call) -> list[Part | ChangeSet]:
    """The parts of a batch. Raises Refusal 400 -1000 for what is malformed."""
    boundary = _boundary(call.headers.get("content-type", ""))
    if boundary is None:
        raise generic(INCOMPLETE_BATCH)
    found: list[Part | ChangeSet] = []
    for chunk in _chunks(call.body, boundary):
        headers, rest = _headers(chunk)
        inner = _boundary(headers.get("content-type", ""))
        found.append(_request(headers, rest) if inner is None else _change_set(call, inner, rest))
    if not found:
        raise generic(INCOMPLETE_BATCH)
    return found


def _change_set(call: Call, boundary: str, text: bytes) -> ChangeSet:
    parts = [_request(*_headers(chunk)) for chunk in _chunks(text, boundary)]
    ids = [part.content_id for part in parts]
    if any(part.method == "GET" for part in parts):
        raise generic("GET is not allowed in a change set")
    if call.version == 2 and not all(ids):
        raise generic(NO_CONTENT_ID)
    if len({one for one in ids if one}) < len([one for one in ids if one]):
        raise generic("Content ID should be unique in a change set")
    return ChangeSet(parts)


def _boundary(content_type: str) -> str | None:
    match = re.search(r'multipart/mixed\s*;\s*boundary="?([^";]+)"?', content_type, re.IGNORECASE)
    return match[1].strip() if match else None


def _chunks(text: bytes, boundary: str) -> list[bytes]:
    mark = b"--" + boundary.encode()
    pieces = re.split(rb"(?:^|\r\n)" + re.escape(mark), text)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise generic(INCOMPLETE_BATCH)
    return [piece.removeprefix(b"\r\n") for piece in pieces[1:-1]]


def _headers(text: bytes) -> tuple[dict[str, str], bytes]:
    head, blank, rest = text.partition(b"\r\n\r\n")
    if not blank:
        raise generic(INCOMPLETE_PART)
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, rest


def _request(headers: dict[str, str], text: bytes) -> Part:
    line, _, rest = text.partition(b"\r\n")
    match = _REQUEST.fullmatch(line.decode("utf-8", "replace").strip())
    if match is None or "application/http" not in headers.get("content-type", ""):
        raise generic(INCOMPLETE_PART)
    if rest.startswith(b"\r\n"):
        inner: dict[str, str] = {}
        body = rest[2:]
    elif b"\r\n\r\n" in rest:
        inner, body = _headers(rest)
    else:
        raise generic(INCOMPLETE_PART)
    return Part(
        match[1], match[2], inner, body.strip(b"\r\n"), headers.get("content-id") or inner.get("content-id", "")
    )


def _address(target: str, call: Call) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Path below the service root and options; relative, absolute path and full URL all occur (§9)."""
    split = urlsplit(target)
    path = unquote(split.path)
    match = re.match(r"/b1s/v\d/", path)
    path = path[match.end() :] if match else path.lstrip("/")
    return path, tuple(parse_qsl(split.query, keep_blank_values=True))


# --- writing -----------------------------------------------------------------------------------


def _shown(call: Call, part: Part, reply: Reply) -> bytes:
    """One answer as a part; v1 writes headers without a blank (§9)."""
    space = "" if call.version == 1 else " "
    body: Any = reply.body
    payload = (
        b""
        if body is None
        else body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else orjson.dumps(body)
    )
    outer = [f"Content-Type:{space}application/http", f"Content-Transfer-Encoding:{space}binary"]
    if part.content_id:
        outer.append(f"Content-ID:{space}{part.content_id}")
    inner = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, '')}"]
    inner += [f"{name}:{space}{value}" for name, value in reply.headers.items()]
    if payload:
        inner += [f"Content-Type:{space}{reply.content_type}", f"Content-Length:{space}{len(payload)}"]
    head = "\r\n".join(outer) + "\r\n\r\n" + "\r\n".join(inner) + "\r\n\r\n"
    return head.encode() + payload + b"\r\n"
