"""What is said of a platform: its side, its connection and form, where its records open, how its sandbox is signed in to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

Side = Literal["crm", "erp"]
FieldKind = Literal["text", "secret", "lines", "whole_number", "yes_or_no"]
STANDARD_PARTS = ("host", "schema", "login", "password", "port", "extra")
"""What every Airflow connection has; what a form does not name is hidden."""


@dataclass(frozen=True, slots=True)
class ConnectionField:
    """One field of the connection's form, kept in the connection's extra under ``name``."""

    name: str
    label: str
    kind: FieldKind = "text"
    required: bool = False
    default: str | int | bool | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionForm:
    """The form of a connection type of ours. ``parts`` are the labels of Airflow's own fields that it uses (``login``, ``password``, …)."""

    fields: tuple[ConnectionField, ...]
    parts: Mapping[str, str] = field(default_factory=dict)
    placeholders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Screens:
    """Where a record opens for people: ``address`` tells scheme and host by the connection's extra, ``paths`` the rest by entity.

    In a path ``{key}`` stands for the record's key, quoted, and any other name for a part of the connection's extra.
    """

    address: Callable[[Mapping[str, str]], str | None]
    paths: Mapping[str, str]

    def link(self, extra: Mapping[str, str], entity: str, key: str) -> str | None:
        """Return a record's address; None where the entity has no screen, or the connection does not say enough."""
        path, address = self.paths.get(entity), self.address(extra)
        if path is None or address is None:
            return None
        try:
            return address + path.format_map({**extra, "key": quote(key, safe="")})
        except KeyError:
            return None


@dataclass(frozen=True, slots=True)
class SandboxAccess:
    """How the local sandbox is signed in to: connection part → name in the emulator's access document. ``port`` is the emulator's own."""

    port: int
    parts: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """One vendor's product. ``form`` is None where Airflow has a connection type of this name already.

    ``timeline_subject`` is, of a CRM that shows events of other systems on its records, the native field by which its connector's
    ``timeline_event`` names the customer that it is about; None where there is no such thing.
    """

    name: str
    title: str
    side: Side
    screens: Screens
    sandbox: SandboxAccess
    form: ConnectionForm | None = None
    timeline_subject: str | None = None

    @property
    def class_prefix(self) -> str:
        """How its hook's and operators' class names begin."""
        return self.title.replace(" ", "")


def origin(address: object) -> str | None:
    """Return scheme and host of an http address, without any user and password in it; None for anything else."""
    parts = urlsplit(str(address or ""))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
