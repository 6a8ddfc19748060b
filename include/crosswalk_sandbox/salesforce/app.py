"""The ASGI app: hosts' paths to handlers, sessions, counting, headers, encoding (Salesforce §1)."""

from __future__ import annotations

import gzip
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from . import bulk1, bulk2, changes, collections, crud, externals, limits, mdapi, queries, tooling, tree
from .auth import OAuth, bearer
from .calls import Call, Reply, Routes
from .composite import Composite
from .errors import ApiError, RowError, json_error, not_found, session_expired
from .records import Writer
from .sessions import Sessions
from .soap import Soap

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .org import Org

FIRST_VERSION, LAST_VERSION = 31, 68
LONGEST_URI = 16_384
SEASONS = ("Winter", "Spring", "Summer")
DATA = re.compile(r"/services/data/v(\d+\.\d)(/.*)?", re.IGNORECASE)
ASYNC = re.compile(r"/services/async/(\d+\.\d)(/.*)", re.IGNORECASE)
KEY = re.compile(rb'^( *"(?:[^"\\]|\\.)*"): (\[\])?', re.MULTILINE)
NO_CACHE = "no-cache,must-revalidate,max-age=0,no-store,private"


def version_label(number: int) -> str:
    """``Winter '24`` for 59, and so on, three a year (§1)."""
    season = SEASONS[(number - 59) % 3]
    years = 24 + (number - 59) // 3
    return f"{season} ’{years}" if number == 42 else f"{season} '{years}"


def all_versions() -> list[dict[str, str]]:
    """The body of ``GET /services/data``."""
    numbers = range(FIRST_VERSION, LAST_VERSION + 1)
    return [{"label": version_label(n), "url": f"/services/data/v{n}.0", "version": f"{n}.0"} for n in numbers]


def pretty(body: Any) -> bytes:
    """JSON as ``X-PrettyPrint: 1`` wants it: two spaces a level, ``"key" : value``, ``[ ]`` for nothing (§1)."""
    return KEY.sub(_spaced, orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _spaced(match: re.Match[bytes]) -> bytes:
    return match[1] + b" : " + (b"[ ]" if match[2] else b"")


class SalesforceApp:
    """Serves one org. Handlers run in threads; the store keeps writes apart."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.sessions = Sessions(org)
        self.usage = limits.Usage(org)
        self.oauth = OAuth(org, self.sessions)
        self.soap = Soap(self.sessions)
        self.metadata = mdapi.MetadataApi(org, self.sessions)
        self.data_routes = self._data_routes()
        self.async_routes = bulk1.routes()
        self.open_routes = self._open_routes()

    def writer(self, user_id: str) -> Writer:
        """A writer for a user, outside of any request."""
        return Writer(self.org, user_id)

    def _open_routes(self) -> Routes:
        routes = Routes()
        routes.add("GET", "/services/data", lambda _call: Reply(200, all_versions()))
        routes.add("POST", "/services/oauth2/token", self.oauth.token)
        routes.add("GET POST", "/services/oauth2/userinfo", self.oauth.userinfo)
        routes.add("GET POST", "/services/oauth2/revoke", self.oauth.revoke)
        routes.add("POST", "/services/oauth2/introspect", self.oauth.introspect)
        routes.add("GET POST", "/id/{org}/{user}", self.oauth.identity)
        routes.add("POST", r"/services/Soap/[uc]/(?P<version>\d+\.\d)(?:/(?P<org>\w+))?", self.soap.partner)
        routes.add("POST", r"/services/Soap/m/(?P<version>\d+\.\d)(?:/(?P<org>\w+))?", self.metadata.endpoint)
        routes.add("GET HEAD", "/", lambda _call: Reply(200, b"", content_type="text/html;charset=UTF-8"))
        return routes

    def _data_routes(self) -> Routes:
        routes = Routes()
        composite = Composite(self.dispatch)
        add = routes.add
        add("GET", "", root)
        add("GET", "/query", queries.query)
        add("GET", "/queryAll", queries.query_all)
        add("GET", "/query/{locator}", queries.more)
        add("GET", "/queryAll/{locator}", queries.more)
        add("GET", "/limits", self.usage.limits)
        add("GET", "/limits/recordCount", limits.record_count)
        add("GET", "/recent", crud.recent)
        add("GET", "/sobjects", crud.list_objects)
        add("GET", "/sobjects/{name}/describe", crud.describe_object)
        add("GET", "/sobjects/{name}/updated", changes.updated)
        add("GET", "/sobjects/{name}/deleted", changes.deleted)
        add("GET", "/sobjects/{name}", crud.object_info)
        add("POST", "/sobjects/{name}", crud.create)
        add("POST", "/sobjects/{name}/Id", crud.create)
        add("GET", "/sobjects/{name}/{key}", crud.read)
        add("PATCH", "/sobjects/{name}/{key}", crud.update)
        add("DELETE", "/sobjects/{name}/{key}", crud.delete)
        add("GET", "/sobjects/{name}/{key}/{value}", externals.read_external)
        add("PATCH", "/sobjects/{name}/{key}/{value}", externals.upsert)
        add("DELETE", "/sobjects/{name}/{key}/{value}", externals.delete_external)
        add("POST", "/composite/sobjects", collections.create_many)
        add("PATCH", "/composite/sobjects", collections.update_many)
        add("DELETE", "/composite/sobjects", collections.delete_many)
        add("GET POST", "/composite/sobjects/{name}", collections.read_many)
        add("PATCH", "/composite/sobjects/{name}/{key}", collections.upsert_many)
        add("POST", "/composite/tree/{name}", tree.create_tree)
        add("POST", "/composite/batch", lambda call: self._batch(composite, call))
        add("POST", "/composite/graph", composite.graph)
        add("POST", "/composite", composite.composite)
        add("GET", "/composite", composite_info)
        bulk2.add_routes(routes, self.usage)
        tooling.add_routes(routes)
        return routes

    def _batch(self, composite: Composite, call: Call) -> Reply:
        """Batch sub-requests count one by one (§10)."""
        extra = len(call.object().get("batchRequests") or []) - 1
        if extra > 0:
            self.usage.spend(extra)
        return composite.batch(call)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        call = self._call(request, body)
        reply = await run_in_threadpool(self.answer, call)
        await self._response(call, reply)(scope, receive, send)

    def _call(self, request: Request, body: bytes) -> Call:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("content-encoding") == "gzip" and body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        raw = request.scope.get("raw_path") or request.url.path.encode()
        path = raw.decode("ascii", "replace").split("?")[0]
        query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        return Call(self.org, request.method, path, query, headers, body, self._base_url(request, headers))

    def _base_url(self, request: Request, headers: dict[str, str]) -> str:
        host = headers.get("host", "localhost")
        if host.split(":")[0].endswith("salesforce.com"):
            server = request.scope.get("server") or ("localhost", 443)
            host = f"{server[0]}:{server[1]}"
        return f"{request.url.scheme}://{host}"

    def answer(self, call: Call) -> Reply:
        """The answer to a request, whatever happens."""
        with self.org.store.reading():
            return self._answer(call)

    def _answer(self, call: Call) -> Reply:
        try:
            if len(call.path) + sum(len(name) + len(value) + 2 for name, value in call.query.items()) > LONGEST_URI:
                return Reply(
                    414, b"<html><head><title>Error 414 URI Too Long</title></head></html>", content_type="text/html"
                )
            if sum(len(name) + len(value) for name, value in call.headers.items()) > LONGEST_URI:
                return Reply(431, b"<html><head><title>Error 431</title></head></html>", content_type="text/html")
            bulk = ASYNC.fullmatch(call.path)
            if bulk is not None:
                return self._async(call, bulk[1], bulk[2])
            return self.dispatch(call) if DATA.fullmatch(call.path) else self.open_routes.answer(call, call.path)
        except ApiError as error:
            return Reply(error.status, error.body())
        except RowError as error:
            return Reply(error.status, error.rest())

    def dispatch(self, call: Call) -> Reply:
        """Answers a REST data request; also the sub-requests of a composite, which already have their user."""
        match = DATA.fullmatch(call.path)
        if match is None:
            raise not_found()
        number = float(match[1])
        if number < FIRST_VERSION and number >= 20:
            raise ApiError(410, "UNSUPPORTED_API_VERSION", f"API version v{match[1]} has been retired")
        if not FIRST_VERSION <= number <= LAST_VERSION or number != int(number):
            raise not_found()
        call.version = match[1]
        if not call.user_id:
            refused = self._open_session(call)
            if refused is not None:
                return refused
        return self.data_routes.answer(call, match[2] or "")

    def _open_session(self, call: Call) -> Reply | None:
        user_id = self.sessions.user(bearer(call))
        if user_id is None:
            kind = call.headers.get("content-type", "")
            if call.body and kind and "json" not in kind and "csv" not in kind:
                return _xml_401()
            raise session_expired()
        self.usage.spend()
        call.user_id = user_id
        kind = call.headers.get("content-type", "")
        if call.method in ("POST", "PATCH") and call.body and kind and "json" not in kind:
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"The Content-Type header value is not supported: {kind}")
        if call.method in ("POST", "PATCH") and not call.body and "/jobs/" not in call.path:
            raise json_error("The HTTP entity body is required, but this request has no entity body.")
        return None

    def _async(self, call: Call, version: str, path: str) -> Reply:
        call.version = version
        token = call.headers.get("x-sfdc-session") or bearer(call)
        user_id = self.sessions.user(token)
        if user_id is None:
            return bulk1.failure(call, "InvalidSessionId", "Invalid session id")
        try:
            self.usage.spend()
        except ApiError as error:
            return bulk1.failure(call, "ExceededQuota", str(error))
        call.user_id = user_id
        return bulk1.answer(self.async_routes, call, path, self.usage)

    def _response(self, call: Call, reply: Reply) -> Response:
        headers = {
            **reply.headers,
            "Cache-Control": NO_CACHE,
            "X-Request-Id": secrets.token_hex(16),
            "Server": "sfdcedge",
        }
        if call.user_id:
            headers["Sforce-Limit-Info"] = self.usage.header()
        body = reply.body
        if body is None:
            content = b""
        elif isinstance(body, bytes):
            content = body
        else:
            content = pretty(body) if call.headers.get("x-prettyprint") in ("1", "true") else orjson.dumps(body)
        headers["Vary"] = "Accept-Encoding"
        if len(content) > 1_000 and "gzip" in call.headers.get("accept-encoding", ""):
            content = gzip.compress(content, 1)
            headers["Content-Encoding"] = "gzip"
            if "ETag" in headers:
                headers["ETag"] = headers["ETag"].removesuffix('"') + '--gzip"'
        if reply.content_type and (content or reply.body is not None):
            headers["Content-Type"] = reply.content_type
        return Response(content, reply.status, headers)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Nothing is to be done when the server starts or stops."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


def _xml_401() -> Reply:
    """A bad token on a request that is not JSON: XML, which clients that parse JSON stumble over (§2.7)."""
    text = b"<response><faultcode>LOGIN_OAUTH_INVALID_TOKEN</faultcode><error>Invalid OAuth token</error></response>"
    return Reply(401, text, content_type="text/xml;charset=UTF-8")


def root(call: Call) -> Reply:
    """``GET /services/data/vNN.0/``: name → path."""
    base = f"/services/data/v{call.version}"
    names = ("tooling", "jobs", "limits", "sobjects", "query", "queryAll", "composite", "recent")
    return Reply(200, {name: f"{base}/{name}" for name in names})


def composite_info(call: Call) -> Reply:
    """``GET /composite``: the composite resources."""
    base = f"/services/data/v{call.version}/composite"
    return Reply(200, {name: f"{base}/{name}" for name in ("batch", "graph", "sobjects", "tree")})
