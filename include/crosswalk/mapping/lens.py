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

MOST_CUTS = 8


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
        way = _chain([self._last.put, *(step.put for step in reversed(self._steps))])
        most = self.field.max_length
        if most is None:
            return way
        return _refusing(way, most) if self.field.law is Law.ISO else _cutting(way, self.get, most)

    @cached_property
    def empty(self) -> Value:
        """What is written for an empty canonical value: nothing, or the field's default."""
        return None if self.default is None else self.put(self.default)

    def read(self, native: Value, region: str | None = None) -> Value:
        """Return the canonical value of ``native``, which may be None; ``region`` is the record's country."""
        if native is None:
            return self.default
        return self.get_in_region(native, region) if self.get_in_region else self.get(native)

    def write(self, value: Value) -> Value:
        """Return the native value of ``value``, which may be None."""
        return self.empty if value is None else self.put(value)

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

    def settled(self, value: Value, region: str | None = None) -> Value:
        """Return a canonical value brought into its kind's canonical form: itself, when the lens is sound."""
        if value is None:
            return None
        if self._last.settle:
            return self._last.settle(value)
        base = _base(self.field)
        return base.get_in_region(value, region) if base.get_in_region else base.get(value)

    @cached_property
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


def _refusing(way: Convert, most: int) -> Convert:
    def put(value: Value) -> Value:
        native = way(value)
        if isinstance(native, str) and len(native) > most:
            problem = f"{shown(native)} has {len(native)} characters, the system takes {most}."
            raise Unfit(problem, "Shorten it where it is kept.")
        return native

    return put


def _cutting(way: Convert, back: Convert, most: int) -> Convert:
    """Cut at ``most`` characters, and so that reading and writing it again changes nothing (a cut may end in ``,``)."""

    def put(value: Value) -> Value:
        native = way(value)
        for _ in range(MOST_CUTS):
            if not isinstance(native, str) or len(native) <= most:
                return native
            cut = native[:most].rstrip()
            seen = back(cut)
            native = cut if seen is None else way(seen)
        raise Unfit(f"{shown(value)} cannot be cut to {most} characters.", "Shorten it where it is kept.")

    return put
