"""Search: a late index, 10,000 results, one sort (HubSpot §10)."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import validation, wrong_shape
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import Record, record_of

from .matching import Group, Matcher, reader_of
from .render import Renderer, value_of
from .service import Records

WINDOW: Final = 10_000
MOST, USUAL = 200, 10
LONGEST_QUERY: Final = 3_000
_SELECT: Final = (
    "SELECT id, type, state, created, modified, archived, properties FROM record WHERE type = ? AND state = 0"
)
_COUNT: Final = "SELECT count(*) FROM record WHERE type = ? AND state = 0"
_TOTALS: Final = 64
_FEW: Final = 5_000  # below so many matches in the index of changes it is cheaper to sort them than to walk by id
_FAR: Final = 1_000  # rows: who leaps further by id than pages go is told what is left, not what was passed

Order = tuple[str, bool]
Stale = Mapping[int, "Record | None"]
"""What the index still holds of records that changed since, by id."""


class Search:
    """The search endpoint of every type."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store
        self._matcher = Matcher(account, self._linked)
        self._totals: dict[tuple[object, ...], tuple[int, int, int]] = {}

    def routes(self, routes: Routes) -> None:
        """Add the endpoint."""
        routes.add("POST", "/crm/v3/objects/{name}/search", self.search, counted="search")

    def search(self, call: Call, name: str) -> Reply:
        """One page of matches."""
        kind, body = self._account.kind(name), call.object()
        limit, after = _window(body)
        groups = self._matcher.groups(kind, body)
        order = self._order(kind, body.get("sorts"))
        words = str(body.get("query") or "").lower().split()
        if len(str(body.get("query") or "")) > LONGEST_QUERY:
            raise validation(f"query is longer than {LONGEST_QUERY} characters")
        stale = self._records.index.stale(kind.id)
        self._confirmations(kind, body, stale)
        total, found = self._found(kind, groups, words, order, stale, after, limit)
        properties = body.get("properties")
        if properties is not None and not isinstance(properties, list):
            raise wrong_shape("java.util.List<java.lang.String>", properties)
        renderer = Renderer(self._account, kind, [str(one) for one in properties or ()])
        answer: dict[str, Any] = {
            "total": total,
            "results": [renderer.show(record) for record in self._returned(found, stale)],
        }
        if after + len(found) < total and found:
            answer["paging"] = {"next": {"after": str(after + len(found))}}
        return Reply(200, answer)

    def _confirmations(self, kind: ObjectType, body: Mapping[str, Any], stale: Stale) -> None:
        """Note a search for what was just written: the index may not know it yet (§8)."""
        for group in body.get("filterGroups") or () if stale else ():
            for one in group.get("filters") or ():
                name, value = str(one.get("propertyName")), str(one.get("value"))
                if one.get("operator") != "EQ" or not self._account.unique_property(kind, name):
                    continue
                ident = (
                    int(value)
                    if name == "hs_object_id" and value.isdigit()
                    else self._records.holder(kind, name, value)
                )
                if ident in stale:
                    self._account.misuse("search used as confirmation", f"{kind.singular} {name}")

    # matching

    def _found(
        self,
        kind: ObjectType,
        groups: list[Group],
        words: list[str],
        order: Order,
        stale: Stale,
        after: int,
        limit: int,
    ) -> tuple[int, list[Record]]:
        simple = not words and len(groups) <= 1 and not any(group.tests for group in groups)
        sortable = order[0] in ("hs_object_id", kind.modified)
        late = [one for one in stale.values() if one is not None and _passes(kind, one, groups, words)]
        if simple and sortable:
            return self._by_index(kind, groups[0] if groups else Group(), order, stale, late, after, limit)
        known = (one for one in self._rows(kind, groups) if one.id not in stale and _passes(kind, one, groups, words))
        return _sorted(self._account, kind, itertools.chain(known, late), order, after, limit)

    def _by_index(
        self,
        kind: ObjectType,
        group: Group,
        order: Order,
        stale: Stale,
        late: list[Record],
        after: int,
        limit: int,
    ) -> tuple[int, list[Record]]:
        """Counted and paged by SQLite; what the index has otherwise is merged in."""
        where = "".join(f" AND {part}" for part in group.sql)
        parameters = [kind.id, *group.parameters]
        total = self._total(kind, group)
        hidden = 0
        for record in (self._store.record(ident) for ident in stale):
            hidden += record is not None and record.state == 0 and group.holds(record)
        column = "modified" if order[0] == kind.modified else "id"
        way = "DESC" if order[1] else "ASC"
        sql = f"{_SELECT.replace('FROM record', f'FROM record{self._hint(kind, column, group)}')}{where} ORDER BY {column} {way}, id {way} LIMIT ? OFFSET ?"
        if not stale:
            rows = self._store.rows(sql, [*parameters, limit, after])
            return total, [record_of(row) for row in rows]
        rows = self._store.rows(sql, [*parameters, after + limit + len(stale), 0])
        known = [one for one in map(record_of, rows) if one.id not in stale]
        key = _by_column(column)
        merged = heapq.merge(known, sorted(late, key=key, reverse=order[1]), key=key, reverse=order[1])
        return total - hidden + len(late), list(itertools.islice(merged, after, after + limit))

    def _total(self, kind: ObjectType, group: Group) -> int:
        """How many match. Who asks the same again is told what was counted; who pages by id asks with a higher bound: only what lies
        between is counted then."""
        where, values = list(group.sql), list(group.parameters)
        bound = 0
        if where.count("id > ?") == 1 and not _own_index(group):
            place = where.index("id > ?")
            bound = int(str(values.pop(sum(part.count("?") for part in where[:place]))))
            del where[place]
        key, version = (kind.id, tuple(where), tuple(values)), self._store.version
        known = self._totals.get(key)
        passed = _FAR
        if known is not None and known[0] == version and known[1] <= bound:
            if known[1] == bound:
                return known[2]
            between = [*where, "id > ?", "id <= ?"]
            passed = self._count(" INDEXED BY record_walk", kind, between, [*values, known[1], bound], _FAR)
        if known is not None and passed < _FAR:
            total = known[2] - passed
        else:
            total = self._count(_own_index(group), kind, [*where, "id > ?"], [*values, bound])
        if len(self._totals) > _TOTALS:
            self._totals.clear()
        self._totals[key] = (version, bound, total)
        return total

    def _count(
        self, hint: str, kind: ObjectType, where: list[str], values: list[object], most: int | None = None
    ) -> int:
        sql = _COUNT.replace("FROM record", f"FROM record{hint}") + "".join(f" AND {part}" for part in where)
        if most is not None:
            sql = f"SELECT count(*) FROM ({sql.replace('count(*)', '1')} LIMIT {most})"
        return int(self._store.value(sql, [kind.id, *values]))

    def _hint(self, kind: ObjectType, column: str, group: Group) -> str:
        """Which index to walk, since the file keeps no statistics: that of changes sorts its matches for every page."""
        if own := _own_index(group):
            return own
        changed = [place for place, part in enumerate(group.sql) if part.startswith("modified")]
        if not changed:
            return ""
        if column == "modified":
            return " INDEXED BY record_changed"
        values = [value for place in changed for value in _values_of(group, place)]
        few = self._count(" INDEXED BY record_changed", kind, [group.sql[at] for at in changed], values, _FEW + 1)
        return f" INDEXED BY {'record_changed' if few <= _FEW else 'record_walk'}"

    def _rows(self, kind: ObjectType, groups: list[Group]) -> Iterator[Record]:
        group = groups[0] if len(groups) == 1 else Group()
        where = "".join(f" AND {part}" for part in group.sql)
        cursor = self._store.reader().execute(_SELECT + where, [kind.id, *group.parameters])
        return map(record_of, cursor)

    def _returned(self, found: list[Record], stale: Stale) -> list[Record]:
        """What a match gives back: the record as it is now, unless the account shows what the index has (§10)."""
        if self._account.options.search_returns == "indexed" or not stale:
            return found
        current = (self._store.record(one.id) if one.id in stale else None for one in found)
        return [now if now is not None and now.state == 0 else old for now, old in zip(current, found, strict=True)]

    def _linked(self, record: Record, kind: str) -> list[int]:
        """Associated ids as the index knows them: late with new ones and with ended ones."""
        known = self._store.now() - int(self._records.index.delay * 1000)
        rows = self._store.rows(
            "SELECT target FROM association JOIN record ON record.id = target WHERE source = ? AND kind = ? AND since <= ? AND state = 0",
            (record.id, kind, known),
        )
        return [row[0] for row in rows] + [
            target for source, target in self._records.index.parted(kind) if source == record.id
        ]

    def _order(self, kind: ObjectType, sorts: Any) -> Order:
        """The one sort: an object, or a name with a minus for descending. Raises Refusal 400."""
        if sorts is not None and not isinstance(sorts, list):
            raise wrong_shape("java.util.List<com.hubspot.Sort>", sorts)
        if not sorts:
            return "hs_object_id", False
        if len(sorts) > 1:
            raise validation("A search takes one sort")
        one = sorts[0]
        if isinstance(one, dict):
            name, direction = str(one.get("propertyName", "")), str(one.get("direction") or "ASCENDING").upper()
            if direction not in ("ASCENDING", "DESCENDING"):
                raise validation(f"Invalid direction {direction}; it is ASCENDING or DESCENDING", direction=[direction])
            down = direction == "DESCENDING"
        else:
            name, down = str(one).removeprefix("-"), str(one).startswith("-")
        if name not in self._account.definitions(kind):
            raise validation(
                f"There was a problem with the request: property {name} does not exist", propertyName=[name]
            )
        return name, down


def _values_of(group: Group, place: int) -> list[object]:
    """The parameters of one part of a group's SQL."""
    before = sum(part.count("?") for part in group.sql[:place])
    return group.parameters[before : before + group.sql[place].count("?")]


def _own_index(group: Group) -> str:
    """The index that an equality of the group has for itself."""
    for path, name in (("'$.domain'", "record_domain"), ("'$.dealstage'", "record_stage")):
        if any(path in part for part in group.sql):
            return f" INDEXED BY {name}"
    return ""


def _window(body: Mapping[str, Any]) -> tuple[int, int]:
    """``limit`` and ``after``. Raises Refusal 400 beyond 200 or 10,000."""
    numbers = []
    for name, usual in (("limit", USUAL), ("after", 0)):
        given = body.get(name)
        if given in (None, ""):
            numbers.append(usual)
        elif str(given).isdigit() and not isinstance(given, bool):
            numbers.append(int(str(given)))
        else:
            raise validation(f"Invalid {name}: {given} is not a number", **{name: [str(given)]})
    limit, after = numbers
    if not 0 <= limit <= MOST:
        raise validation(f"limit must be between 0 and {MOST}, not {limit}", limit=[str(limit)])
    if after + limit > WINDOW:
        raise validation(
            f"You have reached the maximum number of results: only the first {WINDOW} can be paged", after=[str(after)]
        )
    return limit, after


def _passes(kind: ObjectType, record: Record, groups: list[Group], words: list[str]) -> bool:
    if groups and not any(group.holds(record) for group in groups):
        return False
    if not words:
        return True
    text = " ".join(value for name in kind.searched if (value := value_of(kind, record, name))).lower()
    return all(word in text for word in words)


def _by_column(column: str) -> Callable[[Record], tuple[int, int]]:
    return (lambda one: (one.id, one.id)) if column == "id" else (lambda one: (one.modified, one.id))


def _sorted(
    account: Account, kind: ObjectType, records: Iterable[Record], order: Order, after: int, limit: int
) -> tuple[int, list[Record]]:
    """How many there are, and those asked for: sorted by one property, then by id; records without a value come last.

    No more are kept at a time than the window holds.
    """
    name, down = order
    read = reader_of(account.definitions(kind)[name])
    sign = -1 if down else 1
    filled: list[tuple[Any, int, Record]] = []
    empty: list[tuple[int, Record]] = []
    count = 0
    for record in records:
        count += 1
        value = value_of(kind, record, name)
        key = None if value in (None, "") else read(str(value))
        if key is None:
            empty.append((record.id, record))
        else:
            filled.append((key, sign * record.id, record))
        if len(filled) + len(empty) > 4 * WINDOW:
            filled, empty = _ahead(filled, empty, down)
    filled, empty = _ahead(filled, empty, down)
    ordered = [record for _, _, record in filled] + [record for _, record in empty]
    return count, ordered[after : after + limit]


def _ahead(
    filled: list[tuple[Any, int, Record]], empty: list[tuple[int, Record]], down: bool
) -> tuple[list[tuple[Any, int, Record]], list[tuple[int, Record]]]:
    """Those that the window can reach, in order."""
    filled.sort(key=lambda one: one[:2], reverse=down)
    empty.sort(key=lambda one: one[0])
    return filled[:WINDOW], empty[:WINDOW]
