"""A taken port is told in a sentence before anything is started."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Mapping

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.processes import listener_on

_TITLES = {"api-server": "Airflow", "postgres": "Postgres", "scheduler": "the scheduler's health page"}


def is_free(port: int) -> bool:
    """Say whether 127.0.0.1:port can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def variable_for(component: str) -> str:
    """Name the variable that chooses a component's port."""
    names = {"api-server": "AIRFLOW", "scheduler": "SCHEDULER_HEALTH"}
    return f"CROSSWALK_{names.get(component, component.removeprefix('sandbox-').upper())}_PORT"


def title_of(component: str) -> str:
    """Name a component as a user knows it."""
    return _TITLES.get(component, f"the {component.removeprefix('sandbox-')} emulator")


def require_free(ports: Mapping[str, int], components: Iterable[str]) -> None:
    """Raise ConfigurationError naming each taken port, its holder, and the line for .env that avoids it."""
    taken = [name for name in components if name in ports and not is_free(ports[name])]
    doubled = {port for port in ports.values() if list(ports.values()).count(port) > 1}
    if doubled:
        raise ConfigurationError(
            f"Two components want the same port: {', '.join(map(str, sorted(doubled)))}.",
            hint="Give each its own CROSSWALK_…_PORT in .env.",
        )
    if taken:
        raise ConfigurationError(
            " ".join(_sentence(name, ports[name]) for name in taken),
            hint="Or move all ports at once: CROSSWALK_PORT_BASE=9400 in .env.",
        )


def _sentence(component: str, port: int) -> str:
    holder = listener_on(port)
    by = f" by {holder}" if holder else ""
    return (
        f"Port {port} for {title_of(component)} is taken{by}: "
        f"stop that, or put {variable_for(component)}={port + 1000 if port < 64_000 else port - 1000} into .env."
    )
