"""A platform in memory that keeps the protocol and nothing more: what it takes it keeps, under the key it was given.

With ``unique`` it refuses a second record under one key, as NetSuite does; without, it takes it without complaint. A request may be
held back: it arrives when the clock has come that far, whatever became of the worker that sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crosswalk.connectors.protocol import Capabilities, Page
from crosswalk.model.records import NativeRecord, Operation, Outcome, Receipt, Selection, Value, Write

LONGEST_REQUEST = 900


@dataclass
class Record:
    """One record of the platform."""

    id: str
    key: str
    entity: str
    values: dict[str, Value]
    version: int = 1


@dataclass
class Platform:
    """The account: its records, what is still on its way, and what happened to versions."""

    now: Callable[[], datetime]
    unique: bool = True
    records: list[Record] = field(default_factory=list)
    on_its_way: list[tuple[datetime, Sequence[Write]]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)

    def take(self, writes: Sequence[Write]) -> list[Receipt]:
        """Execute a request now."""
        return [self._create(write) if write.operation is Operation.CREATE else self._update(write) for write in writes]

    def hold_back(self, writes: Sequence[Write], seconds: float) -> None:
        """Execute a request later, without an answer."""
        self.on_its_way.append((self.now() + timedelta(seconds=seconds), list(writes)))

    def arrive(self) -> None:
        """Execute what is due."""
        due = [request for request in self.on_its_way if request[0] <= self.now()]
        self.on_its_way = [request for request in self.on_its_way if request not in due]
        for _, writes in due:
            self.take(writes)

    def under(self, entity: str, key: str) -> list[Record]:
        """Return the records that carry a key."""
        return [record for record in self.records if (record.entity, record.key) == (entity, key)]

    def _create(self, write: Write) -> Receipt:
        there = self.under(write.entity, write.intent_key)
        if there and self.unique:
            return Receipt(write.intent_key, Outcome.DONE, native_id=there[0].id, adopted=True)
        record = Record(f"{write.entity}-{len(self.records) + 1}", write.intent_key, write.entity, dict(write.values))
        self.records.append(record)
        self.taken.append(write.intent_key)
        return Receipt(write.intent_key, Outcome.DONE, native_id=record.id)

    def _update(self, write: Write) -> Receipt:
        (record,) = (one for one in self.records if one.id == write.native_id)
        if write.expected_version is not None and write.expected_version != str(record.version):
            return Receipt(write.intent_key, Outcome.REJECTED, error_class="conflict", message="It was saved since.")
        if write.expected_version is None:
            self.overwritten.append(write.intent_key)
        record.values.update(write.values)
        record.version += 1
        self.taken.append(write.intent_key)
        return Receipt(write.intent_key, Outcome.DONE, native_id=record.id)


@dataclass
class PlatformConnector:
    """The engine's way to a :class:`Platform`; every call goes through ``calling``, which may keep it from coming or returning."""

    platform: Platform
    system: str = "netsuite"
    calling: Callable[[str, Callable[[], object], Sequence[Write]], object] = lambda name, call, writes: call()
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            write_batch={"customer": 10, "order": 10, "product": 10}, longest_request_seconds=LONGEST_REQUEST
        )
    )

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        yield Page((), {"read": 1})

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        def read() -> list[NativeRecord]:
            found = [record for record in self.platform.records if record.id in keys]
            return [self._native(record, selection) for record in found]

        return self.calling("fetch", read, ())

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        def search() -> dict[str, str]:
            found = {key: self.platform.under(entity, key) for key in intent_keys}
            return {key: records[0].id for key, records in found.items() if records}

        return self.calling("find", search, ())

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        return self.calling("deliver", lambda: self.platform.take(writes), writes)

    @staticmethod
    def _native(record: Record, selection: Selection) -> NativeRecord:
        values: dict[str, Value] = {one.path: None for one in selection.fields if one.kind != "boolean"}
        values |= {one.path: False for one in selection.fields if one.kind == "boolean"}
        values |= {"externalid": record.key, "companyname": str(record.values.get("companyName"))}
        values |= {"entity": record.values.get("entity"), "tranid": record.id}
        return NativeRecord(record.id, str(record.version), None, False, values)
