"""Keys and passwords that the installation makes for itself once and keeps."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.settings import write_private

USERS: Mapping[str, str] = {"admin": "admin", "op": "op", "user": "user", "viewer": "viewer"}  # name -> Airflow role


@dataclass(frozen=True, repr=False)
class Credentials:
    """Everything secret that is generated. Never logged; `repr` shows nothing."""

    postgres_password: str
    airflow_database_password: str
    hub_database_password: str
    fernet_key: str
    api_secret_key: str
    jwt_secret: str


def _generate() -> Credentials:
    return Credentials(
        postgres_password=secrets.token_urlsafe(24),
        airflow_database_password=secrets.token_urlsafe(24),
        hub_database_password=secrets.token_urlsafe(24),
        fernet_key=base64.urlsafe_b64encode(os.urandom(32)).decode(),
        api_secret_key=secrets.token_urlsafe(48),
        jwt_secret=secrets.token_urlsafe(96),  # HS512 wants at least 64 bytes
    )


def load_or_create(path: Path) -> Credentials:
    """Read the credentials, or make them. ConfigurationError when the file is damaged: the data depends on it."""
    if not path.exists():
        write_private(path, json.dumps(asdict(_generate()), indent=2))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Credentials(**{field.name: str(found[field.name]) for field in fields(Credentials)})
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is damaged: the keys of this installation cannot be read.",
            hint="Restore the file from a backup, or start afresh with `make reset`.",
        ) from error


def load_or_create_passwords(path: Path) -> dict[str, str]:
    """Read the users' passwords (a user may edit the file), adding one for each user without."""
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = {name: found.get(name) or secrets.token_urlsafe(9) for name in USERS}
    if wanted != found:
        write_private(path, json.dumps(wanted, indent=2))
    return wanted
