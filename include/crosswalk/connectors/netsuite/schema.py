"""Which of the columns we ask for do not exist, and saying so with the field's name.

A missing column is answered with a sentence, or with a 500 that names nothing (NetSuite §6): then columns are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.errors import UNEXPECTED
from crosswalk.connectors.netsuite.statements import Query
from crosswalk.model.errors import CrosswalkError, SchemaError, TransientError

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client
    from crosswalk.connectors.netsuite.sources import Source
    from crosswalk.model.records import NativeField


@contextmanager
def explain(client: Client, source: Source, fields: Sequence[NativeField]) -> Iterator[None]:
    """Let a query fail with a SchemaError that names the entity, the table and the field."""
    try:
        yield
    except SchemaError as error:
        raise _named(source, error.field, error.message, error.hint, error.code) from None
    except TransientError as error:
        if error.code != UNEXPECTED or _failure(client, source, ()) is not None:
            raise  # an outage: the bare table cannot be read either
        missing = missing_fields(client, source, fields)
        if not missing:
            raise
        names = ", ".join(field.path for field in missing)
        hint = "Correct or remove the field in the mapping file, or enable the feature it belongs to."
        raise _named(source, names, error.message, hint, error.code) from None


def missing_fields(client: Client, source: Source, fields: Sequence[NativeField]) -> list[NativeField]:
    """Return the fields that cannot be read, trying halves: few calls when little is missing, one when nothing is.

    Raises SchemaError when the table itself cannot be read, TransientError when that is said without naming anything.
    """
    failure = _failure(client, source, fields)
    if failure is None:
        return []
    if not fields and isinstance(failure, TransientError):
        raise failure
    if not fields:
        raise _named(source, None, failure.message, failure.hint, failure.code)
    if len(fields) == 1:
        _raise_if_table_is_missing(client, source)
        return list(fields)
    middle = len(fields) // 2
    return missing_fields(client, source, fields[:middle]) + missing_fields(client, source, fields[middle:])


def _raise_if_table_is_missing(client: Client, source: Source) -> None:
    missing_fields(client, source, ())


def _failure(client: Client, source: Source, fields: Sequence[NativeField]) -> CrosswalkError | None:
    try:
        client.suiteql(Query(source, fields).probe())
    except SchemaError as error:
        return error
    except TransientError as error:
        if error.code != UNEXPECTED:
            raise
        return error
    return None


def _named(source: Source, field: str | None, message: str, hint: str, code: str | None) -> SchemaError:
    what = f"the column {field}" if field else "a table or column"
    return SchemaError(
        f"NetSuite does not let us read {what} for {source.entity} (table {source.table}): {message}",
        hint=hint,
        field=field,
        code=code,
    )
