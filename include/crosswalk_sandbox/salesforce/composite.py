"""composite, batch and graph: several requests in one (Salesforce §7.2, §7.4, §7.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .calls import Call, Reply
from .errors import ApiError, RowError, json_error

MOST_REQUESTS = 25
MOST_QUERIES = 5
MOST_COLLECTIONS = 5
MOST_NODES = 500
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."

Dispatch = Callable[[Call], Reply]
Node = dict[str, Any]


class _Undo(Exception):
    """Ends an all-or-none transaction."""


class Composite:
    """Runs sub-requests through ``dispatch``, the org's own resources."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch

    def composite(self, call: Call) -> Reply:
        """``POST /composite``."""
        body = call.object()
        nodes = self._nodes(body.get("compositeRequest"), MOST_REQUESTS)
        queries = sum(1 for node in nodes if re.search(r"/query(All)?/?(\?|$)", node["url"], re.IGNORECASE))
        collections = sum(1 for node in nodes if "/composite/sobjects" in node["url"])
        if queries > MOST_QUERIES or collections > MOST_COLLECTIONS:
            raise ApiError(
                400, "INVALID_INPUT", "Limits exceeded: at most 5 queries and 5 collections in a composite request"
            )
        return Reply(200, {"compositeResponse": self._run(call, nodes, body.get("allOrNone") is True)[0]})

    def graph(self, call: Call) -> Reply:
        """``POST /composite/graph``: each graph is a transaction of its own."""
        graphs = call.object().get("graphs")
        if not isinstance(graphs, list) or not graphs:
            raise json_error("The graphs array is required")
        if sum(len(graph.get("compositeRequest") or []) for graph in graphs) > MOST_NODES:
            raise ApiError(400, "INVALID_INPUT", f"Limits exceeded: at most {MOST_NODES} nodes")
        answers = []
        for graph in graphs:
            nodes = self._nodes(graph.get("compositeRequest"), MOST_NODES)
            responses, good = self._run(call, nodes, True)
            answers.append(
                {
                    "graphId": graph.get("graphId"),
                    "graphResponse": {"compositeResponse": responses},
                    "isSuccessful": good,
                }
            )
        return Reply(200, {"graphs": answers})

    def batch(self, call: Call) -> Reply:
        """``POST /composite/batch``: independent requests, one after another, without a roll-back."""
        body = call.object()
        requests = body.get("batchRequests")
        if not isinstance(requests, list) or len(requests) > MOST_REQUESTS:
            raise ApiError(400, "INVALID_INPUT", f"batchRequests must be an array of at most {MOST_REQUESTS}")
        results: list[Node] = []
        halted = False
        for request in requests:
            if halted:
                text = "The batch was halted because a previous operation in the batch failed"
                results.append(
                    {"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": text}]}
                )
                continue
            url = "/services/data/" + str(request.get("url", "")).lstrip("/").removeprefix("services/data/")
            reply = self._one(call, str(request.get("method", "GET")).upper(), url, {}, request.get("richInput"))
            results.append({"statusCode": reply.status, "result": reply.body})
            halted = body.get("haltOnError") is True and reply.status >= 400
        return Reply(200, {"hasErrors": any(item["statusCode"] >= 400 for item in results), "results": results})

    def _nodes(self, given: Any, most: int) -> list[Node]:
        if not isinstance(given, list) or not given:
            raise json_error("The compositeRequest array is required")
        if len(given) > most:
            raise ApiError(400, "INVALID_INPUT", f"Limits exceeded: at most {most} subrequests")
        seen: set[str] = set()
        for node in given:
            name = node.get("referenceId")
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
                raise ApiError(
                    400,
                    "INVALID_INPUT",
                    "A referenceId of letters, digits and underscores is required for every subrequest",
                )
            if name in seen:
                raise ApiError(400, "INVALID_INPUT", f"Duplicate referenceId: {name}")
            if not isinstance(node.get("url"), str) or not node.get("method"):
                raise ApiError(400, "INVALID_INPUT", "Every subrequest needs a method and a url")
            seen.add(name)
        return given

    def _run(self, call: Call, nodes: list[Node], all_or_none: bool) -> tuple[list[Node], bool]:
        if not all_or_none:
            return self._each(call, nodes, all_or_none), True
        try:
            with call.org.store.writing(), call.org.store.savepoint():
                responses = self._each(call, nodes, all_or_none)
                if any(response["httpStatusCode"] >= 400 for response in responses):
                    raise _Undo
                return responses, True
        except _Undo:
            return [_halted(response) for response in responses], False

    def _each(self, call: Call, nodes: list[Node], all_or_none: bool) -> list[Node]:
        responses: list[Node] = []
        known: dict[str, Any] = {}
        failed = False
        for node in nodes:
            if failed and all_or_none:
                responses.append(_refused("PROCESSING_HALTED", HALTED, node["referenceId"]))
                continue
            response = self._node(call, node, known, all_or_none)
            responses.append(response)
            failed = failed or response["httpStatusCode"] >= 400
            known[node["referenceId"]] = response["body"] if response["httpStatusCode"] < 400 else None
        return responses

    def _node(self, call: Call, node: Node, known: dict[str, Any], all_or_none: bool) -> Node:
        try:
            url = str(_filled(node["url"], known, quoted=True))
            body = _filled(node.get("body"), known)
        except KeyError as error:
            text = f"Invalid reference specified. No value for {error.args[0]} found"
            return _refused("PROCESSING_HALTED", text, node["referenceId"])
        if all_or_none and "/composite/sobjects" in url and isinstance(body, dict):
            body = {**body, "allOrNone": True}
        headers = {str(name).lower(): str(value) for name, value in (node.get("httpHeaders") or {}).items()}
        reply = self._one(call, str(node["method"]).upper(), url, headers, body)
        shown = {name: value for name, value in reply.headers.items() if name in ("Location", "ETag", "Last-Modified")}
        return {
            "body": reply.body,
            "httpHeaders": shown,
            "httpStatusCode": reply.status,
            "referenceId": node["referenceId"],
        }

    def _one(self, call: Call, method: str, url: str, headers: dict[str, str], body: Any) -> Reply:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kept = {
            name: call.headers[name]
            for name in ("sforce-duplicate-rule-header", "sforce-auto-assign")
            if name in call.headers
        }
        inner = call.inner(
            method,
            unquote(parts.path) if "%2F" not in parts.path.upper() else parts.path,
            query,
            {**kept, **headers},
            body,
        )
        try:
            return self.dispatch(inner)
        except ApiError as error:
            return Reply(error.status, error.body())
        except RowError as error:
            return Reply(error.status, error.rest())


def _refused(code: str, message: str, name: str) -> Node:
    return {
        "body": [{"errorCode": code, "message": message}],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": name,
    }


def _halted(response: Node) -> Node:
    return (
        response
        if response["httpStatusCode"] >= 400
        else _refused("PROCESSING_HALTED", HALTED, response["referenceId"])
    )


def _filled(value: Any, known: dict[str, Any], *, quoted: bool = False) -> Any:
    """References like ``@{acc.id}`` replaced by parts of earlier answers. Raises KeyError with the unknown reference."""
    if isinstance(value, dict):
        return {name: _filled(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole and not quoted:
        return _reference(whole, known)

    def one(match: re.Match[str]) -> str:
        text = str(_reference(match, known))
        return quote(text, safe="") if quoted else text

    return REFERENCE.sub(one, value)


def _reference(match: re.Match[str], known: dict[str, Any]) -> Any:
    found: Any = known.get(match[1])
    for name, index in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", match[2]):
        try:
            found = (
                found[int(index)] if index else next(item for key, item in found.items() if key.lower() == name.lower())
            )
        except (TypeError, IndexError, AttributeError, StopIteration):
            raise KeyError(match[1]) from None
    if found is None:
        raise KeyError(match[1])
    return found
