"""What must be known about a won deal before it can become an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswalk.model.records import Image, Value


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """The ERP's side of a product that stands in a deal line."""

    key: str
    image: Image | None


@dataclass(frozen=True, slots=True)
class DealFacts:
    """A won deal with everything it refers to, gathered from the hub in one go.

    ``customer_key`` is the linked ERP customer, None while the account has none; ``twins`` are ERP customers
    that are not linked but look like the account. ``products`` is keyed by the CRM's product key. ``subsidiary`` is the ERP's that
    the deal is for, where the pairing has a rule for it: the account may have customers in others, too. ``first`` is what such a one
    says of fields whose first value the pairing takes from the ERP: a new customer gets it instead of the account's.
    """

    deal: Image
    lines: tuple[Image, ...]
    account: Image | None
    customer_key: str | None
    customer: Image | None
    products: Mapping[str, ProductFacts] = field(default_factory=dict)
    twins: tuple[str, ...] = ()
    subsidiary: str | None = None
    first: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a deal cannot become an order yet. ``entity`` and ``key`` name the record that a person has to mend."""

    code: str
    entity: str
    key: str
    field: str
    message: str
    hint: str
