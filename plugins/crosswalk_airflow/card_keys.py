"""The keys that sign the customer card's links, from an Airflow connection.

Its extra: ``{"secret_keys": {"<key id>": "<64 hex digits>", …}, "scopes": {"<key id>": "<pairing>/<system>"}, "current": "<key id>"}``.
To rotate, add a key and make it current; to revoke every link that a key signed, take the key away.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from crosswalk.facts.card_link import signing_keys
from crosswalk.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk.facts.card_link import SigningKey

SECONDS_KEPT = 30
"""For so long at most a revoked key still opens cards."""


def card_keys(connection: str) -> tuple[Mapping[str, SigningKey], str | None]:
    """Return the keys by id, and the id of the one that signs new links; none without the connection.

    Raises ConfigurationError for a connection that cannot be used.
    """
    try:
        extra = BaseHook.get_connection(connection).extra_dejson
    except AirflowNotFoundException:
        return {}, None
    secrets, scopes = extra.get("secret_keys"), extra.get("scopes") or {}
    if (
        not isinstance(secrets, dict)
        or not isinstance(scopes, dict)
        or not all(isinstance(s, str) for s in secrets.values())
    ):
        raise ConfigurationError(
            f"Connection {connection} has no secret_keys in its extra.",
            hint='Write {"secret_keys": {"2026a": "<64 hex digits>"}, "current": "2026a"}; docs/customer_card.md shows how.',
        )
    keys = signing_keys(secrets, scopes)
    current = extra.get("current") or next(iter(keys), None)
    if current not in keys:
        raise ConfigurationError(f"Connection {connection} calls {current} current, which is none of its keys.")
    return keys, current


def kept_card_keys(connection: str) -> Mapping[str, SigningKey]:
    """Return the keys as they were at most :data:`SECONDS_KEPT` ago, so that a flood of requests does not read the database."""
    return _kept(connection, int(time.monotonic() // SECONDS_KEPT))


@lru_cache(maxsize=16)
def _kept(connection: str, _bucket: int) -> Mapping[str, SigningKey]:
    return card_keys(connection)[0]
