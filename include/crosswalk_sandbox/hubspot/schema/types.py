"""The object types, their spellings in paths, and what is particular to each (HubSpot §7, §8, §10, §13)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

import orjson

CONTACT, COMPANY, DEAL, TICKET = "0-1", "0-2", "0-3", "0-5"
PRODUCT, LINE_ITEM, QUOTE, INVOICE, ORDER = "0-7", "0-8", "0-14", "0-53", "0-123"
NOTE, TASK, PAYMENT, USER = "0-46", "0-27", "0-101", "0-115"
MERGEABLE: Final = frozenset({CONTACT, COMPANY, DEAL, TICKET})
_STAGED: Final = {
    "0-136": ("LEADS", 30), "0-162": ("SERVICES", 30), "0-410": ("COURSES", 30), "0-420": ("LISTINGS", 30),
    "0-421": ("APPOINTMENTS", 30),
}  # fmt: skip
_SINGULARS: Final = {
    "feedback_submissions": "feedback_submission",
    "communications": "communication",
    "postal_mail": "postal_mail",
}
_MORE_NAMES: Final = {
    "payment": PAYMENT,
    "payments": PAYMENT,
    "commerce_subscription": "0-69",
    "commerce_subscriptions": "0-69",
}


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One object type. ``schema`` is the definition of a custom one."""

    id: str
    path: str
    singular: str
    label: str
    created: str
    modified: str
    shown: tuple[str, ...] = ()
    """What is answered without ``properties``, besides the properties always returned."""
    searched: tuple[str, ...] = ()
    """What ``query`` looks into."""
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    preset: Mapping[str, str] = field(default_factory=dict)
    pipeline: str = ""
    stage: str = ""
    most_stages: int = 100
    schema: Mapping[str, Any] | None = None

    @property
    def upper(self) -> str:
        """The name in messages and in v1 spellings."""
        return self.singular.upper()

    @property
    def always(self) -> tuple[str, ...]:
        """What every answer holds."""
        return ("hs_object_id", self.created, self.modified)

    @property
    def association_key(self) -> str:
        """The key within ``associations`` of version 3 answers: a blank in ``line items`` (§8)."""
        if self.schema is not None:
            return str(self.schema["fullyQualifiedName"])
        return self.path.replace("_", " ")

    @property
    def family(self) -> str:
        """What scopes call the type."""
        return "custom" if self.schema is not None else self.path


def standard() -> Iterable[ObjectType]:
    """The types that every account has."""
    told = orjson.loads(files(__package__).joinpath("object_types.json").read_bytes())
    for one in told["objects"]:
        required, staged = one["requiredOnCreate"], one.get("pipeline", {})
        always = {"hs_object_id", one["createProperty"], one["modifiedProperty"], "createdate", "hs_createdate"}
        yield ObjectType(
            one["objectTypeId"], one["path"], one["singular"], one["label"], one["createProperty"],
            one["modifiedProperty"],
            shown=tuple(name for name in one["searchDefaultProperties"] if name not in always),
            searched=tuple(one["querySearchedProperties"]),
            any_of=tuple(required.get("anyOf", ())), all_of=tuple(required.get("allOf", ())),
            preset=required.get("default", {}),
            pipeline=staged.get("pipelineProperty", ""), stage=staged.get("stageProperty", ""),
            most_stages=staged.get("maxStages", 100),
        )  # fmt: skip
    for ident, path in told["otherTypeIds"].items():
        singular = _SINGULARS.get(path, path.removesuffix("s"))
        staged = ("hs_pipeline", "hs_pipeline_stage") if ident in _STAGED else ("", "")
        yield ObjectType(
            ident, path, singular, singular.replace("_", " ").capitalize(), "hs_createdate", "hs_lastmodifieddate",
            pipeline=staged[0], stage=staged[1], most_stages=_STAGED.get(ident, ("", 100))[1],
        )  # fmt: skip


def custom(schema: Mapping[str, Any]) -> ObjectType:
    """The type that a schema defines (§15)."""
    return ObjectType(
        schema["objectTypeId"], schema["fullyQualifiedName"], schema["name"], schema["labels"].get("singular", schema["name"]),
        "hs_createdate", "hs_lastmodifieddate",
        shown=tuple(filter(None, (schema.get("primaryDisplayProperty"),))),
        searched=tuple(schema.get("searchableProperties") or ()), all_of=tuple(schema.get("requiredProperties") or ()),
        pipeline="hs_pipeline", stage="hs_pipeline_stage", schema=schema,
    )  # fmt: skip


class Types:
    """The account's types by any of their spellings: plural, singular, upper case, ``0-N``, ``2-N``, ``p_name`` (§0)."""

    def __init__(self, portal: int) -> None:
        self._portal = portal
        self._standard = {one.id: one for one in standard()}
        self._names = self._spellings(self._standard.values()) | _MORE_NAMES
        self._custom: dict[str, ObjectType] = {}
        self._own_names: dict[str, str] = {}

    def set_custom(self, schemas: Iterable[Mapping[str, Any]]) -> None:
        """Take the account's custom objects anew."""
        self._custom = {one["objectTypeId"]: custom(one) for one in schemas}
        names: dict[str, str] = {}
        for one in self._custom.values():
            plain = one.singular.lower()
            for spelling in (plain, f"p_{plain}", f"p{self._portal}_{plain}"):
                names[spelling] = one.id
        self._own_names = names

    def find(self, text: str) -> ObjectType | None:
        """The type of a path segment; None for a name nobody knows."""
        if re.fullmatch(r"\d+-\d+", text):
            return self._standard.get(text) or self._custom.get(text)
        name = text.lower()
        ident = self._names.get(name) or self._own_names.get(name)
        return None if ident is None else self._standard.get(ident) or self._custom.get(ident)

    def by_id(self, ident: str) -> ObjectType:
        """A type that is known to exist."""
        return self._standard.get(ident) or self._custom[ident]

    def all(self) -> list[ObjectType]:
        """Every type."""
        return [*self._standard.values(), *self._custom.values()]

    @staticmethod
    def _spellings(types: Iterable[ObjectType]) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in types:
            for name in (one.path, one.singular, one.path.replace("_", ""), one.singular.replace("_", "")):
                found[name] = one.id
        return found
