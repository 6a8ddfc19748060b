"""What the hooks of all platforms share: an Airflow connection becomes a connector."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from crosswalk.platforms import platform_of

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from crosswalk.connectors.protocol import Connector, Finding
    from crosswalk.connectors.quota import Quota
    from crosswalk.connectors.settings import ConnectionSettings


class ConnectorHook(BaseHook):
    """One system behind an Airflow connection. A platform's class says which one it is: ``class XHook(ConnectorHook, platform="x")``.

    :param conn_id: the Airflow connection that holds the secrets.
    :param system: the system's name in the hub.
    :param read_only: refuse every mutating request in the transport.
    :param quota: limits shared by all workers.
    :param lane: what the requests are for; all lanes but ``bulk`` may use the slots that are kept free for orders.
    """

    platform: str
    hook_name: str
    conn_type: str
    conn_name_attr = "conn_id"
    default_conn_name: str

    def __init_subclass__(cls, *, platform: str, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.platform = cls.conn_type = cls.default_conn_name = platform
        cls.hook_name = platform_of(platform).title

    def __init__(
        self,
        conn_id: str | None = None,
        *,
        system: str | None = None,
        read_only: bool = True,
        quota: Quota | None = None,
        lane: str = "bulk",
    ) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name
        self.system = system or self.platform
        self.read_only = read_only
        self.quota = quota
        self.lane = lane

    @cached_property
    def settings(self) -> ConnectionSettings:
        """The connection's parts, secrets included; their repr hides them."""
        from crosswalk.connectors.settings import ConnectionSettings

        connection = self._connection()
        extra = {
            str(name): str(value)
            for name, value in connection.extra_dejson.items()
            if value is not None and value != ""
        }
        return ConnectionSettings(
            host=connection.host, login=connection.login, password=connection.password, extra=extra
        )

    def _connection(self) -> Connection:
        from airflow.sdk.exceptions import AirflowNotFoundException

        from crosswalk.model.errors import ConfigurationError

        try:
            return self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise ConfigurationError(
                f"There is no Airflow connection {self.conn_id!r}.",
                hint=f"Add one of type {self.conn_type!r} under Admin, Connections, or name another in the pairing file.",
                system=self.system,
            ) from None

    def get_conn(self) -> Connector:
        """Return the connector; sends nothing yet."""
        from crosswalk.connectors.registry import open_connector

        return open_connector(
            self.platform,
            self.settings,
            system=self.system,
            read_only=self.read_only,
            quota=self.quota,
            options={"lane": self.lane},
        )

    def test_connection(self) -> tuple[bool, str]:
        """Sign in, look at what every read needs and say what came back; called by the connection form's test button."""
        from crosswalk.model.errors import CrosswalkError

        try:
            connector = self.get_conn()
            findings = connector.preflight([])
            usage = connector.usage()
        except CrosswalkError as error:
            return False, str(error)
        if blocking := [finding for finding in findings if finding.blocking]:
            return False, " ".join(_sentences(finding) for finding in blocking)
        limit = "no stated limit" if usage.limit is None else f"limit {usage.limit}"
        notes = "".join(f" {_sentences(finding)}" for finding in findings)
        return True, f"Connected to {self.system}: {usage.used} requests used ({usage.window}), {limit}.{notes}"


def _sentences(finding: Finding) -> str:
    """Return what is wrong and what to do about it, as sentences."""
    return " ".join(f"{part.strip().removesuffix('.')}." for part in (finding.problem, finding.remedy) if part.strip())
