"""What is known about one customer, as values. Money stands beside its currency, and sums are per currency: nothing is converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from crosswalk.model.records import Value

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Party:
    """The customer as one system has it; ``values`` holds only fields that may be shown. ``gone``: deleted, or never read."""

    side: str
    system: str
    key: str
    gone: bool
    changed_at: datetime | None
    values: Mapping[str, Value]
    home_currency: str | None = None

    @property
    def account_currency(self) -> str | None:
        """The currency of the limit, the balance and what is overdue: the system's own, where it keeps them in that."""
        own = self.home_currency or self.value("currency")
        return str(own) if own else None

    def value(self, field: str) -> Value:
        """Return a field's value; None when it is empty, unknown or may not be shown."""
        return self.values.get(field)


@dataclass(frozen=True, slots=True)
class KnownAs:
    """The customer in a system of another pairing of this hub, and the pairing whose page shows it."""

    system: str
    key: str
    name: str | None
    pairing: str


@dataclass(frozen=True, slots=True)
class Link:
    """Why, and since when, the two records are one customer."""

    id: int
    rule: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the other system that may be the same customer; a person has to say."""

    system: str
    key: str
    name: str | None
    bits: float


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in one currency, of so many records."""

    currency: str | None
    records: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is open in one currency, by how long it is due."""

    currency: str | None
    records: int
    amount: Decimal
    not_due: Decimal
    days_30: Decimal
    days_60: Decimal
    older: Decimal
    overdue_records: int

    @property
    def overdue(self) -> Decimal:
        """What is due and not paid."""
        return self.days_30 + self.days_60 + self.older


@dataclass(frozen=True, slots=True)
class Invoice:
    """One open invoice."""

    key: str
    number: str | None
    invoice_date: date | None
    due_date: date | None
    currency: str | None
    total: Decimal | None
    amount_remaining: Decimal | None
    days_overdue: int | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment."""

    key: str
    number: str | None
    status: str | None
    payment_date: date | None
    currency: str | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Order:
    """One order and how much of it was shipped; ``shipped`` is a share from 0 to 1, None without lines."""

    key: str
    number: str | None
    status: str | None
    order_date: date | None
    currency: str | None
    total: Decimal | None
    purchase_order: str | None
    memo: str | None
    shipped: Decimal | None


@dataclass(frozen=True, slots=True)
class Shipment:
    """One shipment, with the number of its order."""

    key: str
    number: str | None
    order_number: str | None
    status: str | None
    ship_date: date | None
    tracking_numbers: str | None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Open deals in one currency; ``weighted`` by their probability, those without one counted as nothing."""

    currency: str | None
    records: int
    amount: Decimal
    weighted: Decimal


@dataclass(frozen=True, slots=True)
class Deal:
    """One open deal."""

    key: str
    name: str | None
    stage: str | None
    close_date: date | None
    currency: str | None
    amount: Decimal | None
    probability: Decimal | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class WaitingDeal:
    """A won deal that has no order yet, and why."""

    key: str
    name: str | None
    close_date: date | None
    currency: str | None
    amount: Decimal | None
    why: str
    remedy: str
    needs_a_person: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of an open deal beside what the ERP says of its product: stock, and the price that this customer would get there.

    ``is_own``: the price was agreed with this customer; ``price_list`` names no list of everybody's then.
    """

    deal_key: str
    deal_name: str | None
    product: str
    quantity: Decimal | None
    currency: str | None
    unit_price: Decimal | None
    erp_product: str | None
    available: Decimal | None
    places: str
    price_list: str | None
    list_price: Decimal | None
    list_currency: str | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """A person, in one system or linked in both."""

    name: str
    title: str | None
    email: str | None
    phone: str | None
    in_crm: bool
    in_erp: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """An open item of the quarantine about the customer or one of its records."""

    system: str
    entity: str
    key: str
    stage: str
    error_class: str
    message: str
    hint: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the ledger; ``fields`` are the names of what changed, without values."""

    at: datetime
    kind: str
    system: str | None
    actor: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """The first of a list, and how many there are in all."""

    rows: tuple[Row, ...]
    total: int

    @property
    def left_out(self) -> int:
        """How many are not among the rows."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Everything about one customer. What may not be shown, and what the systems do not know, is None or empty.

    ``shown`` names the ERP facts that the pairing lets be shown (:data:`crosswalk.pairing.display.ShownFact`).
    """

    crm: Party | None
    erp: Party | None
    link: Link | None
    candidates: tuple[Candidate, ...]
    shown: frozenset[str]
    receivables: tuple[Receivable, ...]
    invoices: Listed[Invoice]
    paid: tuple[Total, ...]
    payments: Listed[Payment]
    open_orders: tuple[Total, ...]
    orders: Listed[Order]
    shipments: Listed[Shipment]
    pipeline: tuple[Pipeline, ...]
    deals: Listed[Deal]
    waiting_totals: tuple[Total, ...]
    waiting: Listed[WaitingDeal]
    offers: Listed[Offer]
    contacts: Listed[Contact]
    troubles: Listed[Trouble]
    events: tuple[Event, ...]
    others: tuple[Party, ...] = ()  # the company's customers in other subsidiaries of the ERP
    known_as: tuple[KnownAs, ...] = ()  # the link's ends beyond this pairing's two systems

    @property
    def overdue(self) -> tuple[Total, ...]:
        """What is due and not paid, per currency: as the ERP says it, else what its open invoices add up to; empty if neither may be shown."""
        erp = self.erp
        if erp is None or erp.gone:
            return ()
        late = sum(one.overdue_records for one in self.receivables)
        said = erp.value("overdue") if "overdue" in self.shown else None
        if isinstance(said, Decimal):
            return (Total(erp.account_currency, late, said),)
        if "invoices" not in self.shown:
            return ()
        found = [
            Total(one.currency, one.overdue_records, one.overdue) for one in self.receivables if one.overdue_records
        ]
        return tuple(found) or (Total(erp.account_currency, 0, Decimal(0)),)

    @property
    def name(self) -> str:
        """The customer's name, as the CRM has it before the ERP."""
        named = [p.value("name") for p in (self.crm, self.erp) if p is not None and p.value("name")]
        keys = [p.key for p in (self.crm, self.erp) if p is not None]
        return str((named or keys)[0])
