"""Addresses: checked, formatted, kept (NetSuite §12.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.netsuite.errors import invalid_value
from crosswalk_sandbox.netsuite.schema.enumerations import COUNTRIES_WITH_STATES, countries, states

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store


def address_text(address: dict[str, Any]) -> str | None:
    """The address as the form prints it, the country's name last."""
    place = " ".join(str(address[name]) for name in ("city", "state", "zip") if address.get(name))
    country = countries().get(address.get("country") or "")
    parts = [address.get(name) for name in ("attention", "addressee", "addr1", "addr2", "addr3")]
    return "\n".join(str(part) for part in [*parts, place, country] if part) or None


def check_address(address: dict[str, Any], path: str) -> None:
    """Refuse a state that the country does not know."""
    country, state = address.get("country"), address.get("state")
    if state and country in COUNTRIES_WITH_STATES and str(state) not in states(str(country)):
        raise invalid_value(state, "state", f"{path}.state")


def save_address(store: Store, address: dict[str, Any], path: str, nkey: int | None = None) -> int:
    """Keep an address and return its key; ``nkey`` changes that one, fields that were not sent stay."""
    known = store.row("SELECT * FROM address WHERE nkey = ?", (nkey,)) if nkey is not None else None
    full = {**(known or {}), **address}
    check_address(full, path)
    if full.get("override") != "T":
        full["addrtext"] = address_text(full)
    full["lastmodifieddate"] = store.stamp()
    if known is not None:
        store.update("address", "nkey", nkey, full)
        return int(known["nkey"])
    full["nkey"] = store.next_id("address")
    store.insert("address", full)
    return int(full["nkey"])
