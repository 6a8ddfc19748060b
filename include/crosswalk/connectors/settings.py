"""What a connector needs to know about one account: the parts of an Airflow connection, without Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
