"""Lists: options, pages, next links, projection, expansion (SAP Business One §5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from .account import Account
from .calls import Call, Reply
from .desk import Row
from .ends import Ends
from .errors import generic, unknown_property
from .places import Places, Raw, Rows
from .queries import aggregate
from .queries.conditions import Conditions, simple
from .queries.tree import Condition, Expanded, Order, Path, Selected, read
from .schema.model import Property, Structure
from .views import View

if TYPE_CHECKING:
    from .entities import Entities

Held = tuple[int, int, Row]
"""id, version, row."""
_OPTIONS: Final = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$skip", "$count", "$inlinecount", "$expand", "$apply", "$format"}
)
_VERSIONS: Final = {"$count": 2, "$inlinecount": 1}
"""Options that one version has and the other has not (§2)."""


class Listing:
    """Reads the query options of a set and answers pages."""

    def __init__(self, account: Account, entities: Entities) -> None:
        self._account = account
        self._entities = entities
        self._places = Places(account.store)

    def answer(self, call: Call, entity_set: str) -> Reply:
        """A page of a set."""
        check_options(call)
        if call.option("$apply") is not None:
            return Reply(200, {**call.context(entity_set), "value": self._aggregated(call, entity_set)})
        where, parameters = self.where(call, entity_set)
        skip, top, size = self.window(call)
        limit = min(size or top or 2**31, top if top is not None else 2**31)
        held = self._page(entity_set, where, parameters, self._order(call, entity_set), skip, limit + 1)
        rows = self._view(call, entity_set).rows(
            self._account.store.copies, self._entities.renderer.templates, held[:limit]
        )
        body: dict[str, Any] = {**call.context(entity_set), **self._count(call, entity_set, where, parameters)}
        body["value"] = rows
        if len(held) > limit and (top is None or top > limit):
            body[call.name("nextLink")] = self.next_link(
                call, entity_set, skip + limit, None if top is None else top - limit
            )
        headers = {}
        if call.preferred_page() is not None:
            headers["Preference-Applied"] = f"odata.maxpagesize={call.preferred_page()}"
        return Reply(200, body, headers)

    def count(self, call: Call, entity_set: str) -> Reply:
        """How many, as bare digits (§4)."""
        check_options(call)
        where, parameters = self.where(call, entity_set)
        [(number,)] = self._account.store.listed(f'SELECT count(*) FROM "{entity_set}" WHERE {where}', parameters)
        return Reply(200, str(number), content_type="text/plain;charset=utf-8")

    # options

    def where(self, call: Call, entity_set: str) -> tuple[str, list[Any]]:
        """SQL of ``$filter``."""
        given = call.option("$filter")
        if not given:
            return "1", []
        return self.conditions(call, entity_set).sql(read("filter", given, "$filter"))

    def conditions(self, call: Call, entity_set: str) -> Conditions:
        """What reads conditions on a set."""
        account, kind = self._account, self._account.model.type_of(entity_set)

        def resolve(path: Path) -> tuple[str, Property]:
            one = single_of(kind, path, call)
            return account.sql_of(entity_set, one.name), one

        insensitive = account.options.database == "mssql" or call.flag("b1s-caseinsensitive")
        return Conditions(
            resolve,
            lambda name: account.model.enums[name],
            insensitive=insensitive,
            bare_literals=account.options.unquoted_literals,
        )

    def _order(self, call: Call, entity_set: str) -> str:
        given = call.option("$orderby")
        if not given:
            return "id"
        orders: Sequence[Order] = read("orderby", given, "$orderby")
        kind = self._account.model.type_of(entity_set)
        terms = [
            f"{self._account.sql_of(entity_set, single_of(kind, one.path, call).name)}{' DESC' if one.descending else ''}"
            for one in orders
        ]
        return ", ".join([*terms, "id"])

    def window(self, call: Call) -> tuple[int, int | None, int | None]:
        """Rows to skip, most rows wanted, rows of a page (None: no paging) (§5)."""
        skip, top = _whole(call, "$skip") or 0, _whole(call, "$top")
        asked = call.preferred_page()
        if asked is None:
            told = call.headers.get("b1s-pagesize", "")
            asked = int(told) if told.isdigit() else self._account.options.page_size
        return skip, top, asked or None

    def _count(self, call: Call, entity_set: str, where: str, parameters: list[Any]) -> dict[str, Any]:
        if call.version == 2:
            wanted = (call.option("$count") or "false").lower()
            if wanted not in ("true", "false"):
                raise generic("Query string error, invalid value of $count")
        else:
            wanted = {"allpages": "true", "none": "false"}.get(call.option("$inlinecount") or "none", "")
            if not wanted:
                raise generic("Query string error, invalid value of $inlinecount")
        if wanted == "false":
            return {}
        [(number,)] = self._account.store.listed(f'SELECT count(*) FROM "{entity_set}" WHERE {where}', parameters)
        return {call.name("count"): number if call.version == 2 else str(number)}

    # pages

    def _page(
        self, entity_set: str, where: str, parameters: list[Any], order: str, skip: int, limit: int
    ) -> Sequence[Raw]:
        return self._places.page(Rows(entity_set, where, tuple(parameters), order), skip, limit)

    def next_link(self, call: Call, resource: str, skip: int, top: int | None = None) -> str:
        """The address of the next page, relative to the service root (§5)."""
        kept = [(name, value) for name, value in call.parameters if name not in ("$skip", "$top", "$skiptoken")]
        if not self._account.options.link_keeps_options:
            kept = []
        if top is not None:
            kept.append(("$top", str(top)))
        options = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in [*kept, ("$skip", str(skip))])
        return f"{resource}?{options}"

    # rows

    def shown(self, call: Call, entity_set: str, held: Sequence[Held]) -> list[dict[str, Any]]:
        """Rows as they are answered: projected, expanded, with their ETags, in the form of the version.

        Only ``orjson.dumps`` can write them (:mod:`.shapes`).
        """
        view = self._view(call, entity_set)
        return [view.row(version, row) for _, version, row in held]

    def _view(self, call: Call, entity_set: str) -> View:
        model = self._account.model
        kind = model.type_of(entity_set)
        chosen = self._chosen(call, kind)
        return View(
            kind.name,
            self._entities.renderer.shapes(call.version),
            chosen,
            self._ways(call, entity_set),
            call.name("etag") if model.sets[entity_set].etag else "",
            chosen is not None and self._account.options.constant_etag,
        )

    def _chosen(self, call: Call, kind: Structure) -> tuple[str, ...] | None:
        given = call.option("$select")
        if not given:
            return None
        names = []
        ways = {one.path.parts[0] for one in self._asked(call)}
        for one in read("select", given, "$select"):
            if one.operand is None:
                return None
            if isinstance(one.operand, Path) and len(one.operand.parts) == 2 and one.operand.parts[0] in ways:
                continue
            if isinstance(one.operand, Path) and one.operand.parts[0] in ways:
                continue
            names.append(property_of(kind, one.operand, call).name)
        return tuple(dict.fromkeys(names))

    def _asked(self, call: Call) -> Sequence[Expanded]:
        given = call.option("$expand")
        found: Sequence[Expanded] = read("expand", given, "$expand") if given else ()
        return found

    def _ways(self, call: Call, entity_set: str) -> list[Ends]:
        found = []
        kind, targets = self._account.model.type_of(entity_set), self._account.model.sets[entity_set].targets
        for one in self._asked(call):
            name = one.path.parts[0]
            way, target = kind.navigation.get(name), targets.get(name)
            if len(one.path.parts) > 1 or way is None or target not in self._account.model.sets:
                raise unknown_property(str(one.path), kind.name)
            wanted = one.select or _sub_selection(call, name)
            end = self._account.model.type_of(str(target))
            names = tuple(property_of(end, each.operand, call).name for each in wanted if each.operand is not None)
            found.append(Ends(self._account, self._entities.renderer.shapes(call.version), way, str(target), names))
        return found

    def arranged(self, call: Call, names: Sequence[str]) -> str:
        """SQL of ``$orderby``, ``$skip`` and ``$top`` over the rows of an aggregation, which has no pages."""
        given = call.option("$orderby")
        orders: Sequence[Order] = read("orderby", given, "$orderby") if given else ()
        strange = next((str(one.path) for one in orders if str(one.path) not in names), None)
        if strange is not None:
            raise generic(f"'{strange}' is not in the result of $apply")
        terms = [f"{names.index(str(one.path)) + 1}{' DESC' if one.descending else ''}" for one in orders]
        terms += [str(place + 1) for place in range(len(names))]
        top = _whole(call, "$top")
        return f" ORDER BY {', '.join(terms)} LIMIT {-1 if top is None else top} OFFSET {_whole(call, '$skip') or 0}"

    def _aggregated(self, call: Call, entity_set: str) -> list[dict[str, Any]]:
        steps = read("apply", str(call.option("$apply")), "$apply")
        kind = self._account.model.type_of(entity_set)
        conditions = self.conditions(call, entity_set)

        def column(path: Path) -> tuple[str, Property]:
            one = single_of(kind, path, call)
            return self._account.sql_of(entity_set, one.name), one

        where: list[Condition] = [read("filter", given, "$filter") for given in [call.option("$filter")] if given]
        sql, parameters, names = aggregate.statement(f'"{entity_set}"', steps, where, column, conditions)
        sql += self.arranged(call, names)
        rows = [dict(zip(names, row, strict=True)) for row in self._account.store.listed(sql, parameters)]
        return [{"odata.id": None, **row} for row in rows] if call.version == 1 else rows


_SAFE: Final = "$,'()*/ :"


def _whole(call: Call, name: str) -> int | None:
    given = call.option(name)
    if given is None:
        return None
    if not given.isdigit():
        raise generic(f"Query string error, invalid value of {name}")
    return int(given)


def check_options(call: Call) -> None:
    """Raises Refusal 400 for options that the service has not (§5)."""
    for name, value in call.parameters:
        if name.startswith("$") and (name not in _OPTIONS or _VERSIONS.get(name, call.version) != call.version):
            raise generic(f"Query option '{name}' is not supported")
        if name == "$format" and value != "json":
            raise generic("Query string error, invalid value of $format")


def property_of(kind: Structure, operand: Any, call: Call) -> Property:
    """The property that an operand names, by the names of the version. Raises Refusal 400 -1000."""
    name = simple(operand, kind.name)
    if call.version == 1:
        name = kind.of_old(name)
    elif name.removesuffix("Property") != name and name not in kind.properties:
        raise unknown_property(name, kind.name)
    one = kind.properties.get(name)
    if one is None:
        raise unknown_property(name, kind.name)
    return one


def single_of(kind: Structure, operand: Any, call: Call) -> Property:
    """The same where only a simple property will do: child rows are neither compared nor sorted nor grouped by (§5)."""
    one = property_of(kind, operand, call)
    if one.collection or one.kind == "complex":
        raise generic(f"Property '{one.name}' of '{kind.name}' is not a simple property")
    return one


def _sub_selection(call: Call, way: str) -> tuple[Selected, ...]:
    """``$select=Nav/Prop`` beside ``$expand=Nav``."""
    given = call.option("$select")
    if not given:
        return ()
    return tuple(
        Selected(Path(one.operand.parts[1:]))
        for one in read("select", given, "$select")
        if isinstance(one.operand, Path) and len(one.operand.parts) == 2 and one.operand.parts[0] == way
    )
