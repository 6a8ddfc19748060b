"""Saved analytics datasets: queries of the account under an id (NetSuite §1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.netsuite.errors import method_not_allowed, unknown_record, unknown_url
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store
    from crosswalk_sandbox.netsuite.suiteql.execute import SuiteQL


class Queries:
    """``/query/v1``: SuiteQL and the saved datasets."""

    def __init__(self, store: Store, suiteql: SuiteQL) -> None:
        self._store = store
        self._suiteql = suiteql

    def add(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Save a dataset: ``id``, ``name`` and the query ``q`` it stands for."""
        ident = str(wish["id"])
        saved = self._saved() | {ident: {"name": str(wish.get("name", ident)), "q": str(wish["q"])}}
        self._store.set_setting("datasets", json.dumps(saved))
        return {"id": ident}

    def serve(self, call: Call) -> Answer:
        """SuiteQL, the list of datasets, or a dataset's rows."""
        match call.segments[4:]:
            case ("suiteql",):
                return self._suiteql.serve(call)
            case ("dataset", *rest) if call.method != "GET" and len(rest) in (0, 2):
                raise method_not_allowed(call.method)
            case ("dataset",):
                return self._list(call)
            case ("dataset", ident, "result"):
                return self._result(call, ident)
            case _:
                raise unknown_url(call.path)

    def _list(self, call: Call) -> Answer:
        limit, offset = call.page()
        items = [{"links": [link(f"{call.base_url}{call.path.rstrip('/')}/{ident}")], "id": ident, "name": saved["name"]}
                 for ident, saved in sorted(self._saved().items())]  # fmt: skip
        shown = items[offset : offset + limit]
        more = offset + len(shown) < len(items)
        body = {"links": [link(call.url)], "count": len(shown), "hasMore": more, "items": shown, "offset": offset,
                "totalResults": len(items)}  # fmt: skip
        return Answer(200, body, "collection")

    def _result(self, call: Call, ident: str) -> Answer:
        saved = self._saved().get(ident)
        if saved is None:
            raise unknown_record()
        return self._suiteql.answer(call, saved["q"], [])

    def _saved(self) -> dict[str, dict[str, str]]:
        kept: dict[str, dict[str, str]] = json.loads(self._store.setting("datasets") or "{}")
        return kept
