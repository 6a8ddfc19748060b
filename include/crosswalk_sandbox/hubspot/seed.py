"""The demo company as HubSpot records: bulk inserts, ids from the company's own sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.bulk import without_collection

from . import moments
from .account import Account
from .pipelines import KEY_ACCOUNT_STAGES, KEY_ACCOUNTS
from .records.rules import bare_host
from .schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, PRODUCT, QUOTE
from .schema.values import number_text

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Company, Contact, Deal, DealLine, Party, Product, Salesperson

BATCH: Final = 5_000
BASES: Final = {COMPANY: 10_000_000_000, CONTACT: 20_000_000_000, DEAL: 30_000_000_000, LINE_ITEM: 40_000_000_000, PRODUCT: 50_000_000_000, QUOTE: 60_000_000_000}  # fmt: skip
"""Where the ids of each type begin; those made later lie above all."""
OWNER_BASE: Final = 71_000_000
USER_BASE: Final = 9_100
TEMPLATE_ID: Final = 65_000_000_001
_STAGES: Final = {
    10: "appointmentscheduled", 20: "qualifiedtobuy", 50: "presentationscheduled", 60: "decisionmakerboughtin", 70: "contractsent",
    75: "contractsent", 90: "contractsent", 100: "closedwon", 0: "closedlost",
}  # fmt: skip
_SHARES: Final = {"appointmentscheduled": "0.2", "qualifiedtobuy": "0.4", "presentationscheduled": "0.6", "decisionmakerboughtin": "0.8", "contractsent": "0.9", "closedwon": "1", "closedlost": "0"}  # fmt: skip
_INDUSTRIES: Final = {
    "Manufacturing": "INDUSTRIAL_AUTOMATION", "Machinery": "MACHINERY", "Construction": "CONSTRUCTION",
    "Electronics": "ELECTRICAL_ELECTRONIC_MANUFACTURING", "Food & Beverage": "FOOD_BEVERAGES", "Healthcare": "HOSPITAL_HEALTH_CARE",
    "Transportation": "LOGISTICS_AND_SUPPLY_CHAIN", "Chemicals": "CHEMICALS", "Energy": "OIL_ENERGY",
    "Engineering": "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "Retail": "RETAIL", "Utilities": "UTILITIES",
}  # fmt: skip
_KINDS: Final = {"inventory": "inventory", "non_inventory": "non_inventory", "service": "service", "kit": "inventory"}
_SOURCE: Final = {"hs_object_source": "IMPORT", "hs_object_source_label": "IMPORT"}
_EVERY_QUOTE: Final = 40

Row = tuple[int, str, int, int, int, None, str]
Link = tuple[int, str, int, int, int]
Group = tuple[list[Row], list[Link]]


def load_company(account: Account, company: Company) -> None:
    """Fill the account in one transaction: all or nothing. Raises ValueError when it is filled already."""
    store = account.store
    if store.setting("loaded") is not None:
        raise ValueError("This HubSpot account holds a company already; start with an empty state directory.")
    loader = _Loader(account, company)
    with without_collection(), store.fill():
        loader.owners()
        loader.fill(([loader.product(one)], []) for one in company.products() if one.crm is not None)
        loader.fill(loader.deal(one) for one in company.deals())
        loader.fill(loader.party(one) for one in company.parties())
        loader.fill(iter([loader.template()]))
        for name, kind, key in loader.unique_values():
            store.execute(
                "INSERT OR IGNORE INTO taken SELECT type, ?, json_extract(properties, ?), id FROM record"
                " WHERE type = ? AND json_extract(properties, ?) IS NOT NULL",
                (name, key, kind, key),
            )
        store.set_setting("loaded", moments.iso(store.now()))


class _Loader:
    """Turns facts into rows and rows into inserts."""

    def __init__(self, account: Account, company: Company) -> None:
        self._account = account
        self._store = account.store
        self._company = company
        self._erp = account.options.erp_properties
        self._rates = {one.code: one.rate for one in company.currencies}
        self._prices: dict[int, dict[str, Decimal]] = {}
        self._names: dict[int, tuple[str, str]] = {}
        self._deals: dict[int, list[int]] = {}
        self._emails: set[str] = set()
        self._children: dict[int, int] = {}

    def fill(self, groups: Iterator[Group]) -> None:
        """Insert records and associations."""
        while batch := list(islice(groups, BATCH)):
            with self._store.write() as connection:
                connection.executemany(
                    "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", [row for rows, _ in batch for row in rows]
                )
                connection.executemany(
                    "INSERT OR IGNORE INTO association VALUES (?, ?, ?, ?, ?)",
                    [link for _, links in batch for link in links],
                )

    def unique_values(self) -> Iterable[tuple[str, str, str]]:
        """What is unique: property, type, path."""
        yield "email", CONTACT, "$.email"
        for kind in (COMPANY, CONTACT, DEAL, PRODUCT) if self._erp else ():
            yield "erp_key", kind, "$.erp_key"

    # set-up

    def owners(self) -> None:
        """Salespeople as owners; the company's currencies and rates; base prices for the products."""
        for person in self._company.salespeople:
            self._store.keep(
                "owner",
                OWNER_BASE + person.sequence,
                USER_BASE + person.sequence,
                person.email.lower(),
                int(not person.is_active),
                self._owner(person),
            )
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

    def _owner(self, person: Salesperson) -> dict[str, Any]:
        at = "2023-01-09T08:00:00Z"
        team = next(one.name for one in self._company.subsidiaries if one.sequence == person.subsidiary)
        return {
            "id": str(OWNER_BASE + person.sequence), "email": person.email.lower(), "type": "PERSON", "firstName": person.first_name,
            "lastName": person.last_name, "userIdIncludingInactive": USER_BASE + person.sequence, "createdAt": at, "updatedAt": at,
            "archived": not person.is_active, "teams": [{"id": str(person.subsidiary), "name": team, "primary": True}],
            **({"userId": USER_BASE + person.sequence} if person.is_active else {}),
        }  # fmt: skip

    # facts to rows

    def product(self, product: Product) -> Row:
        """A product with its base prices."""
        crm = product.crm
        assert crm is not None
        self._names[product.sequence] = (crm.name, crm.code)
        prices = self._prices.get(product.sequence, {})
        base = self._account.company_currency()
        properties = {
            "name": crm.name, "hs_sku": crm.code, "description": crm.description, "price": _amount(prices.get(base)),
            **{f"hs_price_{code.lower()}": _amount(value) for code, value in prices.items() if code != base},
            "hs_product_type": _KINDS[product.kind], "hs_active": _bool(crm.is_active),
            **self._own(erp_key=crm.stored_erp_id, product_family=crm.family, unit_of_measure=crm.unit),
        }  # fmt: skip
        return _row(PRODUCT, product.sequence, crm.created, crm.modified, properties)

    def deal(self, deal: Deal) -> Group:
        """A deal with its line items and its company."""
        ident, since = BASES[DEAL] + deal.sequence, _ms(deal.created)
        self._deals.setdefault(deal.party, []).append(ident)
        pipeline, stage, share = _stage(deal)
        closes = f"{deal.close_date.isoformat()}T12:00:00Z"
        entered = moments.iso(_ms(deal.modified))
        home = deal.amount * self._rates.get(deal.currency, Decimal(1))
        active = deal.currency in self._account.options.currencies
        properties = {
            "dealname": deal.name, "amount": _amount(deal.amount), "deal_currency_code": deal.currency if active else None,
            "closedate": closes, "pipeline": pipeline, "dealstage": stage,
            "dealtype": "newbusiness" if deal.kind == "New Customer" else "existingbusiness", "hs_next_step": deal.next_step,
            "description": deal.description, "hubspot_owner_id": str(OWNER_BASE + deal.owner), "hs_is_closed": _bool(deal.is_closed),
            "hs_is_closed_won": _bool(deal.is_won), "hs_is_closed_lost": _bool(deal.is_closed and not deal.is_won),
            "hs_deal_stage_probability": share, "amount_in_home_currency": _amount(home),
            "hs_exchange_rate": number_text(self._rates.get(deal.currency, Decimal(1))), "hs_forecast_amount": _amount(deal.amount),
            "hs_projected_amount": _amount(deal.amount * Decimal(share)), "hs_closed_amount": _amount(deal.amount) if deal.is_won else "0",
            "days_to_close": str(max((moments.read(closes) or 0) - since, 0) // 86_400_000), f"hs_date_entered_{stage}": entered,
            f"hs_v2_date_entered_{stage}": entered, "hs_num_of_associated_line_items": str(len(deal.lines)),
            **self._own(erp_key=deal.stored_erp_id, erp_order_number=deal.stored_order_number, po_number=deal.purchase_order),
        }  # fmt: skip
        rows = [_row(DEAL, deal.sequence, deal.created, deal.modified, properties)]
        links = _links(ident, DEAL, BASES[COMPANY] + deal.party, COMPANY, ((341, 342), (5, 6)), since)
        for line in deal.lines:
            rows.append(self._line(deal, line))
            links += _links(ident, DEAL, BASES[LINE_ITEM] + line.sequence, LINE_ITEM, ((19, 20),), since)
        if stage == "contractsent" and deal.sequence % _EVERY_QUOTE == 0:
            rows.append(self._quote(deal))
            links += _links(ident, DEAL, BASES[QUOTE] + deal.sequence, QUOTE, ((63, 64),), since)
        return rows, links

    def _line(self, deal: Deal, line: DealLine) -> Row:
        name, code = self._names.get(line.product, ("", ""))
        before, less = line.list_price * line.quantity, (line.list_price - line.unit_price) * line.quantity
        net = before - less
        properties = {
            "name": name, "hs_product_id": str(BASES[PRODUCT] + line.product) if name else None, "hs_sku": code or None,
            "description": line.description, "quantity": _amount(line.quantity), "price": _amount(line.list_price),
            "discount": _amount(line.list_price - line.unit_price) if less else None,
            "hs_line_item_currency_code": deal.currency if deal.currency in self._account.options.currencies else None,
            "hs_position_on_quote": str(line.position), "hs_pre_discount_amount": _amount(before), "hs_total_discount": _amount(less),
            "amount": _amount(net), "hs_effective_unit_price": _amount(line.unit_price), "hs_tax_amount": "0",
            "hs_post_tax_amount": _amount(net), "hs_margin": _amount(net), "hs_acv": _amount(net), "hs_tcv": _amount(net),
        }  # fmt: skip
        return _row(LINE_ITEM, line.sequence, deal.created, deal.modified, properties)

    def _quote(self, deal: Deal) -> Row:
        properties = {
            "hs_title": deal.name, "hs_expiration_date": deal.close_date.isoformat(), "hs_status": "DRAFT",
            "hs_currency": deal.currency if deal.currency in self._account.options.currencies else None,
            "hs_template_type": "CUSTOMIZABLE_QUOTE_TEMPLATE", "hs_locked": "false", "hs_quote_amount": "0",
            "hubspot_owner_id": str(OWNER_BASE + deal.owner),
        }  # fmt: skip
        return _row(QUOTE, deal.sequence, deal.created, deal.modified, properties)

    def party(self, party: Party) -> Group:
        """A company with its people, its parent and its first contact on its deals."""
        crm, ident = party.crm, BASES[COMPANY] + party.sequence
        rows: list[Row] = []
        links: list[Link] = []
        people = [one for one in party.contacts if one.crm is not None]
        deals = self._deals.pop(party.sequence, []) if crm is not None else []
        if crm is not None:
            since = _ms(crm.created)
            host = bare_host(crm.website) if crm.website else None
            properties = {
                "name": crm.name, "domain": host, "website": crm.website, "phone": crm.phone,
                "industry": _INDUSTRIES.get(crm.industry or ""), "type": crm.kind.upper(), **_address(crm.billing),
                "numberofemployees": str(crm.employees) if crm.employees else None, "description": crm.description,
                "lifecyclestage": "customer" if crm.kind == "Customer" else "opportunity" if deals else "lead",
                "hubspot_owner_id": str(OWNER_BASE + crm.owner), "num_associated_contacts": str(len(people)),
                "num_associated_deals": str(len(deals)), "hs_num_child_companies": "0",
                "hs_parent_company_id": None if crm.parent is None else str(BASES[COMPANY] + crm.parent),
                "hs_searchable_calculated_phone_number": "".join(filter(str.isdigit, crm.phone or ""))[-10:] or None,
                **self._own(erp_key=crm.stored_erp_id, erp_number=crm.account_number, account_currency=crm.currency, shipping_address=_lines(crm.shipping)),
            }  # fmt: skip
            rows.append(_row(COMPANY, party.sequence, crm.created, crm.modified, properties))
            if crm.parent is not None:
                links += _links(BASES[COMPANY] + crm.parent, COMPANY, ident, COMPANY, ((450, 450), (13, 14)), since)
        for place, one in enumerate(people):
            rows.append(self._person(one, party, deals if place == 0 else []))
            if crm is not None:
                links += _links(
                    BASES[CONTACT] + one.sequence, CONTACT, ident, COMPANY, ((279, 280), (1, 2)), _ms(crm.created)
                )
                for deal in deals if place == 0 else ():
                    links += _links(deal, DEAL, BASES[CONTACT] + one.sequence, CONTACT, ((3, 4),), _ms(crm.created))
        return rows, links

    def _person(self, contact: Contact, party: Party, deals: list[int]) -> Row:
        person = contact.crm
        assert person is not None
        address = person.email.strip().lower() if person.email else None
        if address in self._emails:
            address = None  # an address belongs to one contact
        if address:
            self._emails.add(address)
        company = party.crm
        properties = {
            "email": address, "firstname": person.first_name, "lastname": person.last_name, "jobtitle": person.title,
            "phone": person.phone, "mobilephone": person.mobile, "company": company.name if company else None,
            "lifecyclestage": "customer" if company and company.kind == "Customer" else "lead",
            "hubspot_owner_id": str(OWNER_BASE + company.owner) if company else None,
            "associatedcompanyid": str(BASES[COMPANY] + party.sequence) if company else None, "num_associated_deals": str(len(deals)),
            "hs_email_domain": address.rpartition("@")[2] if address else None,
            "hs_searchable_calculated_phone_number": "".join(filter(str.isdigit, person.phone or ""))[-10:] or None,
            **self._own(erp_key=person.stored_erp_id),
        }  # fmt: skip
        return _row(CONTACT, contact.sequence, person.created, person.modified, properties)

    def template(self) -> Group:
        """The one quote template that quotes can be published with."""
        at = _ms(self._company.now)
        properties = orjson.dumps({"hs_name": "Basic", "hs_active": "true", **_SOURCE}).decode()
        return [(TEMPLATE_ID, "0-64", 0, at, at, None, properties)], []

    def _own(self, **values: str | None) -> dict[str, str | None]:
        return values if self._erp else {}


def _row(kind: str, sequence: int, created: datetime, modified: datetime, properties: dict[str, str | None]) -> Row:
    held = {name: value for name, value in properties.items() if value}
    return (
        BASES[kind] + sequence,
        kind,
        0,
        _ms(created),
        _ms(modified),
        None,
        orjson.dumps({**held, **_SOURCE}).decode(),
    )


def _links(source: int, kind: str, target: int, far: str, pairs: Iterable[tuple[int, int]], since: int) -> list[Link]:
    found: list[Link] = []
    for there, back in pairs:
        found += [(source, far, target, there, since), (target, kind, source, back, since)]
    return found


def _stage(deal: Deal) -> tuple[str, str, str]:
    """Pipeline, stage and probability; every twelfth deal is a key account's."""
    if deal.sequence % 12 != 5:
        stage = _STAGES.get(deal.probability, "qualifiedtobuy")
        return "default", stage, _SHARES[stage]
    place = {100: 4, 0: 5}.get(deal.probability, min(deal.probability // 25, 3))
    return KEY_ACCOUNTS, KEY_ACCOUNT_STAGES[place][0], number_text(Decimal(KEY_ACCOUNT_STAGES[place][2]))


def _ms(instant: datetime) -> int:
    return moments.milliseconds(instant)


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else number_text(value)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _address(address: Address | None) -> dict[str, str | None]:
    if address is None:
        return {}
    first, *more = address.lines
    return {
        "address": first, "address2": ", ".join(more) or None, "city": address.city, "state": address.state or None,
        "zip": address.postal_code or None, "country": address.country,
    }  # fmt: skip


def _lines(address: Address | None) -> str | None:
    if address is None:
        return None
    return "\n".join(filter(None, (*address.lines, f"{address.postal_code} {address.city}".strip(), address.country)))
