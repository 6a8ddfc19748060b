"""Reading by path below a record: sublists, lines, addresses, referenced records (NetSuite §5.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import unknown_record, unknown_url
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link
from crosswalk_sandbox.netsuite.records.listing import page_links
from crosswalk_sandbox.netsuite.records.render import Renderer, Style
from crosswalk_sandbox.netsuite.references import target

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.language import Field, RecordType, Sublist
    from crosswalk_sandbox.netsuite.store import Row, Store


class Subresources:
    """Answers requests for parts of a record."""

    def __init__(self, store: Store, renderer: Renderer) -> None:
        self._store = store
        self._renderer = renderer

    def get(self, call: Call, kind: RecordType, row: Row, rest: tuple[str, ...], url: str, style: Style) -> Answer:
        """The part that ``rest`` names."""
        name = rest[0].lower()
        if name in kind.sublists:
            return self._sublist(call, kind.sublists[name], row, rest[1:], f"{url}/{kind.sublists[name].name}", style)
        if name in kind.subrecords and len(rest) == 1:
            return self._address(row.get(kind.subrecords[name].column), call.url, style)
        if name in kind.fields and len(rest) == 1:
            return self._referenced(call, kind.fields[name], row, style)
        raise unknown_url(call.path)

    def _sublist(self, call: Call, sublist: Sublist, row: Row, rest: tuple[str, ...], url: str, style: Style) -> Answer:
        lines = self._renderer.lines(sublist, row["id"])
        if not rest:
            return self._page(call, sublist, lines, url, style)
        found = next((line for line in lines if self._renderer.line_key(sublist, line) == rest[0]), None)
        if found is None:
            raise unknown_record()
        if len(rest) == 1:
            return Answer(200, self._renderer.line(sublist, found, f"{url}/{rest[0]}", style))
        if sublist.subrecord is not None and rest[1].lower() == sublist.subrecord.name.lower() and len(rest) == 2:
            return self._address(found.get(sublist.subrecord.column), call.url, style)
        raise unknown_url(call.path)

    def _page(self, call: Call, sublist: Sublist, lines: list[Row], url: str, style: Style) -> Answer:
        limit, offset = call.page()
        part = lines[offset : offset + limit]
        items = []
        for line in part:
            address = f"{url}/{self._renderer.line_key(sublist, line)}"
            items.append(
                self._renderer.line(sublist, line, address, style) if style.expand else {"links": [link(address)]}
            )
        body = {
            "links": page_links(call, url, limit, offset, len(lines)),
            "count": len(items),
            "hasMore": offset + len(items) < len(lines),
            "items": items,
            "offset": offset,
            "totalResults": len(lines),
        }
        return Answer(200, body, "collection")

    def _address(self, nkey: int | None, url: str, style: Style) -> Answer:
        if nkey is None:
            raise unknown_record()
        return Answer(200, self._renderer.address(nkey, url, Style(style.root, True, style.simple_enums)))

    def _referenced(self, call: Call, field: Field, row: Row, style: Style) -> Answer:
        found = target(self._store.catalog, field.target)
        value = row.get(field.column)
        if field.kind != "ref" or found is None or value is None:
            raise unknown_url(call.path)
        reference = self._renderer.reference(field.target, value, None, style.root)
        rest_type = reference["links"][0]["href"].split("/")[-2] if reference["links"] else ""
        kind = self._store.catalog.record_type(rest_type)
        other = self._renderer.row(kind, int(value)) if kind is not None else None
        if kind is None or other is None:
            raise unknown_url(call.path)
        return Answer(200, self._renderer.record(kind, other, reference["links"][0]["href"], style))
