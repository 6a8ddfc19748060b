"""What can be wrong in a mapping beyond its shape: laws, converters, value maps, sensitive fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crosswalk.mapping.converters import RECIPES, REST, Argument, Law
from crosswalk.mapping.lens import Lens
from crosswalk.mapping.source import Mistake, did_you_mean
from crosswalk.mapping.values import Unfit
from crosswalk.model.entities import Kind

if TYPE_CHECKING:
    from crosswalk.mapping.definition import EntityMapping, FieldMapping, SystemMapping

_STRENGTH = (Law.ONE_WAY, Law.LOSSY, Law.ISO)
_CUTTABLE = {Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.REFERENCE}
_FINANCE_WORDS = {"cost", "costs", "margin", "bank", "iban", "bic", "swift", "salary"}
_FINANCE_NAMES = {"tax_id", "vat_id", "vat_number", "tax_number", "vat_reg_number"}
_PYTHON_TYPE = {
    Kind.AMOUNT: "Decimal",
    Kind.QUANTITY: "Decimal",
    Kind.INTEGER: "int",
    Kind.BOOLEAN: "bool",
    Kind.DATE: "date",
    Kind.INSTANT: "datetime",
}

Said = Iterator[tuple[str, str]]


def mistakes_in(mapping: SystemMapping) -> list[Mistake]:
    """Return every mistake in a mapping whose shape and names are right."""
    return [mistake for entity in mapping.entities.values() for mistake in _in_entity(mapping, entity)]


def _in_entity(mapping: SystemMapping, entity: EntityMapping) -> Iterator[Mistake]:
    for field in entity.every_field:
        subject = f"{entity.entity}.{field.name}"
        for problem, remedy in _in_field(field):
            yield Mistake(field.place, subject, problem, remedy)
        if mapping.side == "crm":
            for problem, remedy in _sensitive(field):
                yield Mistake(field.place, subject, problem, remedy)
    yield from _between_fields(entity)


def _between_fields(entity: EntityMapping) -> Iterator[Mistake]:
    for needed in entity.definition.fields:
        if needed.required and needed.name not in entity.fields:
            remedy = f"Add `{needed.name}: {{native: …, law: …}}`."
            yield Mistake(entity.place, f"{entity.entity}.{needed.name}", "is required and not mapped.", remedy)
    targets = Counter(field.target for field in entity.every_field if field.law is not Law.ONE_WAY)
    read_as: dict[str, FieldMapping] = {}
    for field in entity.every_field:
        subject = f"{entity.entity}.{field.name}"
        if field.law is not Law.ONE_WAY and targets[field.target] > 1:
            problem = f"is one of several fields that write {field.target!r}."
            yield Mistake(field.place, subject, problem, "Make all but one of them `law: one_way`.")
        other = read_as.setdefault(field.native, field)
        if _native_type(other) != _native_type(field):
            problem = f"reads {field.native!r} as {field.kind}, {other.name} as {other.kind}."
            yield Mistake(field.place, subject, problem, "Give both the same kind, or read another native field.")


def _native_type(field: FieldMapping) -> str:
    return _PYTHON_TYPE.get(field.kind, "str")


# --- One field ------------------------------------------------------------------------------


def _in_field(field: FieldMapping) -> Said:
    wrong = list(_converters(field))
    yield from wrong
    yield from _value_map(field)
    yield from _writing(field)
    yield from _options(field)
    if not wrong:
        yield from _law(field)
        yield from _default(field)


def _converters(field: FieldMapping) -> Said:
    for use in field.convert:
        recipe = RECIPES.get(use.name)
        if recipe is None:
            yield f"{use.name!r} is no converter.", did_you_mean(use.name, tuple(RECIPES), "Converters are")
            continue
        if field.kind not in recipe.kinds:
            kinds = ", ".join(sorted(recipe.kinds))
            problem = f"{use.name!r} does not fit a field of kind {field.kind}; it is for {kinds}."
            yield problem, "Remove it, or use another converter."
        yield from _argument(use.name, use.argument, recipe.argument)
    lasts = [use.name for use in field.convert[:-1] if use.name in RECIPES and RECIPES[use.name].last]
    if lasts:
        yield f"{lasts[0]!r} gives the final form, yet another converter follows.", f"Write {lasts[0]!r} last."


def _argument(name: str, given: str | None, wanted: Argument) -> Said:
    if wanted is Argument.NONE and given is not None:
        yield f"{name!r} takes no argument.", f"Write `convert: {name}`."
    elif wanted is Argument.TEXT and given is None:
        yield f"{name!r} needs a text.", f'Write `convert: {{{name}: "…"}}`.'
    elif wanted is Argument.DIGITS and (given is None or not given.isdigit() or int(given) > 9):
        yield f"{name!r} needs a number of decimals from 0 to 9.", f"Write `convert: {{{name}: 2}}`."
    elif wanted is Argument.SPELLING and given not in ("name", "code"):
        remedy = f"Write `convert: {{{name}: name}}` or `convert: {{{name}: code}}`."
        yield f"{name!r} needs the spelling the system takes.", remedy


def _value_map(field: FieldMapping) -> Said:
    if field.choices:
        for native, canonical in field.values.items():
            if canonical not in field.choices:
                remedy = did_you_mean(canonical, field.choices, "Values are")
                yield f"{canonical!r} (for {native!r}) is no value of the field.", remedy
    if field.law is Law.ISO and field.values:
        twice = [canonical for canonical, times in Counter(field.values.values()).items() if times > 1]
        if twice:
            natives = ", ".join(native for native, canonical in field.values.items() if canonical == twice[0])
            yield (
                f"the value map cannot be turned round: {natives} all mean {twice[0]!r}, yet the law is iso.",
                "Say `law: lossy` (the first listed is written) or `law: one_way`.",
            )
        elif REST in field.values:
            problem = "the value map's '*' cannot be turned round, yet the law is iso."
            yield problem, "Say `law: lossy` or `law: one_way`."


def _writing(field: FieldMapping) -> Said:
    if field.law is Law.ONE_WAY:
        if field.write:
            yield "is one_way, so `write` has no use.", "Remove `write`, or change the law."
        if field.max_length:
            yield "is one_way, so `max_length` has no use.", "Remove `max_length`, or change the law."
    elif "." in field.native and not field.write:
        yield (
            f"{field.native!r} belongs to a related record and cannot be written here.",
            "Say `law: one_way`, or where to write it by `write: …`.",
        )


def _options(field: FieldMapping) -> Said:
    if field.max_length and field.kind not in _CUTTABLE:
        yield f"`max_length` does not fit a field of kind {field.kind}.", "Remove it."
    if field.region and field.kind is not Kind.PHONE and not any(use.name == "state" for use in field.convert):
        yield "`region` is for phones and for the converter `state`.", "Remove it."


def _law(field: FieldMapping) -> Said:
    strongest, reason = strongest_law(field)
    if _STRENGTH.index(field.law) > _STRENGTH.index(strongest):
        yield f"the law is {field.law}, yet {reason}.", f"Say `law: {strongest}` or weaker."


def strongest_law(field: FieldMapping) -> tuple[Law, str]:
    """Return the strongest law the field's settings allow, and the setting that forbids more."""
    for use in field.convert:
        if RECIPES[use.name].law is not Law.ISO:
            return RECIPES[use.name].law, f"the converter {use.name!r} loses something"
    if field.default is not None:
        return Law.LOSSY, "a default cannot be told from a value that was there"
    if field.otherwise is not None:
        return Law.LOSSY, "the value may come from `otherwise` and go to another field"
    return Law.ISO, ""


def _default(field: FieldMapping) -> Said:
    if field.default is not None:
        try:
            Lens(field).default  # noqa: B018 - read for the error it may raise
        except Unfit as unfit:
            yield f"default: {unfit.problem}", "Write a canonical value of the field."


def _sensitive(field: FieldMapping) -> Said:
    if field.law is Law.ONE_WAY or field.allow_sensitive:
        return
    named = field.extra and (field.name in _FINANCE_NAMES or bool(_FINANCE_WORDS & set(field.name.split("_"))))
    if field.sensitive or named:
        yield (
            "is a sensitive finance field and this is a CRM.",
            "Say `law: one_way`, or `allow_sensitive: true` if it may be written there.",
        )
