"""The account's tier, features and the answers that are not settled in public sources (HubSpot §25, known freedom)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crosswalk_sandbox.kernel.options import read_options

BURST: Final[Mapping[str, int]] = {"free": 100, "starter": 100, "professional": 190, "enterprise": 190}
DAILY: Final[Mapping[str, int]] = {
    "free": 250_000,
    "starter": 250_000,
    "professional": 650_000,
    "enterprise": 1_000_000,
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "tier": tuple(BURST),
    "search_returns": ("current", "indexed"),
    "association_ids": ("number", "text"),
    "partial_2026_09": ("207", "200"),
    "shared_line_items": ("refuse", "record"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """How the account behaves; the defaults are a strict Professional account with everything the reference documents.

    Times are seconds of the emulator's clock. What the reference leaves open has an option, and says so.
    """

    portal_id: int = 4242
    tier: Literal["free", "starter", "professional", "enterprise"] = "professional"
    capacity_packs: int = 0
    time_zone: str = "US/Eastern"
    company_currency: str = "USD"
    currencies: tuple[str, ...] = ("USD", "GBP", "CAD", "EUR", "CHF")
    custom_objects: bool = True
    """Schemas are an Enterprise feature (§15); the sandbox has them unless this is off (403)."""
    erp_properties: bool = True
    """The account has the integration's own properties, among them the unique ``erp_key`` (§9)."""
    rate_limits: bool = True
    """Off: calls are counted and told in headers, but never refused."""
    burst: int = 0
    """Calls in ten seconds per app; 0 is what the tier gives (§6)."""
    daily: int = 0
    """Calls a day for all private apps; 0 is what the tier gives."""
    search_per_second: int = 5
    retry_after: bool = False
    """Whether 429 carries ``Retry-After`` (§6: not guaranteed)."""
    search_delay: float = 3.0
    """How far the search index trails behind (§10)."""
    search_returns: Literal["current", "indexed"] = "current"
    """What a match on an old index entry returns (§10)."""
    search_matches_empty: bool = True
    """Whether ``NEQ``, ``NOT_IN`` and ``NOT_CONTAINS_TOKEN`` match records without a value (§10, unsure)."""
    token_seconds: int = 1800
    link_host: str = ""
    """Host of ``paging.next.link``; empty is the request's own (§8)."""
    merge_new_id: bool = True
    """Off: the primary keeps its id, as before January 2025 (§11)."""
    noop_moves_modified: bool = False
    """Whether setting equal values moves the modified date (§8, unsure)."""
    associations_move_modified: bool = False
    """Whether a changed association moves the modified date of both records (§7: for some objects)."""
    delete_missing: int = 204
    """Status of DELETE on an id that never was (§5, choice)."""
    lifecycle_automation: bool = False
    """The platform moves lifecycle stages on deals created and won (§17, unsure)."""
    company_automation: bool = False
    """Contacts with a business address create or find a company by domain, ``automation_seconds`` later (§17)."""
    automation_seconds: float = 5.0
    amount_from_lines: bool = False
    """A deal's amount follows its line items (§17: an account setting)."""
    orphan_line_items: bool = True
    """Deleting a deal leaves its line items (§17, unsure)."""
    shared_line_items: Literal["refuse", "record"] = "refuse"
    """A line item with a second parent is refused, or taken and noted as misuse (§17)."""
    gdpr_blocks_email: bool = False
    """A later create with a forgotten address is refused (§11, unsure)."""
    archived_free_unique: bool = True
    """Unique values of archived records may be used again (§11, unsure)."""
    archived_names_reserved: bool = True
    """The name of an archived property stays taken (§12, unsure)."""
    duplicate_category: str = "OBJECT_ALREADY_EXISTS"
    """Category of 409 for a property or group that exists (§5, unsure)."""
    association_ids: Literal["number", "text"] = "number"
    """``toObjectId`` of associations v4 (§16)."""
    partial_2026_09: Literal["207", "200"] = "207"
    """Status of partly failed batches in version 2026-09 (§1: not confirmed)."""
    webhook_seconds: float = 0.0
    """Delay before webhooks are sent."""
    webhook_timeout: float = 5.0
    webhook_repeat: float = 0.0
    """Share of webhook batches sent twice (§19: at least once)."""
    creation_tells_properties: bool = True
    """Creation also fires propertyChange for the properties that were set (§19, unsure)."""
    app_events_approved: bool = True
    """The app may send app events (§22)."""
    invoices_open_deletable: bool = False
    """Open invoices can be deleted (§17: where the account allows it)."""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Options:
        """Options from plain values; lists become tuples. Raises ValueError for an unknown name or choice."""
        if "partial_2026_09" in given:  # a number, as some read it
            given = {**given, "partial_2026_09": str(given["partial_2026_09"])}
        return read_options(cls, "HubSpot", given, _CHOICES)

    @property
    def burst_limit(self) -> int:
        """Calls in ten seconds of one private app (§6)."""
        return self.burst or (250 if self.capacity_packs else BURST[self.tier])

    @property
    def daily_limit(self) -> int:
        """Calls a day of all private apps together (§6)."""
        return self.daily or DAILY[self.tier] + 1_000_000 * self.capacity_packs
