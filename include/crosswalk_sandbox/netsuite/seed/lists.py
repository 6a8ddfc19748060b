"""Set-up lists of the account: the company's own and those every account has."""

from __future__ import annotations

import calendar
from datetime import date
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.records.addresses import address_text
from crosswalk_sandbox.netsuite.seed.batch import Batch, flag, stamp

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Company
    from crosswalk_sandbox.netsuite.store import Store

STANDARD_FORM: Final = "-2"
_STATUSES: Final = (
    (6, "LEAD-Unqualified", "Lead", 0), (7, "LEAD-Qualified", "Lead", 10), (8, "PROSPECT-In Discussion", "Prospect", 40),
    (10, "PROSPECT-Proposal", "Prospect", 50), (13, "CUSTOMER-Closed Won", "Customer", 100),
    (15, "CUSTOMER-Renewal", "Customer", 100), (16, "CUSTOMER-Lost Customer", "Customer", 0),
)  # fmt: skip
_NAMED: Final = {
    "customercategory": ("Corporate", "Individual", "Government"),
    "contactrole": ("Primary Contact", "Decision Maker", "Consultant"),
    "taxschedule": ("Standard Rate", "Exempt"),
    "paymentmethod": ("Check", "ACH", "Wire", "Cash"),
    "pricinggroup": ("Fasteners", "Machines"),
}
_ACCOUNTS: Final = ((1, "1000", "Bank", "Checking"), (6, "1200", "AcctRec", "Accounts Receivable"),
                    (12, "1300", "OthCurrAsset", "Inventory Asset"), (54, "4000", "Income", "Sales"),
                    (58, "5000", "COGS", "Cost of Goods Sold"), (116, "1099", "UnDepFunds", "Undeposited Funds"))  # fmt: skip
PROSPECT_STATUS: Final = 8
CUSTOMER_STATUS: Final = 13
RECEIVABLE: Final = 6


class Lists:
    """Writes the account's set-up."""

    def __init__(self, store: Store, company: Company) -> None:
        self._store = store
        self._company = company
        self._now = stamp(company.now)
        self._nkey = 100
        self.currencies = {currency.code: currency.sequence for currency in company.currencies}

    def write(self) -> None:
        """Write every list."""
        self._currencies()
        self._subsidiaries()
        self._locations()
        self._commercial()
        self._people()
        self._standing()
        self._periods()

    def _insert(self, table: str, **values: object) -> None:
        values.setdefault("lastmodifieddate", self._now)
        known = self._store.catalog.physical()[table]
        self._store.insert(table, {name: value for name, value in values.items() if name in known})

    def _address(self, address: Address, addressee: str) -> int:
        self._nkey += 1
        facts = {"addr1": address.lines[0], "addr2": address.lines[1] if len(address.lines) > 1 else None, "city": address.city,
                 "state": address.state or None, "zip": address.postal_code, "country": address.country_code,
                 "addressee": addressee}  # fmt: skip
        self._insert("address", nkey=self._nkey, addrtext=address_text(facts), **facts)
        return self._nkey

    def _currencies(self) -> None:
        for currency in self._company.currencies:
            self._insert("currency", id=currency.sequence, name=currency.name, symbol=currency.code,
                         displaysymbol=currency.code, exchangerate=currency.rate, currencyprecision=currency.decimals,
                         isbasecurrency=flag(currency.is_corporate))  # fmt: skip
        base = next(currency for currency in self._company.currencies if currency.is_corporate)
        for number, currency in enumerate(self._company.currencies, 1):
            self._insert("currencyrate", id=number, basecurrency=base.sequence, transactioncurrency=currency.sequence,
                         exchangerate=currency.rate, effectivedate=self._now[:10])  # fmt: skip

    def _subsidiaries(self) -> None:
        names: dict[int, str] = {}
        for one in self._company.subsidiaries:
            above = names.get(one.parent or 0)
            names[one.sequence] = f"{above} : {one.name}" if above else one.name
            self._insert("subsidiary", id=one.sequence, name=one.name, fullname=names[one.sequence], legalname=one.name,
                         parent=one.parent, currency=self.currencies[one.currency], country=one.country_code,
                         state=one.address.state or None, iselimination="F", isinactive=flag(not one.is_active),
                         mainaddress=self._address(one.address, one.name))  # fmt: skip

    def _locations(self) -> None:
        for place in self._company.locations:
            self._insert("location", id=place.sequence, name=place.name, fullname=place.name, subsidiary=place.subsidiary,
                         makeinventoryavailable="T", locationtype="2", isinactive="F",
                         mainaddress=self._address(place.address, place.name))  # fmt: skip

    def _commercial(self) -> None:
        for level in self._company.price_levels:
            self._insert("pricelevel", id=level.sequence, name=level.erp_name, discountpct=-level.discount or None,
                         isonline=flag(level.is_online))  # fmt: skip
        for terms in self._company.terms:
            self._insert("term", id=terms.sequence, name=terms.name, daysuntilnetdue=terms.days)
        countries = dict.fromkeys(code.country_code for code in self._company.tax_codes)
        kinds = {country: number for number, country in enumerate(countries, 1)}
        for country, number in kinds.items():
            self._insert("taxtype", id=number, name=f"{country} Tax", country=country)
        for code in self._company.tax_codes:
            self._insert("salestaxitem", id=code.sequence, itemid=code.name, fullname=code.name, rate=code.rate,
                         taxtype=kinds[code.country_code], country=code.country_code, subsidiary=str(code.subsidiary))  # fmt: skip

    def _people(self) -> None:
        for person in self._company.salespeople:
            self._insert("employee", id=ids.netsuite_employee_id(person.sequence),
                         entityid=f"{person.first_name} {person.last_name}", firstname=person.first_name,
                         lastname=person.last_name, title=person.title, email=person.email, subsidiary=person.subsidiary,
                         issalesrep="T", isinactive=flag(not person.is_active), datecreated=self._now)  # fmt: skip

    def _standing(self) -> None:
        for number, name, stage, probability in _STATUSES:
            self._insert("customerstatus", id=number, name=name, stage=stage, probability=probability)
        for table, names in _NAMED.items():
            for number, name in enumerate(names, 1):
                self._insert(table, id=number, name=name)
        for number, name in enumerate(("Ground", "Express", "Freight"), 1):
            self._insert("shipitem", id=100 + number, itemid=name, displayname=name)
        for number, code, kind, name in _ACCOUNTS:
            self._insert("account", id=number, acctnumber=code, accttype=kind, fullname=name,
                         accountsearchdisplaynamecopy=name, externalid=None)  # fmt: skip
        for number, name in ((1, "Sales"), (2, "Operations")):
            self._insert("department", id=number, name=name, fullname=name)
            self._insert("classification", id=number, name=name, fullname=name)

    def _periods(self) -> None:
        """Monthly periods around now; those that ended long enough ago are closed."""
        today = self._company.now.date()
        months = (today.year * 12 + today.month - 1) - self._store.options.closed_before_months
        batch = Batch(self._store, "accountingperiod", "id periodname startdate enddate closed arlocked aplocked isposting"
                      " isquarter isyear isadjust alllocked lastmodifieddate")  # fmt: skip
        for number, month in enumerate(range((today.year - 6) * 12, (today.year + 2) * 12), 1):
            start = date(month // 12, month % 12 + 1, 1)
            end = start.replace(day=calendar.monthrange(start.year, start.month)[1])
            closed = flag(month < months)
            batch.add(number, f"{start:%b %Y}", start.isoformat(), end.isoformat(), closed, closed, closed, "T", "F", "F",
                      "F", closed, self._now)  # fmt: skip
        batch.flush()
