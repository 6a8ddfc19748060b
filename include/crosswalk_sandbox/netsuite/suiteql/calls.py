"""Function calls of SuiteQL, each with what it becomes in SQLite and the kind of its result (NetSuite §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from crosswalk_sandbox.netsuite.suiteql.scope import (
    NUMERIC,
    TEMPORAL,
    SqlError,
    as_moment,
    call,
    kind_of,
    text,
    typed,
    unified,
)

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options

Arguments = list[exp.Expr]
Translation = Callable[[Arguments, "Options"], exp.Expr]

# Calls that SQLite has under some name, with the number of arguments and the kind of the result.
_PLAIN: Final[dict[str, tuple[str, range, str]]] = {
    "UPPER": ("upper", range(1, 2), "string"),
    "LOWER": ("lower", range(1, 2), "string"),
    "SUBSTR": ("substr", range(2, 4), "string"),
    "INSTR": ("instr", range(2, 3), "integer"),
    "LENGTH": ("length", range(1, 2), "integer"),
    "REPLACE": ("replace", range(3, 4), "string"),
    "TRIM": ("trim", range(1, 3), "string"),
    "LTRIM": ("ltrim", range(1, 3), "string"),
    "RTRIM": ("rtrim", range(1, 3), "string"),
    "INITCAP": ("initcap", range(1, 2), "string"),
    "REGEXP_LIKE": ("regexp_like", range(2, 3), "boolean"),
    "ABS": ("abs", range(1, 2), "number"),
    "CEIL": ("ceil", range(1, 2), "number"),
    "FLOOR": ("floor", range(1, 2), "number"),
    "SIGN": ("sign", range(1, 2), "integer"),
    "SQRT": ("sqrt", range(1, 2), "number"),
    "POWER": ("power", range(2, 3), "number"),
    "MOD": ("mod", range(2, 3), "number"),
    "ROW_NUMBER": ("row_number", range(0, 1), "integer"),
    "RANK": ("rank", range(0, 1), "integer"),
    "NTILE": ("ntile", range(1, 2), "integer"),
    "DENSE_RANK": ("dense_rank", range(0, 1), "integer"),
    "TO_NUMBER": ("to_number", range(1, 2), "number"),
}


def translate_call(name: str, arguments: Arguments, options: Options) -> exp.Expr:
    """The SQLite expression of a call whose arguments are already translated; raises SqlError for an unknown one."""
    upper = name.upper()
    if upper in _PLAIN:
        sqlite, allowed, kind = _PLAIN[upper]
        if len(arguments) not in allowed:
            raise SqlError(f"Invalid number of arguments for function '{name}'")
        return call(sqlite, *arguments, kind=kind)
    special = _SPECIAL.get(upper)
    if special is None:
        raise SqlError(f"Unknown function '{name}'")
    try:
        return special(arguments, options)
    except IndexError as error:
        raise SqlError(f"Invalid number of arguments for function '{name}'") from error


def _nvl(arguments: Arguments, _options: Options) -> exp.Expr:
    values, kind = unified(arguments)
    return call("coalesce", values[0], values[1], *values[2:], kind=kind)


def _nvl2(arguments: Arguments, _options: Options) -> exp.Expr:
    (there, absent), kind = unified([arguments[1], arguments[2]])
    condition = exp.Is(this=arguments[0], expression=exp.Null())
    return typed(exp.Case(ifs=[exp.If(this=condition, true=absent)], default=there), kind)


def _nullif(arguments: Arguments, _options: Options) -> exp.Expr:
    return call("nullif", arguments[0], arguments[1], kind=kind_of(arguments[0]))


def _decode(arguments: Arguments, _options: Options) -> exp.Expr:
    value, rest = arguments[0], arguments[1:]
    default = rest.pop() if len(rest) % 2 else typed(exp.Null(), "null")
    results, kind = unified([*rest[1::2], default])
    ifs = [
        exp.If(this=exp.Is(this=value.copy(), expression=search), true=result)
        for search, result in zip(rest[::2], results[:-1], strict=True)
    ]
    return typed(exp.Case(ifs=ifs, default=results[-1]), kind)


def _extreme(sqlite: str) -> Translation:
    def translate(arguments: Arguments, _options: Options) -> exp.Expr:
        values, kind = unified(arguments)
        return call(sqlite, *values, kind=kind) if len(values) > 1 else values[0]

    return translate


def _to_char(arguments: Arguments, options: Options) -> exp.Expr:
    value, words = arguments[0], arguments[1] if len(arguments) > 1 else None
    if kind_of(value) in TEMPORAL:
        return call("show_moment", as_moment(value), words or text(options.date_format))
    return call("show_number", value, words) if words is not None else call("plain_text", value)


def _to_date(arguments: Arguments, _options: Options) -> exp.Expr:
    value = arguments[0]
    if kind_of(value) in TEMPORAL or len(arguments) == 1:
        return as_moment(value)
    return call("read_moment", value, arguments[1], kind="moment")


def _trunc(arguments: Arguments, _options: Options) -> exp.Expr:
    value = arguments[0]
    if kind_of(value) in NUMERIC:
        return call("trunc_number", value, arguments[1] if len(arguments) > 1 else exp.Literal.number(0), kind="number")
    unit = arguments[1] if len(arguments) > 1 else text("DD")
    return call("trunc_moment", as_moment(value), unit, kind="moment")


def _round(arguments: Arguments, _options: Options) -> exp.Expr:
    return call("round", *arguments[:2], kind="number")


def _of_moment(sqlite: str) -> Translation:
    def translate(arguments: Arguments, _options: Options) -> exp.Expr:
        return call(sqlite, as_moment(arguments[0]), *arguments[1:], kind="moment")

    return translate


def _months_between(arguments: Arguments, _options: Options) -> exp.Expr:
    return call("months_between", as_moment(arguments[0]), as_moment(arguments[1]), kind="number")


def _pad(sqlite: str) -> Translation:
    def translate(arguments: Arguments, _options: Options) -> exp.Expr:
        return call(sqlite, arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else text(" "))

    return translate


def _concat(arguments: Arguments, _options: Options) -> exp.Expr:
    return joined(arguments[0], arguments[1])


def joined(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """``||``: Oracle takes NULL for empty text and prints numbers plainly."""
    parts = [call("coalesce", call("plain_text", _shown(part)), text("")) for part in (left, right)]
    return call("nullif", exp.Paren(this=exp.DPipe(this=parts[0], expression=parts[1])), text(""))


def _shown(part: exp.Expr) -> exp.Expr:
    return call("user_date", as_moment(part)) if kind_of(part) in TEMPORAL else part


def _of_neighbour(sqlite: str) -> Translation:
    """Analytic functions whose result is a value of another row."""

    def translate(arguments: Arguments, _options: Options) -> exp.Expr:
        return call(sqlite, *arguments, kind=kind_of(arguments[0]))

    return translate


_SPECIAL: Final[dict[str, Translation]] = {
    "NVL": _nvl,
    "NVL2": _nvl2,
    "NULLIF": _nullif,
    "DECODE": _decode,
    "GREATEST": _extreme("max"),
    "LEAST": _extreme("min"),
    "TO_CHAR": _to_char,
    "TO_DATE": _to_date,
    "TO_TIMESTAMP": _to_date,
    "TRUNC": _trunc,
    "ROUND": _round,
    "ADD_MONTHS": _of_moment("add_months"),
    "LAST_DAY": _of_moment("last_day"),
    "MONTHS_BETWEEN": _months_between,
    "LPAD": _pad("pad_left"),
    "RPAD": _pad("pad_right"),
    "CONCAT": _concat,
    "LAG": _of_neighbour("lag"),
    "LEAD": _of_neighbour("lead"),
    "FIRST_VALUE": _of_neighbour("first_value"),
    "LAST_VALUE": _of_neighbour("last_value"),
}
