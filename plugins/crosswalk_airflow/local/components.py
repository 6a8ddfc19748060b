"""The processes of a running system, in the order they start."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk_airflow.local.layout import Layout
    from crosswalk_airflow.local.settings import Settings

# The scheduler is a group of its own: it starts last, so that no task runs before API, connections and pools are there,
# and stops first, so that running tasks can still report.
POSTGRES, SANDBOX, AIRFLOW, SCHEDULER, DRIVER = "postgres", "sandbox", "airflow", "scheduler", "driver"
GROUPS = (POSTGRES, SANDBOX, AIRFLOW, SCHEDULER, DRIVER)
DRIVE_SECONDS = 30
_AIRFLOW_COMMANDS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "dag-processor": ("dag-processor",),
    # The API server reads the task logs from the same disk; servers for them would only be open ports.
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
}


@dataclass(frozen=True)
class Component:
    """One supervised process. `group` starts and stops together; `early` ones start with the supervisor."""

    name: str
    group: str
    stop_signal: str = "TERM"
    stop_seconds: int = 10

    @property
    def early(self) -> bool:
        """Whether it may start before the databases are migrated."""
        return self.group in (POSTGRES, SANDBOX)


def components_of(settings: Settings) -> list[Component]:
    """Return what runs with these settings."""
    server = [Component(POSTGRES, POSTGRES, stop_signal="INT", stop_seconds=40)] if settings.embedded_postgres else []
    emulators = [Component(f"sandbox-{name}", SANDBOX) for name in settings.emulator_ports]
    driver = [Component("sandbox-driver", DRIVER)] if settings.sandbox_driver and emulators else []
    airflow = [Component(name, SCHEDULER if name == SCHEDULER else AIRFLOW) for name in _AIRFLOW_COMMANDS]
    return [*server, *emulators, *airflow, *driver]


def is_airflow(name: str) -> bool:
    """Say whether a component is one of Airflow's processes."""
    return name in _AIRFLOW_COMMANDS


def command_of(name: str, layout: Layout, settings: Settings) -> Sequence[str]:
    """Return the command line of an emulator, the driver or an Airflow process."""
    if is_airflow(name):
        return [sys.executable, "-m", "airflow", *_AIRFLOW_COMMANDS[name]]
    if name == "sandbox-driver":
        drive = ("sandbox", "drive", "--state", str(layout.sandbox), "--interval", str(DRIVE_SECONDS))
        return [sys.executable, "-m", "crosswalk_airflow.command_line", *drive]
    system = name.removeprefix("sandbox-")
    scale = ["--scale", str(settings.sandbox_scale)] if settings.sandbox_scale is not None else []
    return [
        *(sys.executable, "-m", "crosswalk_airflow.command_line", "sandbox", "serve", system),
        *("--port", str(settings.emulator_ports[system]), "--state", str(layout.sandbox), *scale),
    ]
