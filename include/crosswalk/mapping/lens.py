"""One mapped field as a pair of functions: native to canonical and back, composed from its settings."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from crosswalk.mapping.converters import BASE, RECIPES, Convert, Converter, ConvertInRegion, Law, choice, value_map
from crosswalk.mapping.values import Unfit, shown
from crosswalk.model.entities import Kind

if TYPE_CHECKING:
    from crosswalk.mapping.definition import FieldMapping
    from crosswalk.model.records import Value


class Lens:
    """How one field is read and written.

    ``get`` and ``put`` take values that are not None. ``get_in_region`` stands in for ``get`` where the record's
    country matters. ``stored`` says what the system shows of a written value; ``spelling`` takes from a native value
    what carries no meaning (white space, letter case of an address, a country's name for its code), so that laws
    compare meaning.
    """

    def __init__(self, field: FieldMapping) -> None:
        self.field = field
        steps = [RECIPES[use.name].make(use.argument or "") for use in field.convert]
        final = bool(field.convert) and RECIPES[field.convert[-1].name].last
        base = steps.pop() if final else _base(field)
        if field.values:
            steps.insert(0, value_map(field.values))
        self._steps = steps
        self._last = base

    @cached_property
    def get(self) -> Convert:
        """Native to canonical; raises Unfit."""
        return _chain([step.get for step in self._steps] + [self._last.get])

    @cached_property
    def get_in_region(self) -> ConvertInRegion | None:
        """Native and country code to canonical; None where the country does not matter."""
        regional = self._last.get_in_region
        if regional is None or not self._steps:
            return regional
        before = _chain([step.get for step in self._steps])

        def get(raw: Value, region: str | None) -> Value:
            value = before(raw)
            return None if value is None else regional(value, region)

        return get

    @cached_property
    def put(self) -> Convert:
        """Canonical to native, ready to be sent; raises Unfit."""
        ways = [self._last.put, *(step.put for step in reversed(self._steps))]
        if self.field.max_length:
            ways.append(_shortened(self.field.max_length, refuse=self.field.law is Law.ISO))
        return _chain(ways)

    @cached_property
    def stored(self) -> Convert:
        """What the system shows of a value that was written."""
        return _chain([step.stored for step in self._steps])

    def spelling(self, native: Value, region: str | None = None) -> Value:
        """Return what a native value means, whatever its spelling."""
        if native is None or self.field.values or self.field.kind is Kind.CHOICE:
            return native
        base = BASE[self.field.kind]
        return base.get_in_region(native, region) if base.get_in_region else base.get(native)

    @property
    def default(self) -> Value:
        """The canonical value for an empty native one."""
        given = self.field.default
        return None if given is None else _base(self.field).get(given)


def _base(field: FieldMapping) -> Converter:
    return choice(field.choices) if field.kind is Kind.CHOICE else BASE[field.kind]


def _chain(ways: list[Convert]) -> Convert:
    if len(ways) == 1:
        return ways[0]

    def through(value: Value) -> Value:
        for way in ways:
            if value is None:
                return None
            value = way(value)
        return value

    return through


def _shortened(most: int, *, refuse: bool) -> Convert:
    def shorten(value: Value) -> Value:
        if not isinstance(value, str) or len(value) <= most:
            return value
        if refuse:
            problem = f"{shown(value)} has {len(value)} characters, the system takes {most}."
            raise Unfit(problem, "Shorten it where it is kept.")
        return value[:most].rstrip()

    return shorten
