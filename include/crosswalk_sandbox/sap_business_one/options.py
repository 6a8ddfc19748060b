"""How the company behaves, and the answers that public sources leave open (SAP Business One §18, §19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from crosswalk_sandbox.kernel.options import read_options

_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "credit": ("ignore", "approval", "notification"),
    "tax_field": ("TaxCode", "VatGroup"),
    "database": ("hana", "mssql"),
}


@dataclass(frozen=True, slots=True)
class Options:
    """A strict company on HANA with everything the reference documents. Times are seconds of the emulator's clock."""

    company_db: str = "SBODEMOUS"
    version: str = "1000310"
    database: Literal["hana", "mssql"] = "hana"
    """SQL Server compares text without regard to case (§4)."""
    time_zone: str = "America/Denver"
    """Of the server: stamps are its local day and clock (§13)."""
    local_currency: str = "USD"
    tax_field: Literal["TaxCode", "VatGroup"] = "TaxCode"
    """Which of the two a localisation's lines carry (§15)."""
    session_minutes: int = 30
    """Sliding time-out, as Login tells it (§3)."""
    session_seconds: float = 0.0
    """The same in seconds, for tests; 0 is what the minutes say."""
    sessions: int = 100
    """Most sessions at one time; the next Login is refused (§3)."""
    nodes: int = 3
    page_size: int = 20
    pretty: bool = False
    """Answers with tabs and blanks, as recorded (§2); the meaning is the same."""
    cookie_attributes: str = ""
    """What newer builds add to the session's cookie: ``Secure; SameSite=None`` (§3, unsure)."""
    missing_reference_status: int = 400
    """Status of -2028 for a code in the body that names nothing (§19, unsure)."""
    etag_in_batch: bool = False
    """Whether ``If-Match`` counts inside a batch (§7: it does not)."""
    constant_etag: bool = True
    """With ``$select`` the ETag is that of version 1 (§7, measured)."""
    link_keeps_options: bool = True
    """Next links carry the other options (§5: some builds drop them)."""
    unquoted_literals: bool = True
    """Whether v4 literals without quotes are taken (§5, unsure)."""
    close_after_400: bool = True
    """``Connection: close`` after 400 (§3, recorded)."""
    basic_authentication: bool = True
    """HTTP Basic with a JSON text as user (§3, unsure)."""
    approval: bool = False
    """An approval procedure for sales orders is active (§16)."""
    approval_above: float = 0.0
    """Only orders above this total need approval; 0 is all (§16)."""
    diverted_status: int = 400
    """Status of -2028 where an approval procedure made a draft (§16: 400 or 404)."""
    credit: Literal["ignore", "approval", "notification"] = "ignore"
    """What a breach of the credit limit does (§16)."""
    negative_stock: bool = False
    """Whether deliveries and invoices may take more than there is (§16)."""
    multi_branch: bool = False
    """Branches are active, documents need ``BPL_IDAssignedToInvoice`` (§15)."""
    missing_due_date: int = -5002
    """Code of an order without ``DocDueDate`` (§19, unsure)."""
    closed_period: int = -5002
    """Code of a posting date outside any open period (§19, unsure)."""
    first_open_day: str = "2015-01-01"
    """Posting periods before this day are closed."""
    last_open_day: str = ""
    """Posting periods after this day are closed; empty is none."""
    missing_rate: int = -4006
    """Code of a document in a currency without the day's rate (§16, unsure)."""
    rates_carry_on: bool = False
    """Whether a day without a rate has the newest before it, as in a company that imports rates by itself (§16)."""
    deliver_more: bool = False
    """Whether a delivery or an invoice may take more than is open of its order (§15, unsure)."""
    cancel_reverses: bool = False
    """Whether ``Cancel`` of what is posted makes the cancellation document; else -5006 (§8, unsure)."""
    unknown_line_is_new: bool = False
    """Whether a line of a PATCH with a ``LineNum`` that is not there is added; else -2028 (§6, unsure)."""
    total_sets_discount: bool = True
    """Whether a ``DocTotal`` that was sent sets the header's discount; else it is ignored (§17, unsure)."""
    payment_moves_stamp: bool = False
    """Whether a payment moves ``UpdateDate`` of the invoice (§13, unsure)."""
    stock_moves_stamp: bool = False
    """Whether stock and price lists move ``UpdateDate`` of the item (§13, unsure)."""
    balance_moves_stamp: bool = False
    """Whether documents move ``UpdateDate`` of the partner (§13, unsure)."""
    empty_sql_is_404: bool = False
    """Stored SQL without rows answers 404 -2028 (§12, reported)."""
    new_fields_at_once: bool = True
    """User fields are there without a restart of the service (§1, recent builds)."""
    user_fields: bool = True
    """The company has the integration's own fields, among them ``U_CrosswalkKey``."""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Options:
        """Options from plain values. Raises ValueError for an unknown name or choice."""
        return read_options(cls, "Business One", given, _CHOICES)

    @property
    def session_lifetime(self) -> float:
        """Seconds without a request after which a session is gone (§3)."""
        return self.session_seconds or self.session_minutes * 60
