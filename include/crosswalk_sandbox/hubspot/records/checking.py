"""What a write may hold: every property known, writable and valid, all faults told together (HubSpot §5, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.errors import Refusal, invalid_values, wrong_shape
from crosswalk_sandbox.hubspot.schema import values
from crosswalk_sandbox.hubspot.schema.definitions import Definition
from crosswalk_sandbox.hubspot.schema.types import LINE_ITEM, ObjectType
from crosswalk_sandbox.hubspot.schema.values import ValueProblem
from crosswalk_sandbox.hubspot.store import Properties, Record

NORMALISING: Final = frozenset({"2026-09", "2027-03-beta"})
"""Versions that normalise dates and obey the account's required marks (§1)."""
_NOT_NEGATIVE: Final = {(LINE_ITEM, "price"), (LINE_ITEM, "quantity"), (LINE_ITEM, "hs_discount_percentage")}


@dataclass(slots=True)
class Checked:
    """What a write means: text by property (empty clears), and what was changed on the way in."""

    values: Properties
    warnings: list[dict[str, Any]] = field(default_factory=list)


class Checker:
    """Reads the properties of writes."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def read(self, kind: ObjectType, given: Any, record: Record | None, edition: str) -> Checked:
        """Check the properties of one write. Raises Refusal 400 that lists all that is wrong."""
        if not isinstance(given, dict):
            raise wrong_shape("java.util.LinkedHashMap<java.lang.String,java.lang.String>", given)
        known = self._account.definitions(kind)
        checked, problems = Checked({}), []
        for name, value in given.items():
            if isinstance(value, dict | list):
                raise wrong_shape("java.lang.String", value)
            definition = known.get(str(name))
            if value is None:
                self._account.misuse("null property", f"{kind.singular}.{name}")
                if definition is not None:
                    continue
            try:
                self._read_one(kind, str(name), value, definition, checked, edition)
            except ValueProblem as problem:
                problems.append((str(name), problem.code, problem.message))
        problems += self._stages(kind, checked.values, record, {name for name, _, _ in problems})
        if problems:
            raise invalid_values(problems, self._account.options.portal_id)
        return checked

    def _read_one(
        self, kind: ObjectType, name: str, value: Any, definition: Definition | None, checked: Checked, edition: str
    ) -> None:
        if definition is None:
            raise ValueProblem("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        if definition.read_only:
            raise ValueProblem("READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
        if (
            definition.type == "date"
            and edition in NORMALISING
            and (day := values.normalised_date(values.plain(value)))
        ):
            raw = values.plain(value)
            if raw != day:
                checked.warnings.append(_normalised(name, raw, day))
            value = day
        if definition.type == "datetime" and isinstance(value, str) and not moments.has_zone(value):
            self._account.misuse("datetime without time zone", f"{kind.singular}.{name} = {value}")
        kept = values.keep(definition, value)
        if name == "hubspot_owner_id" and kept and not self._account.owner_exists(kept):
            raise ValueProblem("INVALID_OPTION", f"{kept} was not one of the allowed options: []")
        if (kind.id, name) in _NOT_NEGATIVE and kept.startswith("-"):
            raise ValueProblem("INVALID_DOUBLE", f"{kept} must not be negative")
        checked.values[name] = kept

    def _stages(
        self, kind: ObjectType, new: Properties, record: Record | None, bad: set[str]
    ) -> list[tuple[str, str, str]]:
        """A stage must be of its pipeline (§13)."""
        if not kind.pipeline or bad & {kind.pipeline, kind.stage} or not new.keys() & {kind.pipeline, kind.stage}:
            return []
        old = record.properties if record else {}
        stage = new.get(kind.stage, old.get(kind.stage))
        pipeline = new.get(kind.pipeline) or old.get(kind.pipeline) or kind.preset.get(kind.pipeline)
        if pipeline is None and stage:
            pipeline = next((one["id"] for one in self._account.pipelines(kind)), None)
        if not stage or self._account.stage(kind, pipeline, stage):
            return []
        known: list[dict[str, Any]] = next(
            (one["stages"] for one in self._account.pipelines(kind) if one["id"] == pipeline), []
        )
        told = ", ".join(f'label: "{one["label"]}" value: "{one["id"]}"' for one in known)
        return [(kind.stage, "INVALID_OPTION", f"{stage} was not one of the allowed options: [{told}]")]

    def required(self, kind: ObjectType, new: Properties, edition: str) -> None:
        """What a create must hold (§8). Raises Refusal 400."""
        missing = [name for name in kind.all_of if not new.get(name) and name not in kind.preset]
        if kind.any_of and not any(new.get(name) for name in kind.any_of):
            missing += kind.any_of
        if missing:
            raise Refusal(
                400, f"Error creating {kind.upper}. Some required properties were not set.", "VALIDATION_ERROR",
                errors=[{"message": f'Property "{name}" is required', "code": "REQUIRED_PROPERTY", "context": {"propertyName": [name]}} for name in missing],
                context={"properties": missing},
            )  # fmt: skip
        self.marks(kind, new, new, edition)

    def marks(self, kind: ObjectType, new: Properties, whole: Properties, edition: str) -> None:
        """The account's own required properties, which bind from 2026-09 on (§1). Raises Refusal 400."""
        if edition not in NORMALISING:
            return
        for mark in orjson.loads(self._account.store.setting("required_properties") or "[]"):
            if mark["type"] != kind.id or whole.get(mark["name"]):
                continue
            when: Mapping[str, str] = mark.get("when") or {}
            if any(whole.get(name) != value for name, value in when.items()):
                continue
            code = "MISSING_CONDITIONAL_REQUIRED_PROPERTY" if when else "MISSING_REQUIRED_PROPERTY"
            message = f'Property "{mark["name"]}" is required'
            raise Refusal(
                400, message, "VALIDATION_ERROR",
                errors=[{"message": message, "code": code, "context": {"propertyName": [mark["name"]]}}],
                context={"propertyName": [mark["name"]]},
            )  # fmt: skip


def _normalised(name: str, raw: str, day: str) -> dict[str, Any]:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {name} was normalized",
        "context": {"propertyName": [name], "rawValue": [raw], "normalizedValue": [day]},
    }
