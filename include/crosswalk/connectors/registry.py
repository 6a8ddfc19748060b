"""Opens a connector by the platform's name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from crosswalk.model.errors import ConfigurationError
from crosswalk.platforms import platform_of

if TYPE_CHECKING:
    from crosswalk.connectors.meter import Meter
    from crosswalk.connectors.protocol import Connector
    from crosswalk.connectors.quota import Quota
    from crosswalk.connectors.settings import ConnectionSettings


def open_connector(
    platform: str,
    settings: ConnectionSettings,
    *,
    system: str | None = None,
    read_only: bool = True,
    quota: Quota | None = None,
    meter: Meter | None = None,
    options: Mapping[str, object] | None = None,
) -> Connector:
    """Return a connector for one account; its package is imported only now. Sends nothing yet.

    ``system`` is the account's name in the hub, the platform's name by default.
    Raises ConfigurationError for an unknown platform.
    """
    name = f"crosswalk.connectors.{platform_of(platform).name}"
    try:
        package = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ConfigurationError(
            f"The connector for {platform} is not part of this installation.", hint="Install a version that has it."
        ) from None
    connector = package.connect(
        settings, system=system or platform, read_only=read_only, quota=quota, meter=meter, options=options or {}
    )
    return cast("Connector", connector)
