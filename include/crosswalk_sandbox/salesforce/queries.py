"""query, queryAll, queryMore and their plan (Salesforce §5)."""

from __future__ import annotations

import re

from .calls import Call, Reply
from .errors import ApiError


def query(call: Call) -> Reply:
    """``GET /query/?q=…``."""
    return _run(call, all_rows=False)


def query_all(call: Call) -> Reply:
    """``GET /queryAll/?q=…``: deleted rows as well."""
    return _run(call, all_rows=True)


def _run(call: Call, *, all_rows: bool) -> Reply:
    text = call.query.get("q")
    if text is None:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    org = call.org
    answer = org.runner.run(text, org.viewer(call.user_id), call.version, all_rows=all_rows, batch=batch_hint(call))
    return Reply(200, answer)


def batch_hint(call: Call) -> int | None:
    """``Sforce-Query-Options: batchSize=N``; only a hint."""
    match = re.search(r"batchSize\s*=\s*(\d+)", call.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return int(match[1]) if match else None


def more(call: Call, locator: str) -> Reply:
    """``GET /query/0r8…-2000``: a further page."""
    match = re.fullmatch(r"([A-Za-z0-9]{15,18})-(\d+)", locator)
    if match is None:
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    org = call.org
    return Reply(200, org.runner.more(match[1], int(match[2]), org.viewer(call.user_id), call.version))
