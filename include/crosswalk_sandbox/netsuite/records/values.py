"""Field values: how a request's JSON becomes columns, and columns become JSON (NetSuite §4, §5.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.errors import Refusal, invalid_value
from crosswalk_sandbox.netsuite.references import Target, target
from crosswalk_sandbox.netsuite.schema.enumerations import enumeration

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.language import Field
    from crosswalk_sandbox.netsuite.store import Store

_LONGEST: Final = {"companyname": 83, "otherrefnum": 45, "memo": 999, "comments": 4000, "itemid": 60, "entityid": 83}


class Reader:
    """Turns JSON values into what columns hold; raises INVALID_CONTENT naming the place in the body."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kinds: dict[str, Callable[[Any, Field, str], Any]] = {
            "string": self._string,
            "boolean": self._boolean,
            "integer": self._integer,
            "number": self._number,
            "date": self._date,
            "datetime": self._datetime,
            "ref": self._reference,
            "enum": self._enumeration,
            "multi": self._multi,
        }

    def read(self, value: Any, field: Field, path: str) -> Any:
        """The column value of a JSON value; None clears."""
        if value is None:
            return None
        found = self._kinds[field.kind](value, field, path)
        return -found if field.negative and found is not None else found

    def _string(self, value: Any, field: Field, path: str) -> str:
        if isinstance(value, dict) and "id" in value:
            value = value["id"]
        if isinstance(value, bool | dict | list):
            raise invalid_value(_shown(value), field.name, path)
        text = str(value)
        longest = _LONGEST.get(field.column)
        if longest is not None and len(text) > longest:
            detail = f"The field {field.name.lower()} contained more than the maximum number ( {longest} ) of characters allowed."
            raise Refusal(
                400, "INVALID_CONTENT", f"Error while accessing a resource. {detail}", where=("o:errorPath", path)
            )
        return text

    def _boolean(self, value: Any, field: Field, path: str) -> str:
        if isinstance(value, bool):
            return "T" if value else "F"
        raise invalid_value(_shown(value), field.name, path)

    def _integer(self, value: Any, field: Field, path: str) -> int:
        if isinstance(value, dict):
            value = value.get("id", value.get("value"))
        number = self._number(value, field, path)
        if number != int(number):
            raise invalid_value(value, field.name, path)
        return int(number)

    def _number(self, value: Any, field: Field, path: str) -> Decimal:
        if isinstance(value, dict) and "value" in value:
            value = value["value"]
        if isinstance(value, bool | dict | list) or value is None:
            raise invalid_value(_shown(value), field.name, path)
        try:
            number = Decimal(str(value))
        except InvalidOperation as error:
            raise invalid_value(value, field.name, path) from error
        if not number.is_finite():
            raise invalid_value(value, field.name, path)
        return number

    def _date(self, value: Any, field: Field, path: str) -> str:
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise invalid_value(value, field.name, path) from error

    def _datetime(self, value: Any, field: Field, path: str) -> str:
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise invalid_value(value, field.name, path) from error
        return moments.stamp(instant if instant.tzinfo else instant.replace(tzinfo=UTC))

    def _enumeration(self, value: Any, field: Field, path: str) -> str:
        given = value.get("id") if isinstance(value, dict) else value
        known = enumeration(field.target or "")
        if isinstance(given, bool | dict | list) or given is None or (known and str(given) not in known):
            raise invalid_value(_shown(given), field.name, path)
        return str(given)

    def _multi(self, value: Any, field: Field, path: str) -> str | None:
        items = value.get("items", []) if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise invalid_value(_shown(value), field.name, path)
        ids = [str(self._reference(item, field, f"{path}.items[{place}]")) for place, item in enumerate(items)]
        return ", ".join(dict.fromkeys(ids)) or None

    def _reference(self, value: Any, field: Field, path: str) -> int | str | None:
        found = target(self._store.catalog, field.target)
        given = value.get("id") if isinstance(value, dict) else value
        if isinstance(value, dict) and given is None and value.get("externalId") is not None:
            return self._by_external_id(str(value["externalId"]), found, field, path)
        if isinstance(given, bool | dict | list) or given is None or str(given) == "":
            raise invalid_value(_shown(given), field.name, path)
        known = enumeration(field.target or "")
        if found is None and (not known or str(given) in known):
            return str(given)
        ident = _whole(given)
        if found is None or ident is None or not self._exists(found, ident, field):
            raise invalid_value(given, field.name, path)
        return ident

    def _exists(self, found: Target, ident: int, field: Field) -> bool:
        if ident < 0 and field.target in ("priceLevel", "employee"):
            return True
        sql = f'SELECT 1 FROM "{found.table}" WHERE "{found.key}" = ?'
        return self._store.value(sql, (ident,)) is not None

    def _by_external_id(self, external: str, found: Target | None, field: Field, path: str) -> int:
        if found is not None:
            sql = f'SELECT id FROM "{found.table}" WHERE externalid = ?'
            ident = self._store.value(sql, (external,))
            if ident is not None:
                return int(ident)
        raise invalid_value(external, field.name, path)


def _whole(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def number_json(value: object) -> int | float:
    """A stored number as JSON: whole numbers without decimals."""
    number = float(str(value))
    return int(number) if number == int(number) and abs(number) < 1e15 else round(number, 10)


def flag(value: bool) -> str:
    """A boolean as columns hold it."""
    return "T" if value else "F"
