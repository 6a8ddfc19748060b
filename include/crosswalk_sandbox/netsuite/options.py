"""The account's features, preferences and the answers that are not settled in public sources (NetSuite §15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from crosswalk_sandbox.kernel.options import read_options


@dataclass(frozen=True, slots=True)
class Options:
    """Everything about the account that differs between customers; the defaults are a plain US OneWorld account."""

    account: str = "TSTDRV1234567"
    """Account id as the user interface spells it: upper case, underscore."""
    release: str = "2026.1"
    """Record batches and the RFC 9110 error types exist from 2026.1, system/v1 from 2025.2."""
    one_world: bool = True
    tax: Literal["legacy", "suitetax"] = "legacy"
    auto_name: bool = True
    """Customer ids are generated ("CUST1001") unless the request says ``autoName: false`` and names one."""
    date_format: str = "M/D/YYYY"
    """Date preference of the integration user: rules ``q`` literals and bare dates in SuiteQL."""
    user_time_zone: str = "America/Los_Angeles"
    sql_time_zone: str = "America/Los_Angeles"
    concurrency: int = 5
    """Requests at one time for the whole account."""
    service_seconds: float = 0.0
    """Emulated time a request occupies one of the account's slots."""
    overload: Literal["off", "hang"] = "off"
    """``hang``: requests beyond the limit wait ``overload_seconds`` and end as 401 instead of 429 (NetSuite §10)."""
    overload_seconds: float = 60.0
    oauth_window: float = 300.0
    """Seconds an OAuth timestamp may differ from real time plus ``oauth_skew``."""
    oauth_skew: float = 0.0
    lenient_realm: bool = False
    rsa_bits: int = 3072
    expires_in_as_string: bool = False
    default_order_status: Literal["A", "B"] = "A"
    invoice_unfulfilled: bool = False
    """Preference "invoice in advance of fulfilment"."""
    allow_overridden_numbers: bool = False
    closed_before_months: int = 3
    """Accounting periods that ended so many months before the company was loaded are closed."""
    async_seconds: float = 0.0
    """How long an asynchronous job stays pending by the sandbox's clock."""
    bound_parameters: bool = True
    payments_touch_invoices: bool = False
    """Whether applying money counts as a save of the invoice; if not, only the links tell (NetSuite §8)."""
    analytics_connect: bool = False
    """SuiteAnalytics Connect lifts the 100,000 row limit of record lists."""
    sql_error_code: Literal["INVALID_PARAMETER", "INVALID_SQL"] = "INVALID_PARAMETER"
    missing_prefer_code: str = "INVALID_HEADER"
    duplicate_code: Literal["USER_ERROR", "DUP_RCRD"] = "USER_ERROR"
    changed_status: Literal[400, 409] = 400
    header_columns: bool = False
    """Whether ``transaction`` has subsidiary, location, department, class and createdfrom (sources disagree)."""
    rfc2616_types: bool = False
    bad_page_code: str = "INVALID_PARAMETER"
    """Code of a bad ``limit`` or ``offset``."""
    missing: tuple[str, ...] = ()
    """SuiteQL tables (``itemprice``) and columns (``pricelevel.isonline``) that this account's catalogue lacks."""
    job_states: tuple[str, str, str] = ("pending", "processing", "failed")
    """What ``progress`` calls a task that waits, runs, failed; ``succeeded`` is documented."""
    job_days: int = 30
    """How long jobs and their results are kept."""
    oauth_errors: Literal["rfc6749", "invalid_grant"] = "rfc6749"
    """Whether the token endpoint tells mistakes apart or answers ``invalid_grant`` to each."""
    expanded_lines: int = 0
    """The largest page of an expanded sublist; 0 shows every line."""
    deletion_reason: bool = False
    """Whether a transaction is only deleted with a ``deletionReason`` (NetSuite §5.8)."""
    external_ids: Literal["family", "type"] = "family"
    """Whether an external id is unique among all entities, items, transactions, or in its record type (NetSuite §5.7)."""
    bearer_challenge: bool = True
    """Whether a refused bearer token is told by a ``WWW-Authenticate`` header (NetSuite §3)."""
    permission_as_user_error: bool = False
    """Whether a lacking permission is 400 ``USER_ERROR`` instead of 403 (NetSuite §11)."""
    newer_value_words: bool = False
    """Whether a bad value is told in the newer release's words (NetSuite §11)."""
    invoice_approval: bool = False
    """Whether invoices wait for approval: status D until ``approvalStatus`` is 2, E when it is 3 (NetSuite §7)."""
    enforce_credit_holds: bool = False
    """Whether orders and invoices of customers on credit hold are refused; an account may as well only warn."""
    requests_per_minute: int = 0
    requests_per_day: int = 0
    """Request-frequency windows of the account by the sandbox's clock; 0 is without (NetSuite §10)."""
    integration_concurrency: int = 0
    """Requests at one time that are reserved for the integration; 0 leaves it the account's limit (NetSuite §10)."""

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Options:
        """Options from a mapping; raises ValueError that lists what exists for an unknown name."""
        return read_options(cls, "NetSuite", given)

    @property
    def has_batches(self) -> bool:
        """Whether record batches exist (since 2026.1, NetSuite §9)."""
        return self.release >= "2026.1"

    @property
    def realm(self) -> str:
        """Account id in the spelling of the OAuth realm."""
        return self.account.upper().replace("-", "_")

    @property
    def host(self) -> str:
        """First label of the account's hosts."""
        return self.account.lower().replace("_", "-")
