"""Wait until everything that was started answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from crosswalk.model.errors import TransientError
from crosswalk_airflow.local.loopback import glance

if TYPE_CHECKING:
    from crosswalk_airflow.local.settings import Settings

_PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
_POLL_SECONDS = 0.3
_TELL_EVERY = 20.0


def airflow_health(settings: Settings) -> dict[str, str]:
    """Return each part's status as Airflow tells it; empty while the API server does not answer."""
    found = glance(f"{settings.airflow_url}/api/v2/monitor/health")
    return {part: _status(found.get(part)) for part in _PARTS} if found else {}


def _status(part: object) -> str:
    return str(part.get("status") or "not started") if isinstance(part, dict) else "not started"


def emulator_answers(settings: Settings, system: str) -> bool:
    """Say whether an emulator serves its control page."""
    return bool(glance(f"{settings.emulator_url(system)}/__sandbox__/state"))


def api_and_emulators(settings: Settings) -> list[str]:
    """Name what does not answer yet of the parts that connections need."""
    silent = [f"sandbox-{name}" for name in settings.emulator_ports if not emulator_answers(settings, name)]
    return silent if airflow_health(settings) else ["api-server", *silent]


def unhealthy(settings: Settings) -> list[str]:
    """Name what is not well yet; empty when everything is."""
    health = airflow_health(settings)
    return [part for part in _PARTS if health and health[part] != "healthy"] + api_and_emulators(settings)


def wait_for(
    settings: Settings,
    missing_now: Callable[[Settings], list[str]],
    still_alive: Callable[[], None],
    tell: Callable[[str], None],
) -> None:
    """Poll until nothing is missing; tell now and then what is.

    :param still_alive: called at each poll; raises when waiting has become pointless.
    :raises TransientError: after the settings' `start_timeout`; names what is missing.
    """
    started = told = time.monotonic()
    while missing := missing_now(settings):
        still_alive()
        if time.monotonic() - told > _TELL_EVERY:
            tell(f"           still waiting for {', '.join(missing)}")
            told = time.monotonic()
        if time.monotonic() - started > settings.start_timeout:
            raise TransientError(
                f"Not healthy after {settings.start_timeout} s: {', '.join(missing)}.",
                hint="See `crosswalk logs` (or `make logs`); on a slow machine raise CROSSWALK_START_TIMEOUT.",
            )
        time.sleep(_POLL_SECONDS)
