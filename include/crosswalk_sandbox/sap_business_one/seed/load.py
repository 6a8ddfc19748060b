"""Loads the demo company into an empty company database: all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.bulk import without_collection
from crosswalk_sandbox.sap_business_one.account import RATES_UNTIL, Account
from crosswalk_sandbox.sap_business_one.founding import enter
from crosswalk_sandbox.sap_business_one.store import joined

from .documents import Documents
from .facts import card_code
from .masters import Masters

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company

BATCH: Final = 5_000
RATES_AHEAD: Final = timedelta(days=400)
"""How long from now the demo company has entered its rates; a document after that is refused (§16)."""
FIRST_FREE: Final = 500_000_000
"""Where numbers of records made later begin, above all of the demo company."""
_COUNTED: Final = ("Quotations", "Orders", "DeliveryNotes", "Invoices", "IncomingPayments")
_REPLACED: Final = ("Warehouses", "PriceLists", "SalesTaxCodes")


def load_company(account: Account, company: Company) -> None:
    """Fill the company in one transaction. Raises ValueError when it is filled already."""
    store = account.store
    if store.setting("loaded") is not None:
        raise ValueError("This Business One company holds data already; start with an empty state directory.")
    with without_collection(), store.fill():
        _fill(account, company)
        store.set_setting("loaded", f"{company.name} {company.seed}")


def _fill(account: Account, company: Company) -> None:
    store, masters, documents = account.store, Masters(account, company), Documents(account, company)
    desk = account.desk()
    for entity_set in _REPLACED:
        store.execute(f'DELETE FROM "{entity_set}"')
    for entity_set, rows in masters.lists():
        enter(account, desk, entity_set, tuple(rows))
    for rate in masters.rates():
        store.execute("INSERT OR REPLACE INTO exchange_rate VALUES (?, ?, ?)", rate)
    store.set_setting("admin", orjson.dumps({**account.admin(), **masters.settings()}).decode())
    store.set_setting(RATES_UNTIL, (company.now + RATES_AHEAD).date().isoformat())
    store.put_many("Items", masters.items(), numbered=False)
    store.put_many("ProductTrees", masters.trees(), numbered=False)
    store.put_many("SpecialPrices", ((joined(key), row) for key, row in masters.brackets()), numbered=False)
    for party in company.parties():
        if party.erp is not None:
            documents.names[party.sequence] = party.erp.name
    made = (one for order in company.orders() for one in documents.of_order(order))
    for batch in _batches(made):
        for entity_set in {one[0] for one in batch}:
            rows = ((number, row) for name, number, row in batch if name == entity_set)
            store.put_many(entity_set, rows, numbered=True)
    store.put_many("BusinessPartners", _partners(company, masters, documents), numbered=False)
    for entity_set in _COUNTED:
        store.raise_number(entity_set, FIRST_FREE)
        store.raise_number(f"{entity_set} number", FIRST_FREE)
    store.raise_number("contact", FIRST_FREE)


def _partners(company: Company, masters: Masters, documents: Documents) -> Iterator[tuple[str, dict[str, Any]]]:
    for party in company.parties():
        row = masters.partner(party)
        if row is None:
            continue
        for name, amount in zip(
            ("OpenOrdersBalance", "OpenDeliveryNotesBalance", "CurrentAccountBalance"),
            documents.open.get(party.sequence, ()),
            strict=False,
        ):
            if amount:
                row[name] = round(float(amount), 2)
        yield card_code(party.sequence), row


def _batches(made: Iterable[Any]) -> Iterator[list[Any]]:
    made = iter(made)
    while batch := list(islice(made, BATCH)):
        yield batch
