"""Knobs of the emulated org; every one has the value of a strict, ordinary org."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crosswalk_sandbox.kernel.options import read_options

CURRENCY_CHANGES = ("refuse", "convert")


@dataclass(frozen=True, slots=True)
class Options:
    """How the org behaves.

    Times are seconds of the emulator's clock. ``bulk_seconds`` 0 makes jobs complete at once; ``commit_lag_seconds``
    stamps every write that much earlier than it becomes visible (Salesforce §11); ``lock_hold_seconds`` keeps row
    locks after a write, as a long transaction would (§6 UNABLE_TO_LOCK_ROW). ``currency_change`` of a deal with lines
    is refused, or with ``convert`` turns amounts by CurrencyType's rates: the platform is known to do either (§14).
    ``archive_days`` is the age at which the archiving action takes closed tasks out of ordinary queries (§11).
    """

    multi_currency: bool = True
    corporate_currency: str = "USD"
    currencies: tuple[str, ...] = ("USD", "GBP", "CAD", "EUR", "CHF")
    quotes: bool = False
    contacts_to_multiple_accounts: bool = False
    state_country_picklists: bool = False
    erp_fields: bool = True
    restricted_stage: bool = True
    time_zone: str = "America/Los_Angeles"
    organization_name: str = "Northwind Demo"
    session_seconds: int = 7200
    logins_per_hour: int = 3_600
    daily_api_requests: int = 1_000_000
    page_size: int = 2000
    wide_page_size: int = 1000
    subquery_page_size: int = 500
    child_page_size: int = 200
    cursors_per_user: int = 10
    cursor_seconds: int = 2 * 86_400
    bulk_seconds: float = 0.0
    bulk_page_size: int = 50_000
    commit_lag_seconds: float = 0.0
    lock_hold_seconds: float = 0.0
    duplicate_rules: bool = False
    validation_rules: tuple[str, ...] = ()
    soap_login: bool = True
    password_flow: bool = False
    rotate_refresh_tokens: bool = False
    edit_activated_orders: bool = False
    storage_mb: int = 0
    recycle_days: int = 15
    object_permissions: bool = True
    currency_change: str = "refuse"
    archive_days: int = 365

    @classmethod
    def from_mapping(cls, given: Mapping[str, object]) -> Options:
        """Options from plain values; lists become tuples. Raises ValueError for an unknown name."""
        return read_options(cls, "Salesforce", given, {"currency_change": CURRENCY_CHANGES})
