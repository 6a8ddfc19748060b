"""SuiteQL for sqlglot: Oracle's grammar with function calls left as they are written."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle

_TYPED = ("COUNT", "SUM", "AVG", "MIN", "MAX", "COALESCE")


class SuiteQL(Oracle):
    """Oracle without sqlglot's rewriting of formats and dates, so that the translator sees the user's own words."""

    class Parser(Oracle.Parser):
        """Only aggregates and COALESCE are typed; every other call stays an anonymous one."""

        FUNCTIONS: ClassVar[Any] = {name: Oracle.Parser.FUNCTIONS[name] for name in _TYPED}
        FUNCTION_PARSERS: ClassVar[Any] = {
            name: parser for name, parser in Oracle.Parser.FUNCTION_PARSERS.items() if name in ("CAST", "EXTRACT")
        }


def parse(text: str) -> exp.Expr:
    """The statement's syntax tree; raises sqlglot.errors.SqlglotError."""
    found = [statement for statement in SuiteQL().parse(text) if statement is not None]
    if len(found) != 1:
        return exp.Command(this="several statements")
    return found[0]
