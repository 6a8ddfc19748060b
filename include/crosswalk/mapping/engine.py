"""The mapper: native records to images and canonical values to native ones, for one entity of one system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from crosswalk.mapping.converters import Convert, Law
from crosswalk.mapping.fingerprint import fingerprint
from crosswalk.mapping.lens import Lens
from crosswalk.mapping.places import known_country
from crosswalk.mapping.values import Unfit
from crosswalk.model.errors import ConfigurationError, ValidationError
from crosswalk.model.records import Image, NativeRecord, Selection, Value

if TYPE_CHECKING:
    from crosswalk.mapping.definition import EntityMapping, FieldMapping

__all__ = ["Mapper", "fingerprint"]

Natives = Mapping[str, Value]
Read = Callable[[Natives], Value]


class Mapper:
    """Reads and writes one entity of one system as its mapping says. All is resolved once; a record costs its values."""

    def __init__(self, system: str, mapping: EntityMapping) -> None:
        self.system = system
        self.mapping = mapping
        self.selection: Selection = mapping.selection
        self._values = _Reader(tuple(mapping.fields.values()))
        self._extras = _Reader(tuple(mapping.extras.values()))
        self._required = tuple(field for field in mapping.fields.values() if field.required)
        self._fields = {field.name: field for field in mapping.every_field}
        self._writers = {
            field.name: (field.target, Lens(field)) for field in mapping.every_field if field.law is not Law.ONE_WAY
        }

    def to_image(self, record: NativeRecord) -> Image:
        """Return ``record`` in canonical fields, with its fingerprint.

        A deleted record's image is a tombstone without values. Raises ValidationError naming record, field and remedy.
        """
        values: dict[str, Value] = {}
        extras: dict[str, Value] = {}
        if not record.deleted:
            self._read(self._values, record, values)
            if self._extras.fields:
                self._read(self._extras, record, extras)
            for field in self._required:
                if values[field.name] is None:
                    raise self._unfit(field, record.key, Unfit("is empty and required.", "Fill it in the system."))
        return Image(
            self.system,
            self.mapping.entity,
            record.key,
            record.version,
            record.modified,
            record.deleted,
            values,
            extras,
            fingerprint(values, extras),
        )

    def to_native(self, values: Mapping[str, Value], *, record: str = "") -> dict[str, Value]:
        """Return the given canonical values under the native paths they are written to; None empties a field
        (or writes its default).

        Raises ConfigurationError for a field that is unknown or one_way, ValidationError for a value the system has
        no room for; ``record`` is named in it.
        """
        native: dict[str, Value] = {}
        for name, value in values.items():
            writer = self._writers.get(name)
            if writer is None:
                raise self._unwritable(name)
            target, lens = writer
            try:
                native[target] = lens.write(value)
            except Unfit as unfit:
                raise self._unfit(self._fields[name], record, unfit) from unfit
        return native

    def _read(self, reader: _Reader, record: NativeRecord, into: dict[str, Value]) -> None:
        try:
            reader.read(record.values, into)
        except Unfit as unfit:
            # The reader fills fields in its own order: the one that failed is the first that is missing.
            failed = next(field for field in reader.fields if field.name not in into)
            raise self._unfit(failed, record.key, unfit) from unfit

    def _unfit(self, field: FieldMapping, record: str, unfit: Unfit) -> ValidationError:
        return ValidationError(
            f"{self.system} {self.mapping.entity} {record or '(new)'}: {field.name} ({field.native}): {unfit.problem}",
            hint=f"{unfit.hint} Mapped in {field.place}.",
            system=self.system,
            record=record or None,
            field=field.name,
        )

    def _unwritable(self, name: str) -> ConfigurationError:
        field = self._fields.get(name)
        if field is None:
            problem = "is not mapped"
            hint = f"Add a line for it to {self.mapping.entity} in {self.mapping.place.partition(':')[0]}."
        else:
            problem = "is one_way and cannot be written"
            hint = f"Change its law in {field.place}, or take it out of what is written."
        message = f"{self.system} {self.mapping.entity}: {name} {problem}."
        return ConfigurationError(message, hint=hint, system=self.system, field=name)


class _Reader:
    """Some fields' readers, plain ones inline because they are most and this is the hot loop."""

    def __init__(self, fields: tuple[FieldMapping, ...]) -> None:
        plain: list[tuple[str, str, Convert, Value]] = []
        other: list[tuple[str, Read]] = []
        first: list[FieldMapping] = []
        last: list[FieldMapping] = []
        for field in sorted(fields, key=lambda field: field.name):
            lens = Lens(field)
            if lens.get_in_region or field.otherwise:
                other.append((field.name, _special(field, lens)))
                last.append(field)
            else:
                plain.append((field.name, field.native, lens.get, lens.default))
                first.append(field)
        self.fields = (*first, *last)
        self._plain = tuple(plain)
        self._other = tuple(other)

    def read(self, natives: Natives, into: dict[str, Value]) -> None:
        """Fill ``into`` by field name, in the order of ``fields``; raises Unfit at the first bad value."""
        find = natives.get
        for name, path, convert, default in self._plain:
            raw = find(path)
            into[name] = default if raw is None else convert(raw)
        for name, read in self._other:
            into[name] = read(natives)


def _special(field: FieldMapping, lens: Lens) -> Read:
    """Return the reader of a field with a region or a second source."""
    path, second, default = field.native, field.otherwise, lens.default
    plain, regional = lens.get, lens.get_in_region
    region_of = _region(field)

    def read(natives: Natives) -> Value:
        raw = natives.get(path)
        if raw is None and second:
            raw = natives.get(second)
        if raw is None:
            return default
        return regional(raw, region_of(natives)) if regional else plain(raw)

    return read


def _region(field: FieldMapping) -> Callable[[Natives], str | None]:
    fallback, paths = field.region_code or field.default_region, field.region_paths
    if not paths:
        return lambda _natives: fallback

    def find(natives: Natives) -> str | None:
        for path in paths:
            raw = natives.get(path)
            if isinstance(raw, str) and (country := known_country(raw)):
                return country
        return fallback

    return find
