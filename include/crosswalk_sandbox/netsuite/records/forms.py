"""Form operations: select options, create-form and edit-form (NetSuite §5.11). Nothing is saved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_parameter, method_not_allowed
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link
from crosswalk_sandbox.netsuite.references import target
from crosswalk_sandbox.netsuite.schema.enumerations import enumeration

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.service import Records
    from crosswalk_sandbox.netsuite.schema.language import Field, RecordType
    from crosswalk_sandbox.netsuite.store import Store

_FILTER: Final = re.compile(r'\s*(\w+)\s+(CONTAIN|IS|START_WITH)\s+("[^"]*"|[^\s,]+)\s*(?:,|$)', re.IGNORECASE)


class _Undo(Exception):
    """Ends the transaction of a form that is only shown."""


class Forms:
    """Answers requests whose Accept header asks for a form."""

    def __init__(self, store: Store, records: Records) -> None:
        self._store = store
        self._records = records

    def serve(self, call: Call, kind: RecordType, parts: tuple[str, ...]) -> Answer | None:
        """The form's answer; None when the request asks for no form."""
        accept = call.header("accept").replace(" ", "")
        if "type=select-options" in accept:
            return self._options(call, kind, parts)
        if "type=create-form" in accept and call.method == "POST" and len(parts) in (1, 4):
            return self._form(call, kind, parts)
        if "type=edit-form" in accept and call.method == "PATCH" and len(parts) == 2:
            return self._form(call, kind, parts)
        return None

    # select options

    def _options(self, call: Call, kind: RecordType, parts: tuple[str, ...]) -> Answer:
        if call.method not in ("POST", "PATCH") or (call.method == "PATCH") != (len(parts) == 2):
            raise method_not_allowed(call.method)
        if len(parts) == 2:
            self._records.resolve(call, kind, parts[1])
        names = [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]
        if not names:
            raise invalid_parameter("fields", "The query parameter 'fields' is required for select options.")
        limit, offset = call.page()
        filters = self._filters(call)
        body: dict[str, Any] = {"links": [link(call.url)]}
        for name in names:
            field = kind.fields.get(name.lower())
            if field is None or field.kind not in ("ref", "enum", "multi"):
                raise invalid_parameter("fields", f"The field '{name}' has no select options.")
            body[field.name] = {"_selectOptions": self._page(call, self._shown(field, filters), limit, offset)}
        return Answer(200, body, "select-options")

    def _filters(self, call: Call) -> dict[str, tuple[str, str]]:
        given = call.query.get("q", "")
        found = {match[1].lower(): (match[2].upper(), match[3].strip('"').lower()) for match in _FILTER.finditer(given)}
        if given and not found:
            raise invalid_parameter("q", "Invalid filter of select options.")
        return found

    def _shown(self, field: Field, filters: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
        options = self._all(field)
        if field.name.lower() not in filters:
            return options
        operator, wanted = filters[field.name.lower()]
        checks = {"CONTAIN": lambda name: wanted in name, "IS": lambda name: wanted == name,
                  "START_WITH": lambda name: name.startswith(wanted)}  # fmt: skip
        return [option for option in options if checks[operator](option["refName"].lower())]

    def _all(self, field: Field) -> list[dict[str, Any]]:
        found = target(self._store.catalog, field.target)
        if found is None:
            return [{"id": code, "refName": name} for code, name in enumeration(field.target or "").items()]
        columns = self._store.catalog.physical()[found.table]
        where = "WHERE isinactive = 'F'" if "isinactive" in columns else ""
        sql = f'SELECT t."{found.key}" AS id, {found.name_sql.format(t="t")} AS name FROM "{found.table}" t {where} ORDER BY 2'
        return [{"id": row["id"], "refName": str(row["name"])} for row in self._store.rows(sql)]

    def _page(self, call: Call, options: list[dict[str, Any]], limit: int, offset: int) -> dict[str, Any]:
        items = options[offset : offset + limit]
        return {
            "links": [link(call.url)],
            "items": items,
            "count": len(items),
            "offset": offset,
            "hasMore": offset + len(items) < len(options),
            "totalResults": len(options),
        }

    # create-form, edit-form

    def _form(self, call: Call, kind: RecordType, parts: tuple[str, ...]) -> Answer:
        """The record as it would be, made in a transaction that is undone."""
        shown: Answer | None = None
        try:
            with self._store.write(), self._store.savepoint():
                shown = self._made(call, kind, parts)
                raise _Undo
        except _Undo:
            assert shown is not None
            return shown

    def _made(self, call: Call, kind: RecordType, parts: tuple[str, ...]) -> Answer:
        if len(parts) == 4:
            location = self._records.transform(call, kind, parts[1], parts[3]).headers["Location"]
            made = self._store.catalog.record_type(parts[3]) or kind
            ident = int(location.rsplit("/", 1)[1])
        elif call.method == "POST":
            made, ident = kind, self._records.insert(self._records.draft(call, kind))
        else:
            made, ident = kind, self._records.resolve(call, kind, parts[1])["id"]
            self._records.change(self._records.draft(call, kind), self._records.resolve(call, kind, parts[1]))
        row = self._records.renderer.row(made, ident)
        assert row is not None
        style = self._records.style(call)
        body = self._records.renderer.record(made, row, call.url, style)
        if call.method == "POST":
            body.pop("id", None)
        return Answer(200, body)
