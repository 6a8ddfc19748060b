"""A company of several blocks: facts that hold together, and emulators that copy rows to the same state as from facts."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import BLOCK, Blocks
from crosswalk_sandbox.company.generate import DemoCompany, generate
from crosswalk_sandbox.company.model import Deal, Order, Party, Size
from crosswalk_sandbox.company.renaming import Renaming
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.registry import entry
from crosswalk_sandbox.sap_business_one.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOST = 45  # accounts of a block
COUNT = 3


class FactByFact:
    """The same company for a loader that knows nothing of blocks: each fact of each block is made."""

    def __init__(self, company: DemoCompany) -> None:
        self._company = company
        self.blocks = Blocks(1, company.size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._company, name)

    def first_block(self) -> FactByFact:
        return self


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return generate(seed=7, now=NOW, size=Size(MOST * COUNT, 40, 4 * MOST * COUNT), block=MOST)


@pytest.fixture(scope="module")
def parties(company: DemoCompany) -> list[Party]:
    return list(company.parties())


@pytest.fixture(scope="module")
def deals(company: DemoCompany) -> list[Deal]:
    return list(company.deals())


@pytest.fixture(scope="module")
def orders(company: DemoCompany) -> list[Order]:
    return list(company.orders())


@pytest.fixture(scope="module", params=["salesforce", "netsuite", "hubspot", "sap_business_one"])
def states(request: pytest.FixtureRequest, company: DemoCompany, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Where one emulator keeps the company: loaded in blocks, and fact by fact."""
    return [
        loaded(request.param, one, tmp_path_factory.mktemp(request.param)) for one in (company, FactByFact(company))
    ]


def loaded(system: str, company: Any, folder: Path) -> Path:
    clock = Clock()
    clock.set(NOW, frozen=True)
    emulator = entry(system).factory()(folder, clock, {})
    emulator.load(company)
    emulator.close()
    [file] = folder.glob("*.sqlite")
    return file


def tables(file: Path) -> Iterator[tuple[str, Counter[tuple[Any, ...]]]]:
    """Names and rows of all tables; what Business One keeps as a copy of something else is written out by its store."""
    store = Store(file.parent, Clock()) if file.name == Store.file else None
    connection = store.reader() if store else sqlite3.connect(file)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    for name in names:
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        listed = ", ".join("whole(body)" if store and one == "body" else f'"{one}"' for one in columns)
        yield name, Counter(connection.execute(f'SELECT {listed} FROM "{name}"').fetchall())
    if store:
        store.close()
    connection.close()


TABLES = {
    "salesforce": ("Account", "crm"),
    "netsuite": ("customer", "erp"),
    "hubspot": ("record WHERE type = '0-2'", "crm"),
    "sap_business_one": ("BusinessPartners", "erp"),
}
OWN = {
    "_setting",
    "_grant",
    "setting",
    "token",
    "sqlite_stat1",
    "pattern",
}  # credentials, when it was loaded, estimates, what copies are of
KILLED_WHILE_COPYING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from crosswalk_sandbox.company.blocks import Blocks
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel import bulk
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.registry import entry

class LastBreath(Blocks):
    def copies(self):
        yield super().copies()[0]
        os.kill(os.getpid(), signal.SIGKILL)

system, folder, now, accounts, most = sys.argv[1:]
bulk._LOADING_CACHE = "-100"  # KiB, so that rows are in the file before all are there
company = generate(7, datetime.fromisoformat(now), Size(int(accounts), 40, 4 * int(accounts)), int(most))
company.blocks = LastBreath(company.blocks.count, company.blocks.size)
entry(system).factory()(Path(folder), Clock(), {}).load(company)
"""


def test_copied_rows_are_those_that_facts_would_have_become(states: list[Path]) -> None:
    copied, made = (dict(tables(file)) for file in states)
    assert copied.keys() == made.keys()
    for name in copied.keys() - OWN:
        assert copied[name] == made[name], name
    assert sum(rows.total() for rows in copied.values()) > 2_000


@pytest.mark.parametrize("system", ["salesforce", "netsuite", "hubspot", "sap_business_one"])
def test_a_load_that_was_killed_between_blocks_starts_anew(system: str, company: DemoCompany, tmp_path: Path) -> None:
    size = company.size.accounts
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_COPYING, system, str(tmp_path), NOW.isoformat(), str(size), str(MOST)],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.glob("*.sqlite-journal")), "rows had reached the file"
    clock = Clock()
    emulator = entry(system).factory()(tmp_path, clock, {})
    assert not emulator.is_loaded()
    emulator.load(company)
    assert emulator.is_loaded()
    emulator.close()
    connection = sqlite3.connect(next(tmp_path.glob("*.sqlite")))
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    table, side = TABLES[system]
    expected = sum(getattr(party, side) is not None for party in company.parties())
    assert connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] == expected
    connection.close()


def test_a_company_that_fits_into_a_block_is_made_as_ever() -> None:
    small = generate(seed=7, now=NOW, size=Size(BLOCK, 200, 4 * BLOCK))
    assert small.blocks.count == 1
    assert small.first_block() is small
    assert Blocks.of(Size(BLOCK + 1, 200, 4 * BLOCK)).count == 2


@given(st.integers(1, 3_000_000), st.integers(1, 12_000_000), st.integers(1, 6_000))
def test_blocks_make_up_the_size_to_half_a_record_each(accounts: int, deals: int, most: int) -> None:
    blocks = Blocks.of(Size(accounts, 20, deals), most)
    assert abs(blocks.whole.accounts - accounts) <= blocks.count / 2
    assert abs(blocks.whole.deals - deals) <= blocks.count / 2
    assert blocks.size.accounts <= most or blocks.count == deals
    assert blocks.parties >= blocks.size.accounts
    assert blocks.deals >= blocks.size.deals


def test_numbers_and_keys_are_unique_over_all_blocks(
    parties: list[Party], deals: list[Deal], orders: list[Order]
) -> None:
    contacts = [contact for party in parties for contact in party.contacts]
    documents = [one for order in orders for one in (order, *order.shipments, *order.invoices, *order.payments)]
    customers = [party.erp for party in parties if party.erp]
    for keys in (
        [party.sequence for party in parties],
        [contact.sequence for contact in contacts],
        [deal.sequence for deal in deals],
        [line.sequence for deal in deals for line in deal.lines],
        [document.sequence for document in documents],
        [document.number for document in documents],
        [document.id for document in documents],
        [customer.number for customer in customers],
        [customer.external_id for customer in customers if customer.external_id],
        [order.external_id for order in orders if order.external_id],
        [number for order in orders for shipment in order.shipments for number in shipment.tracking_numbers],
    ):
        assert len(keys) == len(set(keys)) > 20


def test_references_lead_to_the_same_block(parties: list[Party], deals: list[Deal], orders: list[Order]) -> None:
    by_party, by_deal = ({one.sequence: one for one in found} for found in (parties, deals))
    step, deal_step = parties[MOST].sequence, deals[4 * MOST].sequence
    for party in parties:
        for other in (party.duplicate_of, party.crm and party.crm.parent, party.erp and party.erp.parent):
            assert other is None or by_party[other].sequence // step == party.sequence // step
    for deal in deals:
        crm = by_party[deal.party].crm
        assert crm is not None
        assert deal.party // step == deal.sequence // deal_step
    for order in orders:
        customer = by_party[order.party].erp
        assert customer is not None
        assert customer.currency in customer.currencies
        if order.deal is not None:
            deal = by_deal[order.deal]
            assert deal.party == order.party
            assert deal.stored_erp_id in (None, str(ids.netsuite_transaction_id(order.sequence)))
            assert deal.stored_order_number in (None, order.number)
            assert order.purchase_order == deal.purchase_order
            assert order.memo is None or deal.name in order.memo
        invoices = {invoice.sequence: invoice for invoice in order.invoices}
        for payment in order.payments:
            assert sum(part for _, part in payment.applied) == payment.amount
            assert all(invoices[sequence].total >= part for sequence, part in payment.applied)
    assert sum(order.deal is not None for order in orders) > 100


def test_both_systems_mean_the_same_company_in_every_block(parties: list[Party]) -> None:
    keyed = alike = 0
    for party in parties:
        crm, erp = party.crm, party.erp
        if crm is None or erp is None:
            continue
        right = {str(ids.netsuite_customer_id(party.sequence)), ids.account_external_id(party.sequence)}
        stored = {key for key in (crm.stored_erp_id, erp.external_id) if key and not key.startswith("LEGACY-")}
        assert stored <= right
        assert crm.account_number in (None, erp.number)
        keyed += bool(stored)
        alike += crm.name.split()[0].lower() == erp.name.split()[0].lower()
        if crm.phone and erp.phone:
            typed = [phonenumbers.parse(phone, party.country_code) for phone in (crm.phone, erp.phone)]
            assert typed[0].national_number == typed[1].national_number
        if crm.billing and erp.billing and party.linkage == "rule":
            assert crm.billing.postal_code == erp.billing.postal_code
            assert number_in(crm.billing.lines[0]) == number_in(erp.billing.lines[0])
        for contact in party.contacts:
            if contact.crm and contact.erp and contact.crm.email and contact.erp.email:
                assert contact.crm.email == contact.erp.email
            if contact.crm and contact.erp and contact.crm.first_name:
                assert contact.crm.first_name == contact.erp.first_name
    assert keyed > 40
    assert alike > 0.8 * sum(bool(party.crm and party.erp) for party in parties)


def number_in(street: str) -> str:
    return next(part for part in street.replace(",", " ").split() if part.isdigit())


def test_no_block_repeats_the_names_numbers_or_moments_of_another(parties: list[Party], deals: list[Deal]) -> None:
    first, *copies = (parties[start : start + MOST] for start in range(0, len(parties), MOST))
    for copy in copies:
        for one, other in zip(first, copy, strict=True):
            for side in ("crm", "erp"):
                mine, theirs = getattr(one, side), getattr(other, side)
                if mine is not None:
                    assert theirs.name.casefold().endswith(mine.name.casefold())
                    assert mine.name != theirs.name
                    assert mine.phone is None or mine.phone != theirs.phone
                    assert mine.billing is None or mine.billing.lines != theirs.billing.lines
                    assert theirs.created.date() == mine.created.date()
                    assert theirs.created <= mine.created <= mine.modified
                    assert theirs.created <= theirs.modified <= mine.modified
    assert (
        len({party.crm.name for party in copies[0] if party.crm} & {party.crm.name for party in copies[1] if party.crm})
        == 0
    )
    stamps = Counter(deal.modified for deal in deals)
    assert max(stamps.values()) <= 3


def test_amounts_and_price_books_are_right_in_every_block(
    company: DemoCompany, deals: list[Deal], orders: list[Order]
) -> None:
    prices = {price.sequence: price for price in company.prices()}
    for deal in deals:
        if deal.lines:
            assert deal.amount == sum(line.total for line in deal.lines)
        for line in deal.lines:
            price = prices[line.price]
            assert (price.product, price.currency, price.crm_price) == (line.product, deal.currency, line.list_price)
    for order in orders:
        assert order.total == order.subtotal + order.shipping_cost + order.tax_total
        assert order.subtotal == sum((line.amount for line in order.lines), Decimal(0))
        if order.invoices:
            assert sum(invoice.total for invoice in order.invoices) == order.total


@given(st.integers(1, 400), st.integers(0, 86_399), st.integers(0, 86_399))
def test_moments_of_a_copy_keep_their_day_and_their_order(copy: int, one: int, other: int) -> None:
    renaming = Renaming(copy, 400)
    moved = [renaming.moment(f"2026-05-01T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}") for s in (one, other)]
    assert all(text.startswith("2026-05-01T") for text in moved)
    assert (moved[0] <= moved[1]) or one > other
    assert moved[0] <= f"2026-05-01T{one // 3600:02}:{one // 60 % 60:02}:{one % 60:02}"


def test_words_before_names_differ_from_copy_to_copy() -> None:
    words = [Renaming(copy, 300).word(group) for copy in range(1, 300) for group in (0, 5)]
    assert max(Counter(words).values()) <= 2
