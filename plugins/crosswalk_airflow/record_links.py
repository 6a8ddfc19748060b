"""The address of a record in its own system's screens, told from the Airflow connection. Only addresses: no secret is read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crosswalk.pairing import Pairing, SystemSide

_NETSUITE_TRANSACTION = "/app/accounting/transactions/transaction.nl?id={}"
_PATHS: Mapping[str, Mapping[str, str]] = {
    "salesforce": dict.fromkeys(("customer", "contact", "product", "price", "deal", "deal_line", "order"), "/{}"),
    "netsuite": {
        "customer": "/app/common/entity/custjob.nl?id={}",
        "contact": "/app/common/entity/contact.nl?id={}",
        "product": "/app/common/item/item.nl?id={}",
        **dict.fromkeys(("order", "invoice", "payment", "shipment"), _NETSUITE_TRANSACTION),
    },
}


def record_link(side: SystemSide, entity: str, key: str) -> str | None:
    """Return where a record opens in its system; None where its screens or the connection's base address are not known."""
    path = _PATHS.get(side.platform, {}).get(entity)
    base = _base(side) if path else None
    return f"{base}{path.format(quote(key, safe=''))}" if path and base else None


def link_of(pairing: Pairing, system: str, entity: str, key: str) -> str | None:
    """Return where a record of one of the pairing's systems opens; None where that is not known, or the system is no longer one of them."""
    side = next((one for one in (pairing.crm, pairing.erp) if one.system == system), None)
    return record_link(side, entity, key) if side else None


def _base(side: SystemSide) -> str | None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        extra = BaseHook.get_connection(side.connection).extra_dejson
    except AirflowNotFoundException:
        return None
    return screens_of(side.platform, extra)


def screens_of(platform: str, extra: Mapping[str, object]) -> str | None:
    """Return scheme and host of a system's screens: the base URL the connection gives, else NetSuite's own by the account's id."""
    given = str(extra.get("instance_url" if platform == "salesforce" else "base_url") or "")
    parts = urlsplit(given)
    if parts.scheme in ("http", "https") and parts.hostname:
        host = parts.netloc.rpartition("@")[2].replace(".suitetalk.api.", ".app.")
        return f"{parts.scheme}://{host}"
    account = str(extra.get("account_id") or "").lower().replace("_", "-")
    if platform == "netsuite" and account.replace("-", "").isalnum():
        return f"https://{account}.app.netsuite.com"
    return None
