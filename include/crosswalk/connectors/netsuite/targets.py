"""What updates must know of their records before they are sent, in one query for all of them: now, or ahead of many requests.

The version, because there is no ETag (NetSuite §5.6); an item's type, because its REST type follows from it (§12.3); the
address book's keys, because an entry without its key is added a second time (§12.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.bodies import PURPOSES
from crosswalk.connectors.netsuite.sources import Source, source_of
from crosswalk.connectors.netsuite.statements import Condition, Statement, one_of, selected, where
from crosswalk.model.entities import Kind
from crosswalk.model.errors import ConfigurationError, CrosswalkError, NotFoundError, RecordError
from crosswalk.model.records import Operation, Write

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client, Row
    from crosswalk.connectors.prepared import Prepared

PREPARED_SECONDS = 10.0  # what was read ahead of a write is good for so long
MOST_KEYS = 500  # a customer has a row for each default address, two at most, and an answer 1,000 rows
_BOOK = ("internalid", "defaultbilling", "defaultshipping")
_ADDRESS = ("addressee", "addr1", "addr2", "city", "state", "zip", "country")


@dataclass(frozen=True, slots=True)
class Target:
    """A record as it stands: its version, an item's type, the entries of a customer's default addresses."""

    version: str = ""
    itemtype: str | None = None
    subtype: str | None = None
    book: tuple[Row, ...] = ()


Place = tuple[str, str, bool]
"""An entity, a record's key, and whether its address book was read along."""


class Targets:
    """The targets of some updates: as they were read ahead, else asked for when the first is needed."""

    def __init__(self, client: Client, writes: Sequence[Write], prepared: Prepared[Place, Target]) -> None:
        self._client = client
        self._prepared = prepared
        self._waiting = [write for write in writes if write.operation is Operation.UPDATE and must_know(write)]
        self._known: dict[tuple[str, str], Target | None] = {}

    def of(self, write: Write) -> Target:
        """Return the target of an update; raises NotFoundError when there is none."""
        if not must_know(write) or write.native_id is None:
            return Target()
        place = (write.entity, write.native_id)
        if place not in self._known:
            if (kept := self._prepared.take(_place(write))) is not None:
                self._known[place] = kept.found
            else:
                self._load(write)
        target = self._known[place]
        if target is None:
            raise NotFoundError(
                f"NetSuite has no {write.entity} {write.native_id}.", hint="It was deleted; its link is reviewed."
            )
        return target

    def forget(self, write: Write) -> None:
        """Ask anew for this target alone: somebody saved it meanwhile."""
        if write.native_id is not None:
            self._known.pop((write.entity, write.native_id), None)

    def _load(self, write: Write) -> None:
        """Ask for this target, and for those of the same entity that nobody has asked for."""
        alike = [one for one in self._waiting if one.entity == write.entity and one.native_id is not None]
        places = {(one.entity, str(one.native_id)): one for one in [write, *alike]}
        unknown = [one for place, one in places.items() if place not in self._known][:MOST_KEYS]
        try:
            found = _ask(self._client, source_of(write.entity), unknown)
        except CrosswalkError:
            self._waiting = []  # one of them may be at fault: each is asked for alone
            if len(unknown) == 1:
                raise
            unknown, found = [write], _ask(self._client, source_of(write.entity), [write])
        for one in unknown:
            self._known[one.entity, str(one.native_id)] = found.get(str(one.native_id))


def prepare(client: Client, prepared: Prepared[Place, Target], writes: Sequence[Write]) -> None:
    """Read ahead what these updates must know; where a query is refused for one of them, each asks for itself later."""
    by_entity: dict[str, list[Write]] = {}
    for write in writes:
        if write.operation is Operation.UPDATE and write.native_id is not None and must_know(write):
            by_entity.setdefault(write.entity, []).append(write)
    for entity, members in by_entity.items():
        for begin in range(0, len(members), MOST_KEYS):
            chunk = members[begin : begin + MOST_KEYS]
            sent = prepared.clock()
            with suppress(RecordError, ConfigurationError):
                found = _ask(client, source_of(entity), chunk)
                prepared.put({_place(write): found.get(str(write.native_id)) for write in chunk}, sent)


def _place(write: Write) -> Place:
    return write.entity, str(write.native_id), _has_address(write)


def must_know(write: Write) -> bool:
    """Tell whether an update needs anything of its record; one without conditions on a plain record needs nothing."""
    versioned = write.expected_version is not None and source_of(write.entity).modified is not None
    return versioned or write.entity == "product" or _has_address(write)


def _has_address(write: Write) -> bool:
    return any(path.startswith(tuple(f"{purpose}." for purpose in PURPOSES)) for path in write.values)


def _ask(client: Client, source: Source, writes: Sequence[Write]) -> dict[str, Target]:
    columns = [f"{source.table}.id AS k0"]
    if source.modified:
        columns.append(f"{selected(source.modified, Kind.INSTANT)} AS changed")
    joins = ""
    if source.entity == "product":
        columns += ["item.itemtype AS itemtype", "item.subtype AS subtype"]
    if source.entity == "customer" and any(map(_has_address, writes)):
        columns += [f"book.{name} AS {name}" for name in _BOOK] + [f"address.{name} AS {name}" for name in _ADDRESS]
        joins = (
            " LEFT JOIN customeraddressbook book ON book.entity = customer.id"
            " AND (book.defaultbilling = 'T' OR book.defaultshipping = 'T')"
            " LEFT JOIN customeraddressbookentityaddress address ON address.nkey = book.addressbookaddress"
        )
    keys = [str(write.native_id) for write in writes]
    restricted = where([one_of(f"{source.table}.id", keys), Condition(source.identity)])
    rows = client.suiteql(Statement(f"SELECT {', '.join(columns)} FROM {source.table}{joins}{restricted}"))
    return {key: _target(of_one) for key, of_one in _by_key(rows).items()}


def _by_key(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["k0"], []).append(row)
    return grouped


def _target(rows: Sequence[Row]) -> Target:
    first = rows[0]
    book = tuple(row for row in rows if "internalid" in row)
    return Target(first.get("changed", ""), first.get("itemtype"), first.get("subtype"), book)
