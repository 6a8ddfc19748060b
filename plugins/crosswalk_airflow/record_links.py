"""The address of a record in its own system's screens, told from the Airflow connection. Only addresses: no secret is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk.platforms import platform_of

if TYPE_CHECKING:
    from crosswalk.pairing import Pairing, SystemSide


def record_link(side: SystemSide, entity: str, key: str) -> str | None:
    """Return where a record opens in its system; None where its screens or the connection's base address are not known."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    screens = platform_of(side.platform).screens
    if entity not in screens.paths:
        return None
    try:
        extra = BaseHook.get_connection(side.connection).extra_dejson
    except AirflowNotFoundException:
        return None
    return screens.link({name: str(value) for name, value in extra.items() if value is not None}, entity, key)


def link_of(pairing: Pairing, system: str, entity: str, key: str) -> str | None:
    """Return where a record of one of the pairing's systems opens; None where that is not known, or the system is no longer one of them."""
    side = next((one for one in (pairing.crm, pairing.erp) if one.system == system), None)
    return record_link(side, entity, key) if side else None
