"""What a connector needs to know about one account: the parts of an Airflow connection, without Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crosswalk.model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Host, login, password and extra of a connection. ``repr`` shows which are set, never their values.

    Empty strings count as absent: connection forms save them for fields nobody filled in.
    """

    host: str | None = None
    login: str | None = None
    password: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a part by name (``host``, ``login``, ``password`` or a key of extra); None when absent or blank."""
        value = getattr(self, name) if name in ("host", "login", "password") else self.extra.get(name)
        return str(value).strip() or None if value is not None else None

    def require(self, name: str, *, purpose: str) -> str:
        """Return a part that must be there; raises ConfigurationError naming it and what it is for."""
        value = self.get(name)
        if value is None:
            raise ConfigurationError(
                f"The connection has no `{name}`, needed for {purpose}.",
                hint=f"Add `{name}` to the connection.",
                field=name,
            )
        return value

    def secrets(self) -> tuple[str, ...]:
        """Return every value that must not appear in a log, an error or a URL."""
        values = [self.password, *(value for key, value in self.extra.items() if is_secret_name(key))]
        return tuple(str(value) for value in values if value)

    def __repr__(self) -> str:
        names = [name for name in ("host", "login", "password") if getattr(self, name)] + sorted(self.extra)
        return f"ConnectionSettings({', '.join(f'{name}=***' for name in names)})"


def is_secret_name(name: str) -> bool:
    """Tell by its name whether a setting is a secret (``consumer_secret``, ``private_key``, ``token_id``, …)."""
    lowered = name.lower()
    return any(part in lowered for part in ("secret", "password", "token", "private", "assertion", "key", "session"))


def whole_number(name: str, value: object, least: int, most: int) -> int:
    """Return a setting as a whole number; raises ConfigurationError naming it for anything else, or beyond ``least`` and ``most``."""
    try:
        number = int(str(value))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ConfigurationError(
            f"{name} is {value!r}, which is no whole number from {least} to {most}.",
            hint=f"Correct {name} in the connection or the pairing.",
            field=name,
        )
    return number


def time_zone(name: str, value: str) -> ZoneInfo:
    """Return the zone that a setting names; raises ConfigurationError naming the setting."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"{value!r} is no time zone.",
            hint=f"Give {name} a name such as America/Los_Angeles, Europe/Berlin or UTC: the zone of the system's own dates.",
            field=name,
        ) from None
