"""A field's value in the form that survives a round trip through both systems, as SQL.

The images in the hub are canonical as read. A system that keeps 40 characters or two decimals would lose the rest on writing; two values
that differ only in what one side cannot keep are equal. This says in SQL what :class:`crosswalk.mapping.lens.Lens` does in Python, and
a test holds the two together.
"""

from __future__ import annotations

from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import FieldMapping
from crosswalk.model.entities import Kind

_AFTER_A_CUT = {"one_line": "', '", "website": "'/ '", "lines": r"E' \n'", "list": "', '"}


def settled(column: str, sides: tuple[FieldMapping, ...]) -> str:
    """Return ``column`` after one round trip through each of ``sides``: one line, rounded, and cut as they would."""
    settled = column
    keeps_lines = any(_uses(field).keys() & {"lines"} for field in sides)
    for field in sides:
        if keeps_lines and field.kind is Kind.TEXT and field.law is not Law.ONE_WAY and not _uses(field):
            settled = rf"regexp_replace({settled}, '\s+', ' ', 'g')"  # plain text is one line
        if field.law is Law.LOSSY:
            settled = _written(settled, field)
    return settled


def _uses(field: FieldMapping) -> dict[str, str]:
    return {use.name: use.argument or "" for use in field.convert}


def _written(column: str, field: FieldMapping) -> str:
    uses = _uses(field)
    if "round" in uses:
        return f"round({column}, {int(uses['round'])})"
    if field.kind is not Kind.TEXT:
        return column
    if "one_line" in uses:
        column = rf"regexp_replace({column}, E'[ ,]*\n[ ,\n]*', ', ', 'g')"
    return column if field.max_length is None else _cut(column, field.max_length, uses)


def _cut(column: str, most: int, uses: dict[str, str]) -> str:
    """Cut what is too long; what hangs at the end of a cut is dropped, as the converter that follows would."""
    room = most - len(uses.get("website", ""))
    dangling = next((_AFTER_A_CUT[name] for name in uses if name in _AFTER_A_CUT), "' '")
    return f"case when length({column}) > {room} then rtrim(left({column}, {room}), {dangling}) else {column} end"
