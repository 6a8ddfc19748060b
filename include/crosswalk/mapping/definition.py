"""What a mapping says, as frozen models: system, entity, field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PositiveInt, StringConstraints
from pydantic import Field as Setting

from crosswalk.mapping.converters import Law
from crosswalk.model.entities import ENTITIES, Entity, Kind
from crosswalk.model.records import NativeField, Selection
from crosswalk.platforms import Side

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, StringConstraints(min_length=1)]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Part(BaseModel):
    """A frozen piece of a mapping; unknown settings are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ConverterUse(Part):
    """A converter by name, with its argument where it takes one."""

    name: str
    argument: str | None = None


def _uses(written: object) -> object:
    """Read ``negate``, ``{prefix: "SF-"}`` and lists of these."""
    if isinstance(written, (str, Mapping)):
        return _named_uses(written)
    if isinstance(written, Sequence):
        return tuple(
            use for item in written for use in (_named_uses(item) if isinstance(item, (str, Mapping)) else (item,))
        )
    return written


def _named_uses(written: str | Mapping[object, object]) -> tuple[Mapping[str, object], ...]:
    if isinstance(written, str):
        return ({"name": written},)
    return tuple({"name": name, "argument": argument} for name, argument in written.items())


def _listed(written: object) -> object:
    """Read ``country`` and ``[country, company.country]``."""
    return (written,) if isinstance(written, str) else written


class FieldSpec(Part):
    """One field as the file gives it."""

    native: Words
    law: Law
    otherwise: Words | None = None  # read when ``native`` is empty
    write: Words | None = None  # where it is written, when that differs
    convert: Annotated[tuple[ConverterUse, ...], BeforeValidator(_uses)] = ()
    values: dict[str, str] = Setting(default_factory=dict)
    default: str | None = None  # canonical value for an empty native one
    max_length: PositiveInt | None = None  # longer values are refused (iso) or cut (lossy)
    kind: Kind | None = None  # extras only
    region: Annotated[
        tuple[Words, ...], BeforeValidator(_listed)
    ] = ()  # country for phones and states: native paths, or a code
    allow_sensitive: bool = False


class FieldMapping(FieldSpec):
    """One field: the file's words, what the entity says of it, and where it stands (``erp.yaml:12``)."""

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    sensitive: bool = False
    required: bool = False
    extra: bool = False
    default_region: Region | None = None
    place: str

    @property
    def target(self) -> str:
        """The native path that is written."""
        return self.write or self.native

    @property
    def region_code(self) -> str | None:
        """The country that ``region`` says in so many words, as its last resort."""
        return next((one for one in self.region if _is_code(one)), None)

    @property
    def region_paths(self) -> tuple[str, ...]:
        """The native paths where the record's country is looked for, the first that says one counts."""
        return tuple(one for one in self.region if not _is_code(one))


def _is_code(region: str) -> bool:
    return len(region) == 2 and region.isupper()


class EntityMapping(Part):
    """One entity of one system: its native object and its fields, by canonical name."""

    entity: str
    native: Words
    where: str | None = None
    merged_into: str | None = None  # the native field that names the winner in a record that was merged into another
    fields: dict[str, FieldMapping]
    extras: dict[str, FieldMapping]
    place: str

    @property
    def definition(self) -> Entity:
        """The canonical entity."""
        return ENTITIES[self.entity]

    @property
    def every_field(self) -> tuple[FieldMapping, ...]:
        """Canonical fields, then extras."""
        return (*self.fields.values(), *self.extras.values())

    @property
    def selection(self) -> Selection:
        """What a connector must read for it: each native path once."""
        paths: dict[str, str] = {}
        for field in self.every_field:
            paths.setdefault(field.native, field.kind.value)
            if field.otherwise:
                paths.setdefault(field.otherwise, field.kind.value)
        for field in self.every_field:
            for path in field.region_paths:
                paths.setdefault(path, Kind.COUNTRY.value)
        if self.merged_into:
            paths.setdefault(self.merged_into, Kind.REFERENCE.value)
        return Selection(self.entity, self.native, tuple(NativeField(*pair) for pair in paths.items()), self.where)


class SystemMapping(Part):
    """One system's mapping file."""

    system: Name
    platform: str
    side: Side
    entities: dict[str, EntityMapping]
