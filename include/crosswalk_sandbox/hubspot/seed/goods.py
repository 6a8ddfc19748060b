"""Salespeople as owners, currencies with their rates, products with their base prices."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.schema.types import PRODUCT

from .rows import OWNER_BASE, USER_BASE, Row, amount, flag, row

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, Product, Salesperson
    from crosswalk_sandbox.hubspot.account import Account

_KINDS: Final = {"inventory": "inventory", "non_inventory": "non_inventory", "service": "service", "kit": "inventory"}


class Goods:
    """What exists once, however many blocks the company has."""

    def __init__(self, account: Account, company: Company) -> None:
        self._account = account
        self._store = account.store
        self._company = company
        self._prices: dict[int, dict[str, Decimal]] = {}
        self.names: dict[int, tuple[str, str]] = {}
        """Name and number of each product by its sequence."""

    def owners(self) -> None:
        """Salespeople as owners."""
        for person in self._company.salespeople:
            self._store.keep(
                "owner",
                OWNER_BASE + person.sequence,
                USER_BASE + person.sequence,
                person.email.lower(),
                int(not person.is_active),
                self._owner(person),
            )

    def currencies(self) -> None:
        """The company's currencies with their rates, and the base prices that products show in each."""
        self._store.execute("DELETE FROM rate")
        now = moments.iso(self._store.now())
        for one in self._company.currencies:
            if one.code in self._account.options.currencies and one.code != self._account.company_currency():
                self._store.keep("rate", one.sequence, {
                    "id": str(one.sequence), "createdAt": now, "updatedAt": now, "fromCurrencyCode": one.code,
                    "toCurrencyCode": self._account.company_currency(), "conversionRate": float(one.rate), "effectiveAt": now, "visibleInUI": True,
                })  # fmt: skip
        for price in self._company.prices():
            if price.level == 1 and price.crm_price is not None and not price.minimum_quantity:
                self._prices.setdefault(price.product, {})[price.currency] = price.crm_price
        self._account.forget()

    def product(self, product: Product) -> Row:
        """A product with its base prices."""
        crm = product.crm
        assert crm is not None
        self.names[product.sequence] = (crm.name, crm.code)
        prices = self._prices.get(product.sequence, {})
        base = self._account.company_currency()
        own = (
            {"erp_key": crm.stored_erp_id, "product_family": crm.family, "unit_of_measure": crm.unit}
            if self._account.options.erp_properties
            else {}
        )
        properties = {
            "name": crm.name, "hs_sku": crm.code, "description": crm.description, "price": amount(prices.get(base)),
            **{f"hs_price_{code.lower()}": amount(value) for code, value in prices.items() if code != base},
            "hs_product_type": _KINDS[product.kind], "hs_active": flag(crm.is_active),
            **own,
        }  # fmt: skip
        return row(PRODUCT, product.sequence, crm.created, crm.modified, properties)

    def _owner(self, person: Salesperson) -> dict[str, Any]:
        at = "2023-01-09T08:00:00Z"
        team = next(one.name for one in self._company.subsidiaries if one.sequence == person.subsidiary)
        return {
            "id": str(OWNER_BASE + person.sequence), "email": person.email.lower(), "type": "PERSON", "firstName": person.first_name,
            "lastName": person.last_name, "userIdIncludingInactive": USER_BASE + person.sequence, "createdAt": at, "updatedAt": at,
            "archived": not person.is_active, "teams": [{"id": str(person.subsidiary), "name": team, "primary": True}],
            **({"userId": USER_BASE + person.sequence} if person.is_active else {}),
        }  # fmt: skip
