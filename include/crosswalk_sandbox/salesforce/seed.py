"""The demo company as Salesforce rows: bulk inserts, ids from the company's own sequence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from crosswalk_sandbox.company import ids as company_ids
from crosswalk_sandbox.kernel.bulk import without_collection

from .bootstrap import STAGES, blank
from .copies import GROWING, copy_company
from .ids import mint, scatter
from .org import Org
from .rules.opportunities import FORECAST
from .values import stamp

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Company, Deal, Party, Price, Product, Salesperson

BATCH = 5_000
LOADED = (
    "User",
    "Pricebook2",
    "Product2",
    "PricebookEntry",
    "Account",
    "Contact",
    "Opportunity",
    "OpportunityLineItem",
)
CATEGORY = {label: category for label, _, _, category, _, _ in STAGES}

Row = dict[str, Any]


def load_company(org: Org, company: Company) -> None:
    """Fills the org with the company in one transaction: all or nothing. Raises ValueError when it is filled already.

    Of a company of several blocks the first is filled in fact by fact, the others are copied from its rows.
    """
    if org.store.setting("loaded") is not None:
        raise ValueError("This Salesforce org holds a company already; start with an empty state directory.")
    loader = _Loader(org)
    with without_collection(), org.store.filling() as connection:
        for name in LOADED:
            org.store.drop_indexes(org.schema.objects[name.lower()])
        connection.execute('DELETE FROM "Pricebook2"')
        connection.execute('UPDATE "Organization" SET "Name" = ?', (company.name,))
        loader.fill("User", map(loader.user, company.salespeople))
        loader.fill("Pricebook2", map(loader.book, company.price_levels))
        loader.fill("Product2", (loader.product(item) for item in company.products() if item.crm))
        loader.fill("PricebookEntry", (loader.entry(item) for item in company.prices() if item.crm_price is not None))
        made = company if company.blocks.count == 1 else company.first_block()
        loader.fill_many(loader.party(item) for item in made.parties())
        loader.fill_many(loader.deal(item) for item in made.deals())
        org.store.create_indexes(LOADED, GROWING)
        grown = copy_company(connection, company.blocks)
        for name, last in loader.last.items():
            org.store.raise_number(name, last + grown.get(name, 0))
        org.store.create_indexes(LOADED)
        org.store.set_setting("loaded", stamp(org.now()))
    org.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Loader:
    """Turns facts into rows and rows into inserts."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.user_id = org.integration_user()
        self.last: dict[str, int] = {}
        self.products: dict[int, str] = {}

    # inserting
    def fill(self, name: str, rows: Iterable[tuple[int, Row]]) -> None:
        """Inserts rows of one sObject."""
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            self._insert(name, batch)

    def fill_many(self, groups: Iterator[list[tuple[str, int, Row]]]) -> None:
        """Inserts rows of several sObjects that come in groups."""
        waiting: dict[str, list[tuple[int, Row]]] = {}
        for group in groups:
            for name, number, row in group:
                rows = waiting.setdefault(name, [])
                rows.append((number, row))
                if len(rows) >= BATCH:
                    self._insert(name, waiting.pop(name))
        for name, rows in waiting.items():
            self._insert(name, rows)

    def _insert(self, name: str, batch: list[tuple[int, Row]]) -> None:
        """Inserts rows whose keys are the same in the same order, as those of one kind of fact are."""
        sobject = self.org.schema.objects[name.lower()]
        first = batch[0][1]
        common = blank(sobject, self.user_id, "")
        fixed = tuple(column for column in common if column not in first)
        constant = tuple(common[column] for column in fixed)
        names = tuple(column for column in first if sobject.has(column))
        prefix = sobject.prefix
        if len(names) == len(first):
            rows: Iterable[tuple[Any, ...]] = (
                (scatter(number), mint(prefix, number), *row.values(), *constant) for number, row in batch
            )
        else:
            rows = (
                (scatter(number), mint(prefix, number), *(row[column] for column in names), *constant)
                for number, row in batch
            )
        listed = ", ".join(f'"{column}"' for column in ("_row", "Id", *names, *fixed))
        marks = ", ".join("?" * (2 + len(names) + len(fixed)))
        self.org.store.connection.executemany(f'INSERT INTO "{sobject.name}" ({listed}) VALUES ({marks})', rows)
        self.last[name] = max(self.last.get(name, 0), *(number for number, _ in batch))

    # facts to rows
    def user(self, person: Salesperson) -> tuple[int, Row]:
        """A salesperson."""
        zone = person.time_zone
        row = {
            "Username": person.crm_username, "FirstName": person.first_name, "LastName": person.last_name,
            "Name": f"{person.first_name} {person.last_name}", "Email": person.email.lower(), "Title": person.title,
            "Alias": f"u{person.sequence}", "CommunityNickname": person.crm_username.split("@")[0][:40],
            "IsActive": int(person.is_active), "TimeZoneSidKey": zone, "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US", "UserType": "Standard", "ProfileId": mint("00e", 1),
            "CurrencyIsoCode": self.org.options.corporate_currency, **self._stamps(self.org.now(), self.org.now()),
        }  # fmt: skip
        return person.sequence, row

    def book(self, level: Any) -> tuple[int, Row]:
        """A price level as a price book."""
        now = self.org.now()
        return level.sequence, {
            "Name": level.crm_name,
            "IsActive": 1,
            "IsStandard": int(level.is_standard),
            **self._stamps(now, now),
        }

    def product(self, product: Product) -> tuple[int, Row]:
        """A product."""
        crm = product.crm
        assert crm is not None
        self.products[product.sequence] = crm.name
        row = {
            "Name": crm.name, "ProductCode": crm.code, "StockKeepingUnit": product.sku, "Description": crm.description,
            "Family": crm.family, "QuantityUnitOfMeasure": crm.unit, "IsActive": int(crm.is_active),
            "CurrencyIsoCode": self.org.options.corporate_currency, "ERP_Id__c": crm.stored_erp_id,
            **self._stamps(crm.created, crm.modified),
        }  # fmt: skip
        return product.sequence, row

    def entry(self, price: Price) -> tuple[int, Row]:
        """A price as a price book entry."""
        now = self.org.now()
        row = {
            "Pricebook2Id": mint("01s", price.level), "Product2Id": mint("01t", price.product),
            "UnitPrice": float(price.crm_price or 0), "IsActive": int(price.crm_active), "UseStandardPrice": 0,
            "CurrencyIsoCode": price.currency, **self._stamps(now, now),
        }  # fmt: skip
        return price.sequence, row

    def party(self, party: Party) -> list[tuple[str, int, Row]]:
        """A customer or prospect with its people."""
        crm = party.crm
        rows: list[tuple[str, int, Row]] = []
        owner = self.user_id
        if crm is not None:
            owner = user_id(crm.owner)
            row: Row = {
                "Name": crm.name, "AccountNumber": crm.account_number, "Phone": crm.phone, "Website": crm.website,
                "Industry": crm.industry, "Type": crm.kind, "NumberOfEmployees": crm.employees, "Description": crm.description,
                "CurrencyIsoCode": crm.currency, "ParentId": None if crm.parent is None else mint("001", crm.parent),
                "OwnerId": owner, "ERP_Id__c": crm.stored_erp_id, **_address("Billing", crm.billing),
                **_address("Shipping", crm.shipping), **self._stamps(crm.created, crm.modified),
            }  # fmt: skip
            rows.append(("Account", party.sequence, row))
        account = mint("001", party.sequence) if crm is not None else None
        for contact in party.contacts:
            person = contact.crm
            if person is None:
                continue
            names = (person.first_name, person.last_name)
            row = {
                "FirstName": person.first_name, "LastName": person.last_name, "Name": " ".join(part for part in names if part),
                "Title": person.title, "Email": person.email.strip().lower() if person.email else None, "Phone": person.phone,
                "MobilePhone": person.mobile, "AccountId": account, "OwnerId": owner, "ERP_Id__c": person.stored_erp_id,
                "CurrencyIsoCode": self.org.options.corporate_currency, **self._stamps(person.created, person.modified),
            }  # fmt: skip
            rows.append(("Contact", contact.sequence, row))
        return rows

    def deal(self, deal: Deal) -> list[tuple[str, int, Row]]:
        """A deal with its lines."""
        own, stamps = mint("006", deal.sequence), self._stamps(deal.created, deal.modified)
        owner, amount, close = user_id(deal.owner), float(deal.amount), deal.close_date.isoformat()
        quarter, category = (deal.close_date.month + 2) // 3, CATEGORY.get(deal.stage, "Pipeline")
        row: Row = {
            "Name": deal.name[:120], "AccountId": mint("001", deal.party), "StageName": deal.stage, "Amount": amount,
            "Probability": float(deal.probability), "ExpectedRevenue": round(amount * deal.probability / 100, 2),
            "CloseDate": close, "Type": deal.kind, "LeadSource": deal.lead_source, "NextStep": deal.next_step,
            "Description": deal.description, "IsClosed": int(deal.is_closed), "IsWon": int(deal.is_won),
            "ForecastCategory": category, "ForecastCategoryName": FORECAST[category],
            "HasOpportunityLineItem": int(bool(deal.lines)), "Pricebook2Id": book_id(deal.level) if deal.level else None,
            "TotalOpportunityQuantity": float(sum(line.quantity for line in deal.lines)) if deal.lines else None,
            "OwnerId": owner, "CurrencyIsoCode": deal.currency, "FiscalYear": deal.close_date.year, "FiscalQuarter": quarter,
            "Fiscal": f"{deal.close_date.year} {quarter}", "PO_Number__c": deal.purchase_order, "ERP_Id__c": deal.stored_erp_id,
            "ERP_Number__c": deal.stored_order_number, **stamps,
        }  # fmt: skip
        rows: list[tuple[str, int, Row]] = [("Opportunity", deal.sequence, row)]
        for line in deal.lines:
            total = float(line.total)
            rows.append(("OpportunityLineItem", line.sequence, {
                "OpportunityId": own, "PricebookEntryId": entry_id(line.price), "Product2Id": product_id(line.product),
                "Name": f"{deal.name} {self.products.get(line.product)}"[:376], "Quantity": float(line.quantity),
                "UnitPrice": float(line.unit_price), "TotalPrice": total, "Subtotal": total, "ListPrice": float(line.list_price),
                "Description": line.description, "SortOrder": line.position, "CurrencyIsoCode": deal.currency, **stamps,
            }))  # fmt: skip
        return rows

    def _stamps(self, created: datetime, modified: datetime) -> Row:
        made, changed = _moment(created), _moment(modified)
        return {"CreatedDate": made, "LastModifiedDate": changed, "SystemModstamp": changed}


@lru_cache(maxsize=4_096)
def user_id(sequence: int) -> str:
    """The user behind a salesperson."""
    return mint(company_ids.USER, sequence)


@lru_cache(maxsize=64)
def book_id(level: int) -> str:
    """The price book of a price level."""
    return mint(company_ids.PRICEBOOK, level)


@lru_cache(maxsize=1 << 14)
def product_id(sequence: int) -> str:
    """The product with this sequence."""
    return mint(company_ids.PRODUCT, sequence)


@lru_cache(maxsize=1 << 14)
def entry_id(sequence: int) -> str:
    """The price book entry of a price."""
    return mint(company_ids.PRICEBOOK_ENTRY, sequence)


def _moment(instant: datetime) -> str:
    """A fact's instant, which is UTC and to the second, in stored form."""
    return f"{instant.isoformat()[:19]}.000+0000"


def _address(prefix: str, address: Address | None) -> Row:
    if address is None:
        return dict.fromkeys(f"{prefix}{part}" for part in ("Street", "City", "State", "PostalCode", "Country"))
    return {
        f"{prefix}Street": "\n".join(address.lines)[:255],
        f"{prefix}City": address.city[:40] or None,
        f"{prefix}State": address.state or None,
        f"{prefix}PostalCode": address.postal_code or None,
        f"{prefix}Country": address.country or None,
    }
