"""What a user can choose about the local runtime: `CROSSWALK_*` in the environment or in `.env`.

| variable | default | meaning |
| --- | --- | --- |
| CROSSWALK_PORT_BASE | unset | moves all ports: Airflow N, emulators N+1.., Postgres N+8, scheduler health N+9 |
| CROSSWALK_AIRFLOW_PORT | 8080 | screens and API |
| CROSSWALK_<PLATFORM>_PORT | 8801.. | each emulator, by its platform in capitals |
| CROSSWALK_POSTGRES_PORT | 55432 | embedded Postgres |
| CROSSWALK_SCHEDULER_HEALTH_PORT | 8974 | the scheduler's health page |
| CROSSWALK_DATABASE_URL | unset | a Postgres of your own; no embedded one is started |
| CROSSWALK_SANDBOX | on | `off`: no emulators, no connections to them |
| CROSSWALK_SANDBOX_DRIVER | on | `off`: nobody works in the demo company |
| CROSSWALK_SANDBOX_SCALE | 1 | size of the demo company when it is made: 1 is 500 accounts |
| CROSSWALK_PARALLELISM | 4 | tasks at once |
| CROSSWALK_STATE | .crosswalk | where everything is kept |
| CROSSWALK_START_TIMEOUT | 600 | seconds until `up` gives up waiting |

Lines `AIRFLOW__SECTION__KEY=value` in `.env` override what Crosswalk sets.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from crosswalk.model.errors import ConfigurationError
from crosswalk.platforms import platforms
from crosswalk_airflow.local.layout import Layout, find_project

EMULATORS: Mapping[str, int] = {name: one.sandbox.port for name, one in platforms().items()}
_EMULATOR_BASE = 8800
_POSTGRES_OFFSET, _HEALTH_OFFSET = 8, 9


@dataclass(frozen=True)
class Settings:
    """The choices of one installation. Ports are TCP ports on 127.0.0.1."""

    airflow_port: int = 8080
    postgres_port: int = 55432
    scheduler_health_port: int = 8974
    emulator_ports: Mapping[str, int] = field(default_factory=lambda: dict(EMULATORS))
    sandbox_scale: float | None = None
    sandbox_driver: bool = True
    database_url: str | None = field(default=None, repr=False)
    parallelism: int = 4
    start_timeout: int = 600
    airflow_overrides: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def airflow_url(self) -> str:
        """Where the screens are."""
        return f"http://127.0.0.1:{self.airflow_port}"

    @property
    def embedded_postgres(self) -> bool:
        """Whether a database server of our own is wanted."""
        return self.database_url is None

    def emulator_url(self, system: str) -> str:
        """Base URL of a vendor's emulator."""
        return f"http://127.0.0.1:{self.emulator_ports[system]}"

    def emulator_urls(self) -> dict[str, str]:
        """Base URL of every emulator that is wanted."""
        return {system: self.emulator_url(system) for system in self.emulator_ports}

    def ports(self) -> dict[str, int]:
        """Every port that is listened on, by the component that does."""
        ports = {"api-server": self.airflow_port, "scheduler": self.scheduler_health_port}
        ports |= {f"sandbox-{name}": port for name, port in self.emulator_ports.items()}
        return ports | ({"postgres": self.postgres_port} if self.embedded_postgres else {})

    def save(self, path: Path) -> None:
        """Keep the settings for the components; the file is the owner's only."""
        write_private(path, json.dumps(asdict(self), indent=2))


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def load_saved(path: Path) -> Settings:
    """Read the settings of the last start; FileNotFoundError when there was none."""
    return Settings(**json.loads(path.read_text(encoding="utf-8")))


def load(environ: Mapping[str, str] | None = None) -> tuple[Layout, Settings]:
    """Read the wishes from `.env` and the environment (which wins). Errors name the variable and the remedy."""
    environ = os.environ if environ is None else environ
    project = find_project()
    wishes: dict[str, str] = {k: v for k, v in dotenv_values(project / ".env").items() if v is not None}
    overrides = {name: value for name, value in wishes.items() if name.startswith("AIRFLOW__")}
    wishes |= {name: value for name, value in environ.items() if name.startswith("CROSSWALK_")}
    wishes = {name: value for name, value in wishes.items() if value != ""}
    state = (project / wishes.get("CROSSWALK_STATE", ".crosswalk")).resolve()
    return Layout(project, state), replace(from_wishes(wishes), airflow_overrides=overrides)


def from_wishes(wishes: Mapping[str, str]) -> Settings:
    """Turn `CROSSWALK_*` values into settings."""
    base = _number(wishes, "CROSSWALK_PORT_BASE", 0, lowest=0, highest=65_000)

    def port(name: str, default: int, offset: int) -> int:
        return _number(wishes, f"CROSSWALK_{name}_PORT", base + offset if base else default, highest=65_535)

    emulators = EMULATORS if _is_on(wishes, "CROSSWALK_SANDBOX") else {}
    return Settings(
        airflow_port=port("AIRFLOW", 8080, 0),
        postgres_port=port("POSTGRES", 55432, _POSTGRES_OFFSET),
        scheduler_health_port=port("SCHEDULER_HEALTH", 8974, _HEALTH_OFFSET),
        emulator_ports={
            name: port(name.upper(), default, default - _EMULATOR_BASE) for name, default in emulators.items()
        },
        sandbox_driver=_is_on(wishes, "CROSSWALK_SANDBOX_DRIVER"),
        sandbox_scale=_scale(wishes.get("CROSSWALK_SANDBOX_SCALE")),
        database_url=_database_url(wishes.get("CROSSWALK_DATABASE_URL")),
        parallelism=_number(wishes, "CROSSWALK_PARALLELISM", 4, highest=256),
        start_timeout=_number(wishes, "CROSSWALK_START_TIMEOUT", 600, highest=3600),
    )


def _is_on(wishes: Mapping[str, Any], name: str) -> bool:
    value = str(wishes.get(name, "on")).lower()
    if value not in {"on", "off"}:
        raise ConfigurationError(f"{name} is {value!r}.", hint="Set it to on or off in .env.")
    return value == "on"


def _number(wishes: Mapping[str, str], name: str, default: int, *, lowest: int = 1, highest: int) -> int:
    try:
        value = int(wishes.get(name, default))
    except ValueError:
        value = -1
    if not lowest <= value <= highest:
        raise ConfigurationError(
            f"{name} is {wishes.get(name, default)!r}.",
            hint=f"Set it to a whole number from {lowest} to {highest} in .env, or remove it.",
        )
    return value


def _scale(wish: str | None) -> float | None:
    try:
        scale = None if wish is None else float(wish)
    except ValueError:
        scale = 0.0
    if scale is not None and not 0 < scale < math.inf:
        raise ConfigurationError(
            f"CROSSWALK_SANDBOX_SCALE is {wish!r}.", hint="Set it to a number above 0 in .env, or remove it."
        )
    return scale


def _database_url(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname or not parts.path.strip("/"):
        raise ConfigurationError(
            "CROSSWALK_DATABASE_URL does not name a Postgres database.",
            hint="Write it as postgresql://user:password@host:5432/database in .env.",
        )
    return url
