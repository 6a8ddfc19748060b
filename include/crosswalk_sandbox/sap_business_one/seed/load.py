"""Loads the demo company into an empty company database: all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson

from crosswalk_sandbox.kernel.bulk import without_collection
from crosswalk_sandbox.sap_business_one.account import Account
from crosswalk_sandbox.sap_business_one.account_desk import RATES_UNTIL
from crosswalk_sandbox.sap_business_one.copies import told_of
from crosswalk_sandbox.sap_business_one.founding import enter
from crosswalk_sandbox.sap_business_one.store import joined

from .documents import Documents
from .facts import card_code
from .masters import Masters
from .patterns import OpenText, Patterns

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Blocks
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.sap_business_one.store import Store

BATCH: Final = 5_000
RATES_AHEAD: Final = timedelta(days=400)
"""How long from now the demo company has entered its rates; a document after that is refused (§16)."""
FIRST_FREE: Final = 500_000_000
"""Where numbers of records made later begin, above all of the demo company."""
_COUNTED: Final = ("Quotations", "Orders", "DeliveryNotes", "Invoices", "IncomingPayments")
_Row = TypeVar("_Row")
_PARTNERS: Final = "BusinessPartners"
_BALANCES: Final = ("OpenOrdersBalance", "OpenDeliveryNotesBalance", "CurrentAccountBalance")
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
    first = company
    if company.blocks.count > 1:
        first = company.first_block()
        store.put_blocks(told_of(company.blocks))
    for party in first.parties():
        if party.erp is not None:
            documents.name(party.sequence, party.erp.name)
    _write_documents(store, documents, first, company.blocks)
    _write_partners(store, masters, documents, first, company.blocks)
    for entity_set in _COUNTED:
        store.raise_number(entity_set, FIRST_FREE)
        store.raise_number(f"{entity_set} number", FIRST_FREE)
    store.raise_number("contact", FIRST_FREE)


def _write_documents(store: Store, documents: Documents, first: Company, blocks: Blocks) -> None:
    """Documents of the first block, then those of each copy."""
    patterns: dict[str, Patterns] = {}
    made = (one for order in first.orders() for one in documents.of_order(order))
    for batch in _batches(made):
        for entity_set in {one[0] for one in batch}:
            rows = [(number, row) for name, number, row in batch if name == entity_set]
            if blocks.count == 1:
                store.put_many(entity_set, rows, numbered=True)
            else:
                patterns.setdefault(entity_set, Patterns(store, entity_set, numbered=True)).add(rows)
    for copy in blocks.copies():
        for one in patterns.values():
            one.copy(copy)


def _write_partners(store: Store, masters: Masters, documents: Documents, first: Company, blocks: Blocks) -> None:
    """Partners of the first block, then those of each copy, which owe and have ordered as much."""
    patterns = Patterns(store, _PARTNERS, numbered=False)
    for batch in _batches(_partners(masters, documents, first)):
        if blocks.count == 1:
            store.put_many(_PARTNERS, batch, numbered=False)
        else:
            patterns.add(batch)
    for copy in blocks.copies():
        patterns.copy(copy)


def _partners(masters: Masters, documents: Documents, company: Company) -> Iterator[tuple[OpenText, dict[str, Any]]]:
    for party in company.parties():
        row = masters.partner(party)
        if row is None:
            continue
        for name, amount in zip(_BALANCES, documents.open.get(party.sequence, ()), strict=False):
            if amount:
                row[name] = round(float(amount), 2)
        yield card_code(party.sequence), row


def _batches(made: Iterable[_Row]) -> Iterator[list[_Row]]:
    made = iter(made)
    while batch := list(islice(made, BATCH)):
        yield batch
