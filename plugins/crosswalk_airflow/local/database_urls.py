"""The URLs of the two databases: Airflow's own and the hub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from crosswalk_airflow.local.settings import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from crosswalk_airflow.local.credentials import Credentials

AIRFLOW, HUB = "airflow", "crosswalk"  # role and database of each on the embedded server


@dataclass(frozen=True, repr=False)
class Databases:
    """Two URLs, `postgresql://user:password@host:port/name`. `repr` shows no password."""

    airflow: str
    hub: str

    def save(self, path: Path) -> None:
        """Keep the URLs for the components; the file is the owner's only."""
        write_private(path, json.dumps({"airflow": self.airflow, "hub": self.hub}))

    @classmethod
    def load(cls, path: Path) -> Databases:
        """Read what `save` kept."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @property
    def airflow_sqlalchemy(self) -> str:
        """Airflow's URL with the driver its provider brings."""
        return urlunsplit(urlsplit(self.airflow)._replace(scheme="postgresql+psycopg2"))


def with_database(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name)}"))


def name_in(url: str) -> str:
    """Return the database a URL names."""
    return unquote(urlsplit(url).path.strip("/"))


def on_loopback(user: str, password: str, port: int, name: str) -> str:
    """Return the URL of a database on the embedded server."""
    return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{name}"


def embedded(port: int, credentials: Credentials) -> Databases:
    """Return the URLs on the embedded server, without asking it."""
    return Databases(
        airflow=on_loopback(AIRFLOW, credentials.airflow_database_password, port, AIRFLOW),
        hub=on_loopback(HUB, credentials.hub_database_password, port, HUB),
    )
