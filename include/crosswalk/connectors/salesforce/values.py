"""Salesforce's values as ours: REST's JSON and Bulk's CSV give the same typed record (Salesforce §3, §8.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from crosswalk.model.errors import SchemaError
from crosswalk.model.records import NativeRecord, Selection, Value

ID, STAMP, DELETED = "Id", "SystemModstamp", "IsDeleted"
Convert = Callable[[Any], Value]


def to_text(raw: Any) -> str | None:
    """Return text; empty is None. Numbers and booleans read as CSV prints them."""
    if type(raw) is str:
        return raw or None
    if raw is None:
        return None
    if isinstance(raw, dict):
        raise SchemaError(
            "A compound field has no single value.", hint="Map its parts (BillingStreet, not BillingAddress)."
        )
    return ("true" if raw else "false") if isinstance(raw, bool) else str(raw)


def to_decimal(raw: Any) -> Decimal | None:
    """Return an exact number in plain notation without idle zeros: ``15000.0`` and ``1.5E4`` are one value."""
    if raw is None or raw == "":
        return None
    number = Decimal(raw).normalize()
    if not number.is_finite():
        raise InvalidOperation
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else number + 0


def to_integer(raw: Any) -> int | None:
    """Return a whole number; Bulk may print one as ``5.0``."""
    if raw is None or raw == "":
        return None
    number = Decimal(raw)
    if number != number.to_integral_value():
        raise InvalidOperation
    return int(number)


def to_boolean(raw: Any) -> bool | None:
    """Return a boolean from JSON's or CSV's."""
    if raw is True or raw is False:
        return bool(raw)
    if raw is None or raw == "":
        return None
    return {"true": True, "false": False}[raw.lower()]


def to_date(raw: Any) -> date | None:
    """Return a date; of an instant, its day in UTC."""
    return date.fromisoformat(raw[:10]) if raw else None


def to_instant(raw: Any) -> datetime | None:
    """Return an instant in UTC from ``…+0000`` (REST) or ``…Z`` (Bulk); a date is its midnight in UTC."""
    if not raw:
        return None
    instant = datetime.fromisoformat(raw)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


_BY_KIND: Mapping[str, Convert] = {
    "amount": to_decimal,
    "quantity": to_decimal,
    "integer": to_integer,
    "boolean": to_boolean,
    "date": to_date,
    "instant": to_instant,
}


def converter(kind: str) -> Convert:
    """Return what turns a wire value into a value of ``kind``.

    A value of another form passes as the text it is: the mapping then refuses that record and names it (law 8).
    """
    convert = _BY_KIND.get(kind, to_text)

    def lenient(raw: Any) -> Value:
        try:
            return convert(raw)
        except (ArithmeticError, KeyError, ValueError, TypeError, AttributeError):
            return to_text(raw)

    return to_text if convert is to_text else lenient


def same(value: Value, raw: Any) -> bool:
    """Tell whether writing ``value`` where ``raw`` is stored would change nothing."""
    try:
        if isinstance(value, bool):
            return to_boolean(raw) is value
        if isinstance(value, int | Decimal):
            return to_decimal(raw) == Decimal(value)
        if isinstance(value, datetime):
            return to_instant(raw) == value
        if isinstance(value, date):
            return to_date(raw) == value
        return (to_text(raw) or "").strip() == (value or "").strip()
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError):
        return False


def version_of(stamp: str) -> str:
    """Return a SystemModstamp in one form whichever API printed it; stamps have whole seconds (Salesforce §3)."""
    return f"{stamp[:19]}Z"


class RecordReader:
    """Turns wire records of one selection into native records. Made once per pull; spends some 10 µs a record."""

    def __init__(self, selection: Selection) -> None:
        self._fields = [(field.path, converter(field.kind)) for field in selection.fields]

    def from_json(self, records: Sequence[Mapping[str, Any]]) -> tuple[NativeRecord, ...]:
        """Read records of a REST answer; parents are nested objects, or null."""
        if not records:
            return ()
        plain = [(path, _spelled(records[0], path), convert) for path, convert in self._fields if "." not in path]
        dotted = [(path, path.split("."), convert) for path, convert in self._fields if "." in path]
        read: list[NativeRecord] = []
        for record in records:
            values = {path: convert(record[name]) for path, name, convert in plain}
            for path, steps, convert in dotted:
                values[path] = convert(_walk(record, steps))
            read.append(_record(record[ID], record[STAMP], record.get(DELETED) is True, values))
        return tuple(read)

    def from_csv(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[NativeRecord]:
        """Read rows of a Bulk result; parents are columns with dotted names."""
        column = {name.lower(): number for number, name in enumerate(header)}
        try:
            fields = [(path, column[path.lower()], convert) for path, convert in self._fields]
            key, stamp = column[ID.lower()], column[STAMP.lower()]
        except KeyError as missing:
            raise _unanswered(str(missing)) from None
        deleted = column.get(DELETED.lower())
        for row in rows:
            values = {path: convert(row[number]) for path, number, convert in fields}
            yield _record(row[key], row[stamp], deleted is not None and row[deleted] == "true", values)


def _record(key: str, stamp: str, deleted: bool, values: Mapping[str, Value]) -> NativeRecord:
    version = version_of(stamp)
    return NativeRecord(key, version, datetime.fromisoformat(version), deleted, values)


def _spelled(record: Mapping[str, Any], name: str) -> str:
    """Answers use the platform's spelling, mappings may use another: a field asked for and absent is a mistake, not a null."""
    if name in record:
        return name
    for candidate in record:
        if candidate.lower() == name.lower():
            return candidate
    raise _unanswered(name)


def _walk(record: Mapping[str, Any], steps: Sequence[str]) -> Any:
    value: Any = record
    for step in steps:
        if value is None:
            return None
        value = value[step] if step in value else value[_spelled(value, step)]
    return value


def _unanswered(name: str) -> SchemaError:
    return SchemaError(
        f"Salesforce did not answer the field {name}.",
        hint="Correct its spelling in the mapping.",
        field=name.strip("'"),
    )
