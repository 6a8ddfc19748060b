"""Writes in batches of 100, one receipt a row: created once under a unique property, updated only when the record is as it was planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crosswalk.connectors.hubspot import parents, timeline
from crosswalk.connectors.hubspot.account import Account
from crosswalk.connectors.hubspot.associating import Column, Labels, associate, column
from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.errors import TAKEN
from crosswalk.connectors.hubspot.lifecycle import would_be_ignored
from crosswalk.connectors.hubspot.objects import native
from crosswalk.connectors.hubspot.receipts import Numbered, Receipts, groups, receipt, receipt_of, refusal, sound
from crosswalk.connectors.hubspot.sending import Row, send
from crosswalk.connectors.hubspot.values import same, version_of, wire_text
from crosswalk.model.errors import (
    ConflictError,
    CrosswalkError,
    InDoubtError,
    NotFoundError,
    ReadOnlyError,
    ValidationError,
)
from crosswalk.model.records import Operation, Outcome, Receipt, Value, Write

KEY = "erp_key"
_MOVED = "The target moved since the plan was made: the next round reads it and plans anew."


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How to write. ``natives`` and ``key_properties`` are by entity; the key property is unique, which makes a create safe to repeat."""

    natives: Mapping[str, str] = field(default_factory=dict)
    key_properties: Mapping[str, str] = field(default_factory=dict)
    key_property: str = KEY
    event_template: str | None = None
    public_app: bool = False  # signed in as an OAuth app, to which templates belong

    def native(self, entity: str) -> str:
        """Return the object an entity is written to; an unknown entity is an object's own name."""
        return native(self.natives.get(entity, entity)).name

    def key(self, entity: str) -> str:
        """Return the unique property that creates of this entity are found by."""
        return self.key_properties.get(entity, self.key_property)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery needs: the calls, the account's definitions, its labels."""

    client: Client
    account: Account
    settings: DeliverySettings
    labels: Labels

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send writes and return a receipt for each, in order: a call for 100 creates, two for 100 updates.

        Updates whose target moved since ``expected_version`` are not sent (law 3). Errors of the connection are raised, but only while
        nothing was written: afterwards they are the receipts of the rest.
        """
        if self.client.transport.read_only:  # before anything is asked about targets (law 9)
            raise ReadOnlyError(
                f"{self.client.transport.system}: this connection may only read.",
                hint="Nothing was sent. Promote the flow to live, or open the connection with read_only=False.",
                system=self.client.transport.system,
            )
        receipts: Receipts = {}
        for group in groups(writes):
            try:
                self._send(sound(group, receipts), receipts)
            except CrosswalkError as error:
                if not any(one.outcome in (Outcome.DONE, Outcome.IN_DOUBT) for one in receipts.values()):
                    raise
                receipts |= {
                    number: receipt(write, Outcome.RETRY, error) for number, write in group if number not in receipts
                }
        return [receipts[number] for number in range(len(writes))]

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return ``{key: id}`` of living records under these keys: a batch read sees every committed write, a search would not."""
        if entity == timeline.ENTITY and self.settings.event_template is not None:
            return {key: key for key in intent_keys if self.client.told(self.settings.event_template, key)}
        keys, name = list(dict.fromkeys(key for key in intent_keys if key)), self.settings.key(entity)
        rows = self.client.read(self.settings.native(entity), keys, [name], by=name) if keys else []
        found = {str(row["properties"].get(name)): str(row["id"]) for row in rows if not row.get("archived")}
        return {key: found[key] for key in keys if key in found}

    def _send(self, rows: Sequence[Numbered], receipts: Receipts) -> None:
        if not rows:
            return
        if rows[0][1].entity == timeline.ENTITY:
            self._tell(rows, receipts)
        elif rows[0][1].operation is Operation.CREATE:
            self._create(rows, receipts)
        else:
            self._update(rows, receipts)

    # --- telling -----------------------------------------------------------------------------------

    def _tell(self, rows: Sequence[Numbered], receipts: Receipts) -> None:
        """Put events on timelines: as notes 100 a call, as events of the app one a call, whose id HubSpot takes once."""
        notes: list[Numbered] = []
        for number, write in rows:
            try:
                if write.operation is not Operation.CREATE:
                    raise ValidationError(
                        "What is on a timeline stays as it is.", hint="Tell what happened since as an event."
                    )
                if self.settings.event_template is None:
                    notes.append((number, replace(write, values=timeline.as_note(write.values))))
                else:
                    adopted = self.client.tell(timeline.as_event(write, self.settings.event_template))
                    receipts[number] = Receipt(write.intent_key, Outcome.DONE, write.intent_key, adopted)
            except ValidationError as error:
                receipts[number] = refusal(write, error)
            except InDoubtError as error:
                receipts[number] = receipt(write, Outcome.IN_DOUBT, error)
        if notes:
            self._create(notes, receipts)

    # --- creating ----------------------------------------------------------------------------------

    def _create(self, rows: Sequence[Numbered], receipts: Receipts) -> None:
        """Create records with their associations in one call: a line is never without its deal (HubSpot §17)."""
        entity = rows[0][1].entity
        name, key = self.settings.native(entity), self.settings.key(entity)
        inputs: list[tuple[int, Write, Row]] = []
        for number, write in rows:
            try:
                inputs.append((number, write, self._new(name, key, write)))
            except ValidationError as error:
                receipts[number] = refusal(write, error)
        results = send(self.client, name, "create", [row for _, _, row in inputs]) if inputs else []
        for (number, write, _), result in zip(inputs, results, strict=True):
            receipts[number] = receipt_of(write, result)
        self._adopt(entity, [(number, write) for number, write, _ in inputs], receipts)

    def _new(self, name: str, key: str, write: Write) -> Row:
        properties, ends = self._parts(name, write)
        properties = {path: text for path, text in properties.items() if text != ""}
        row: Row = {"properties": {key: write.intent_key, **properties}}
        if ends:
            row["associations"] = [
                {"to": {"id": to}, "types": self.labels.types(name, one)} for one, to in ends if to is not None
            ]
        return row

    def _adopt(self, entity: str, rows: Sequence[Numbered], receipts: Receipts) -> None:
        """A create refused because its key is taken has been done before: take that record (law 1)."""
        refused = {number: write for number, write in rows if receipts[number].error_code == TAKEN}
        try:
            found = self.find(entity, [write.intent_key for write in refused.values()]) if refused else {}
        except CrosswalkError as error:
            receipts |= {number: receipt(write, Outcome.RETRY, error) for number, write in refused.items()}
            return
        for number, write in refused.items():
            if write.intent_key in found:
                receipts[number] = Receipt(
                    write.intent_key, Outcome.DONE, native_id=found[write.intent_key], adopted=True
                )

    # --- updating ----------------------------------------------------------------------------------

    def _update(self, rows: Sequence[Numbered], receipts: Receipts) -> None:
        """Read, compare, then write what differs (law 3): there is no condition that HubSpot would check for us."""
        name = self.settings.native(rows[0][1].entity)
        parts = {number: self._parts(name, write) for number, write in rows}
        stored = self._stored(name, rows, {path for properties, _ in parts.values() for path in properties})
        above = parents.new_parents(
            self.client, {str(write.native_id): to for n, write in rows for one, to in parts[n][1] if one.exclusive}
        )
        waiting: list[tuple[int, Write, Row]] = []
        for number, write in rows:
            key = str(write.native_id)
            try:
                moves = key in above and above[key].changes
                changed = self._changed(name, write, parts[number][0], stored.get(key), moves=moves)
            except (ConflictError, NotFoundError) as error:
                receipts[number] = refusal(write, error)
                continue
            receipts[number] = Receipt(write.intent_key, Outcome.DONE, native_id=write.native_id)
            if changed:
                waiting.append((number, write, {"id": str(write.native_id), "properties": changed}))
        results = send(self.client, name, "update", [row for _, _, row in waiting]) if waiting else []
        for (number, write, _), result in zip(waiting, results, strict=True):
            receipts[number] = receipt_of(write, result)
        self._associate(name, [(number, write, parts[number][1]) for number, write in rows], receipts)
        written = [one for one in rows if receipts[one[0]].outcome is Outcome.DONE]
        moved = [(one, found) for one in written if (found := above.get(str(one[1].native_id))) and found.changes]
        parents.replace(self.client, moved, receipts)

    def _stored(self, name: str, rows: Sequence[Numbered], properties: set[str]) -> dict[str, Mapping[str, Any]]:
        ids = list(dict.fromkeys(str(write.native_id) for _, write in rows))
        read = self.client.read(name, ids, sorted(properties) or [native(name).modified])
        return {str(row["id"]): row for row in read if not row.get("archived")}

    def _changed(
        self, name: str, write: Write, sent: Mapping[str, str], stored: Mapping[str, Any] | None, *, moves: bool
    ) -> dict[str, str]:
        """Return what the write would change; raises for a target that is gone, or was saved since the plan saw it.

        ``moves`` says that it also changes what does not stand in the properties.
        """
        if stored is None:
            raise NotFoundError(
                f"{write.native_id} is not there any more.",
                hint="It was archived or merged: restore it in HubSpot, or unlink it; a merge redirects the link by itself.",
                code="OBJECT_NOT_FOUND",
            )
        held = stored["properties"]
        changed = {path: text for path, text in sent.items() if not same(text, held.get(path))}
        version = version_of(str(held.get(native(name).modified) or stored["updatedAt"]))
        if (changed or moves) and write.expected_version is not None and version != write.expected_version:
            raise ConflictError(
                f"{write.native_id} changed at {version}, planned against {write.expected_version}.",
                hint=_MOVED,
                code="VERSION_MOVED",
            )
        return {path: text for path, text in changed.items() if not would_be_ignored(name, path, text, held.get(path))}

    def _associate(
        self, name: str, rows: Sequence[tuple[int, Write, Sequence[tuple[Column, str | None]]]], receipts: Receipts
    ) -> None:
        """Associate what updates ask for, a call for each object on the other side; asking twice changes nothing."""
        by_right: dict[str, list[tuple[int, Write, dict[str, Any]]]] = {}
        for number, write, ends in rows:
            for one, to in ends if receipts[number].outcome is Outcome.DONE else ():
                if one.exclusive:
                    continue
                types = self.labels.types(name, one)
                pair = {"from": {"id": str(write.native_id)}, "to": {"id": to}, "types": types}
                by_right.setdefault(one.right, []).append((number, write, pair))
        for right, pairs in by_right.items():
            reasons = associate(self.client, name, right, [pair for _, _, pair in pairs])
            for (number, write, _), reason in zip(pairs, reasons, strict=True):
                if reason is not None:
                    receipts[number] = receipt_of(write, reason)

    # --- values ------------------------------------------------------------------------------------

    def _parts(self, name: str, write: Write) -> tuple[dict[str, str], list[tuple[Column, str | None]]]:
        """Return a write's properties as text, and its associations."""
        properties: dict[str, str] = {}
        ends: list[tuple[Column, str | None]] = []
        for path, value in write.values.items():
            if (one := column(path)) is not None:
                ends.append((one, None if value is None else str(value)))
            else:
                properties[path] = wire_text(value, self._type(name, path, value), lambda: self.account.zone)
        return properties, ends

    def _type(self, name: str, path: str, value: Value) -> str:
        """Return a property's type where it makes a difference: for days (HubSpot §17)."""
        if type(value).__name__ != "date":
            return ""
        return str(self.account.definitions(name).get(path, {}).get("type", ""))
