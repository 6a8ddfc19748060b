"""The mapping file's loader. Every mistake in the file is named with line and remedy."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from pydantic import Field as Setting
from pydantic import ValidationError as ShapeError
from pydantic_core import ErrorDetails

from crosswalk.mapping.checks import mistakes_in
from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import (
    EntityMapping,
    FieldMapping,
    FieldSpec,
    Name,
    Part,
    Region,
    SystemMapping,
    Words,
)
from crosswalk.mapping.source import Mistake, Source, did_you_mean, read_source, refuse
from crosswalk.model.entities import ENTITIES, Kind
from crosswalk.platforms import platform_of, platforms

__all__ = ["EntityMapping", "FieldMapping", "SystemMapping", "load_mapping"]


class _EntitySpec(Part):
    native: Words
    where: Words | None = None
    merged_into: Words | None = None
    fields: dict[str, FieldSpec]
    extras: dict[Name, FieldSpec] = Setting(default_factory=dict)


class _FileSpec(Part):
    system: Name
    platform: str | None = None
    default_region: Region | None = None
    entities: dict[str, _EntitySpec]


def load_mapping(path: Path) -> SystemMapping:
    """Read one mapping file; raises ConfigurationError that names every mistake with file, line and remedy."""
    source = read_source(path)
    try:
        written = _FileSpec.model_validate(source.content)
    except ShapeError as error:
        refuse([_shape_mistake(source, detail) for detail in error.errors()])
        raise
    platform = written.platform or written.system
    refuse(_unknown_names(source, written, platform))
    mapping = SystemMapping(
        system=written.system,
        platform=platform,
        side=platform_of(platform).side,
        entities={name: _entity(source, name, spec, written.default_region) for name, spec in written.entities.items()},
    )
    refuse(mistakes_in(mapping))
    return mapping


def _entity(source: Source, name: str, spec: _EntitySpec, default_region: str | None) -> EntityMapping:
    def field(field_name: str, given: FieldSpec, section: str) -> FieldMapping:
        known = ENTITIES[name].field(field_name) if section == "fields" else None
        said = dict(given)  # shallow: the converters stay models
        said["kind"] = known.kind if known else given.kind or Kind.TEXT
        return FieldMapping(
            **said,
            name=field_name,
            choices=known.choices if known else (),
            sensitive=known.sensitive if known else False,
            required=known.required if known else False,
            extra=known is None,
            default_region=default_region,
            place=source.place("entities", name, section, field_name),
        )

    return EntityMapping(
        entity=name,
        native=spec.native,
        where=spec.where,
        merged_into=spec.merged_into,
        fields={key: field(key, given, "fields") for key, given in spec.fields.items()},
        extras={key: field(key, given, "extras") for key, given in spec.extras.items()},
        place=source.place("entities", name),
    )


# --- Mistakes of shape and name -------------------------------------------------------------


def _unknown_names(source: Source, written: _FileSpec, platform: str) -> list[Mistake]:
    found = []
    if platform not in platforms():
        guess = did_you_mean(platform, tuple(platforms()), "Platforms are")
        remedy = f"{guess} A system that is called otherwise says which platform it is by `platform:`."
        place = source.place("platform" if written.platform else "system")
        found.append(Mistake(place, "platform", f"{platform!r} is unknown.", remedy))
    for name, spec in written.entities.items():
        if name not in ENTITIES:
            remedy = did_you_mean(name, tuple(ENTITIES), "Entities are")
            found.append(Mistake(source.place("entities", name), name, "is no entity.", remedy))
            continue
        known = ENTITIES[name].field_names
        for field, given in spec.fields.items():
            place = source.place("entities", name, "fields", field)
            if field not in known:
                guess = did_you_mean(field, known, f"Fields of {name} are")
                remedy = f"{guess} A field of your own goes under `extras`."
                found.append(Mistake(place, f"{name}.{field}", "is no canonical field.", remedy))
            elif given.kind:
                remedy = "Remove `kind`; only extras have one."
                found.append(Mistake(place, f"{name}.{field}", "has a fixed kind.", remedy))
        for field in spec.extras:
            if field in known:
                place = source.place("entities", name, "extras", field)
                remedy = "Move the line under `fields`, or rename it."
                found.append(Mistake(place, f"{name}.{field}", "is a canonical field.", remedy))
    return found


_REMEDIES = {
    "native": "Say which native field it is read from: `native: …`.",
    "law": f"Say how it travels: `law: {' | '.join(Law)}`.",
    "fields": "Add `fields:` with at least one line.",
    "system": "Begin the file with `system: …`, the system's name in the hub.",
    "entities": "Add `entities:` with one block per entity.",
    "kind": f"Kinds are: {', '.join(Kind)}.",
    "default_region": "Write a country's two-letter code, such as US.",
}


def _shape_mistake(source: Source, detail: ErrorDetails) -> Mistake:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    subject = ".".join(str(part) for part in location if part not in ("entities", "fields", "extras")) or "the file"
    last = str(location[-1]) if location else ""
    place = source.place(*location)
    if detail["type"] == "missing":
        return Mistake(place, subject, "is missing.", _REMEDIES.get(last, "Add it."))
    if detail["type"] == "extra_forbidden":
        return Mistake(place, subject, "is no setting.", did_you_mean(last, _settings(location), "Settings here are"))
    return Mistake(place, subject, f"{detail['msg']}.", _REMEDIES.get(last, "Correct the value there."))


def _settings(location: tuple[object, ...]) -> tuple[str, ...]:
    """Return the settings that are known at ``location``: of the file, an entity or a field."""
    model: type[BaseModel] = FieldSpec
    if len(location) == 1:
        model = _FileSpec
    elif len(location) == 3:
        model = _EntitySpec
    return tuple(model.model_fields)
