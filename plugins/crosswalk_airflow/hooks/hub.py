"""The hub database behind an Airflow connection of type ``postgres``."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseHook

if TYPE_CHECKING:
    from crosswalk.hub.database import Hub


class HubHook(BaseHook):
    """Opens the hub.

    :param conn_id: the Airflow connection of the hub database.
    """

    conn_name_attr = "conn_id"
    default_conn_name = "crosswalk_hub"
    conn_type = "postgres"
    hook_name = "Crosswalk hub"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    @cached_property
    def dsn(self) -> str:
        """The hub's DSN, password included: never log it."""
        c = self.get_connection(self.conn_id)
        secret = f":{quote(c.password, safe='')}" if c.password else ""
        return (
            f"postgresql://{quote(c.login or '', safe='')}{secret}@{c.host}:{c.port or 5432}/{c.schema or 'crosswalk'}"
        )

    def get_conn(self) -> Hub:
        """Return the hub; connects on first use."""
        from crosswalk.hub.database import Hub

        return Hub(self.dsn)

    @staticmethod
    @lru_cache(maxsize=8)
    def shared(conn_id: str) -> Hub:
        """Return one hub per process and connection, for the pages: opening a pool per request would be slow."""
        return HubHook(conn_id).get_conn()
