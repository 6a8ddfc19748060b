"""CSV of the bulk APIs: reading uploads, writing results (Salesforce §8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"
LONGEST_FIELD = 32_000
csv.field_size_limit(1 << 20)


class TableError(Exception):
    """The upload as a whole cannot be read; the message is the job's ``errorMessage``."""


def read_table(text: str, delimiter: str = ",", line_end: str | None = None) -> tuple[list[str], list[list[str]]]:
    """Header and rows. Raises TableError when line ends or columns do not fit."""
    if line_end is not None:
        _check_line_end(text, line_end)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise TableError(f"InvalidBatch : Failed to parse CSV: {error}") from None
    if not rows:
        raise TableError("InvalidBatch : Unable to find the header row")
    header = [name.strip().lstrip("\ufeff") for name in rows[0]]
    if len(header) == 1 and any(sign in header[0] for sign in DELIMITERS.values()):
        raise TableError("InvalidBatch : Field name not found : " + header[0])
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise TableError(f"InvalidBatch : The number of columns in row {number} does not match the header")
    return header, rows[1:]


def _check_line_end(text: str, line_end: str) -> None:
    first = text.find("\n")
    if first < 0:
        return
    crlf = first > 0 and text[first - 1] == "\r"
    if crlf != (line_end == "CRLF"):
        raise TableError(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {line_end}"
        )


def write_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",", line_end: str = "\n"
) -> bytes:
    """A table with every value quoted."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def cell(kind: str, value: Any) -> str:
    """A stored value as bulk CSV prints it: null empty, datetimes with ``Z``, numbers with a point."""
    if value is None:
        return ""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "datetime":
        return f"{value[:-5]}Z"
    return str(value)


def values_of(header: Sequence[str], row: Sequence[str], *, keep_empty: bool = False) -> dict[str, Any]:
    """A row as field values: an empty cell is left out (unchanged), ``#N/A`` is null (§8.1)."""
    found: dict[str, Any] = {}
    for name, text in zip(header, row, strict=True):
        if text == NULL:
            found[name] = None
        elif text != "" or keep_empty:
            found[name] = text
    return found
