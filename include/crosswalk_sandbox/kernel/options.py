"""Reading an account's options from plain values, as a command line or a file gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    _Options = TypeVar("_Options", bound=DataclassInstance)


def read_options(
    kind: type[_Options], vendor: str, given: Mapping[str, object], choices: Mapping[str, Sequence[str]] | None = None
) -> _Options:
    """Options of a dataclass; lists become tuples. Raises ValueError that lists what exists for an unknown name or choice."""
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"Unknown {vendor} option {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    for name, allowed in (choices or {}).items():
        if name in given and str(given[name]) not in allowed:
            raise ValueError(f"{name} is one of {', '.join(allowed)}, not {given[name]!r}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return kind(**values)
