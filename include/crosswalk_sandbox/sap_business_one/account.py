"""One company: its model with user fields, its defaults, its users, and the desk that rules and documents work at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson

from crosswalk_sandbox.kernel.mishaps import Mishaps

from . import moments
from .account_desk import AccountDesk
from .desk import Row, exact
from .errors import NOTIFICATION, Refusal
from .options import Options
from .schema.fields import extended
from .schema.model import Model, Property, read_data, vendor_model
from .store import Key, Store, joined

_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = orjson.loads(read_data("defaults.json"))
_FIRST_NUMBERS: Final = {"BusinessPartners": 1}
USER: Final = "manager"
_INDEXED: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "BusinessPartners": (("UpdateDate", "UpdateTime"), ("CardName",), ("EmailAddress",), ("FatherCard",)),
    "Items": (("UpdateDate", "UpdateTime"),),
    **dict.fromkeys(
        ("Quotations", "Orders", "DeliveryNotes", "Returns", "Invoices", "CreditNotes", "Drafts"),
        (("UpdateDate", "UpdateTime"), ("CardCode",), ("NumAtCard",), ("DocNum",), ("DocumentStatus",)),
    ),
    "IncomingPayments": (("CardCode",),),
    "SpecialPrices": (("CardCode",), ("ItemCode",)),
    "ApprovalRequests": (("DraftEntry",),),
}
_FILTERED: Final[Mapping[str, str]] = {"BusinessPartners": "CardType", "IncomingPayments": "DocType"}
"""What nearly every list is filtered by, and hardly any row has otherwise: a column each, and no index."""
OWN_FIELDS: Final = (
    ("OCRD", "CrosswalkKey", "Key of the record in the CRM"), ("OCPR", "CrosswalkKey", "Key of the person in the CRM"),
    ("OITM", "CrosswalkKey", "Key of the product in the CRM"), ("ORDR", "CrosswalkKey", "Key of the deal in the CRM"),
)  # fmt: skip


class Account:
    """What every part of the emulator shares."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.options = options
        self.mishaps = Mishaps(("-2039", "Another user or another operation modified data (ODBC -2039)"))
        self._model: Model | None = None
        self._defaults: dict[str, dict[str, Any]] = {}
        for name in vendor_model().sets:
            store.ensure(name, numbered=self.numbered(name))
        for name, indexes in _INDEXED.items():
            for properties in indexes:
                self._index(name, properties)
        for name, one in _FILTERED.items():
            store.column_for(name, {one: self.defaults(vendor_model().sets[name].type).get(one)})

    # the model

    @property
    def model(self) -> Model:
        """Types and sets with the company's own fields and tables, and what was changed about them while running."""
        if self._model is None:
            fields = [body for _, body in self.all("UserFieldsMD")]
            tables = [body for _, body in self.all("UserTablesMD")]
            objects = [body for _, body in self.all("UserObjectsMD")]
            self._model = self._changed(extended(vendor_model(), fields, tables, objects))
        return self._model

    def forget(self) -> None:
        """Read user fields, tables and schema changes anew."""
        self._model, self._defaults = None, {}
        for name, kind in self.model.sets.items():
            if name not in vendor_model().sets:
                self.store.ensure(name, numbered=self.numbered(name))
            for each in self.model.types[kind.type].properties.values():
                if each.name.startswith("U_") and not kind.name.startswith("U_") and name in _INDEXED:
                    self._index(name, (each.name,))

    def _index(self, entity_set: str, properties: Sequence[str]) -> None:
        defaults = self.defaults((self._model or vendor_model()).sets[entity_set].type)
        further = () if self.numbered(entity_set) else ("key",)
        self.store.index_on(entity_set, {name: defaults.get(name) for name in properties}, *further)

    def _changed(self, model: Model) -> Model:
        changes = orjson.loads(self.store.setting("schema_changes") or "{}")
        types = dict(model.types)
        for kind, told in changes.items():
            more = {}
            for name, change in told.items():
                if name in types[kind].properties:
                    more[name] = dataclasses.replace(types[kind].properties[name], **change.get("with", {}))
            gone = frozenset(name for name, change in told.items() if change.get("hidden"))
            types[kind] = types[kind].with_properties(more).without(gone)
        return dataclasses.replace(model, types=types)

    def numbered(self, entity_set: str) -> bool:
        """Whether the set's key is a single number."""
        model = self._model or vendor_model()
        found = model.sets[entity_set]
        return len(found.key) == 1 and model.types[found.type].properties[found.key[0]].kind == "integer"

    def defaults(self, kind: str) -> dict[str, Any]:
        """What absent properties of a type are shown as, in the order of the metadata."""
        found = self._defaults.get(kind)
        if found is None:
            known = _DEFAULTS.get(kind, {})
            structure = self.model.types[kind]
            found = {name: known.get(name, _default(one, known)) for name, one in structure.properties.items()}
            self._defaults[kind] = found
        return found

    def sql_of(self, entity_set: str, name: str, of: str = "") -> str:
        """SQL of a property of a set's table, its default in the place of what is absent; ``of`` names the table, with a dot."""
        structure = self.model.type_of(entity_set)
        if name == "DataVersion":
            return f"{of}version"
        if structure.key == (name,):
            return f"{of}id" if self.numbered(entity_set) else f"{of}key"
        if name in self.store.columns(entity_set):
            return f'{of}"{name}"'
        path = f"json_extract({self.store.text(of)}, '$.{name}')"
        default = self.defaults(structure.name).get(name)
        if default is None or default == [] or default == {}:
            return path
        return f"coalesce({path}, {sql_literal(default)})"

    # rows

    def all(self, entity_set: str) -> list[tuple[int, Row]]:
        """Every entity of a small set with its version."""
        rows = self.store.rows(f'SELECT version, body FROM "{entity_set}" ORDER BY id')
        return [(version, self.store.copies.row(body)) for version, body in rows]

    def get(self, entity_set: str, key: Sequence[Key]) -> tuple[int, Row] | None:
        """Version and row of an entity."""
        found = self.store.get(entity_set, joined(key), numbered=self.numbered(entity_set))
        return None if found is None else (found[1], found[2])

    def key_of(self, entity_set: str, row: Mapping[str, Any]) -> tuple[Key, ...]:
        """The key of a row."""
        return tuple(row[name] for name in self.model.sets[entity_set].key)

    def admin(self) -> dict[str, Any]:
        """``AdminInfo``."""
        return dict(orjson.loads(self.store.setting("admin") or "{}"))

    # what the company's own procedures say

    def notifications(self) -> list[dict[str, Any]]:
        """The rules of the transaction-notification procedure (§10): set, kind of transaction, what is refused, number, text."""
        return list(orjson.loads(self.store.setting("notifications") or "[]"))

    def notify(self, entity_set: str, kind: str, row: Mapping[str, Any]) -> None:
        """Let the company's procedure look at what is about to be committed. Raises Refusal 400 -1116 where it objects."""
        struck = self.mishaps.strikes()
        if struck is not None:
            raise Refusal(400, int(struck[0]), struck[1])
        for rule in self.notifications():
            if rule["set"] == entity_set and kind in rule["transactions"] and _meets(row, rule):
                raise Refusal(400, NOTIFICATION, f"({rule['number']}) {rule['text']}")

    def credentials(self) -> dict[str, Any]:
        """What was made up when the company was founded; the same for good."""
        return dict(orjson.loads(self.store.setting("credentials") or "{}"))

    def now(self) -> datetime:
        """The server's local clock."""
        return moments.local(self.store.clock.now(), self.options.time_zone)

    def desk(self, user: str = USER) -> AccountDesk:
        """A view of the company for one request."""
        return AccountDesk(self, user)


def _meets(row: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether a rule of the procedure is about a row."""
    if rule.get("property") is None:
        return True
    value, above = row.get(str(rule["property"])), rule.get("above")
    return exact(value) > exact(above) if above is not None else bool(value == rule.get("equals"))


@cache
def _numbered_default(kind: str) -> float | None:
    return 0.0 if kind == "number" else None


def _default(one: Property, known: Mapping[str, Any]) -> Any:
    if one.collection:
        return []
    if one.kind == "complex":
        return {}
    if one.kind == "enum" and one.type == "BoYesNoEnum":
        return "tNO"
    return None if one.name in known or one.name.startswith("U_") else _numbered_default(one.kind)


def sql_literal(value: object) -> str:
    """A value as SQL."""
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
