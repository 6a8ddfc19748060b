"""Loads the demo company into an empty account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.kernel.bulk import take_statistics, without_collection
from crosswalk_sandbox.netsuite.seed.copies import GROWING, copy_company
from crosswalk_sandbox.netsuite.seed.documents import Orders
from crosswalk_sandbox.netsuite.seed.goods import Goods
from crosswalk_sandbox.netsuite.seed.lists import Lists
from crosswalk_sandbox.netsuite.seed.parties import FIRST_ADDRESS, Parties

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.netsuite.store import Store

_FIRST_FREE: Final = 500_000_000
_ORDERED: Final = "UPDATE customer SET firstorderdate = ?, lastorderdate = ? WHERE id = ?"


class Loader:
    """One load, in one transaction: all or nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, company: Company) -> None:
        """Fill the account; raises ValueError when it already holds a company."""
        if self._store.setting("company") is not None:
            raise ValueError("The account already holds a company; reset the sandbox to load another one.")
        with without_collection(), self._store.fill() as connection:
            indexes = _without_indexes(connection)
            growing = [indexes.pop(name) for name in GROWING]
            self._write(company, growing)
            for statement in indexes.values():
                connection.execute(statement)
            take_statistics(connection)
            self._store.set_setting("company", f"{company.name} {company.seed}")
        self._store.forget_rates()

    def _write(self, company: Company, growing: Iterable[str]) -> None:
        """Make the first block, then the indexes that grow while it is copied, then the copies."""
        lists = Lists(self._store, company)
        lists.write()
        goods = Goods(self._store, company, lists.currencies)
        goods.write()
        exempt = frozenset(code.sequence for code in company.tax_codes if not code.rate)
        made = company if company.blocks.count == 1 else company.first_block()
        parties = Parties(self._store, made, lists.currencies, exempt)
        parties.write()
        orders = Orders(self._store, made, lists.currencies, goods.products, parties.homes)
        orders.write()
        with self._store.write() as connection:
            connection.executemany(_ORDERED, ((*days, customer) for customer, days in orders.days.items()))
            counts = {
                "addresses": parties.last_address - FIRST_ADDRESS,
                "relations": parties.last_relation,
                "lines": orders.last_line,
                "packages": orders.last_package,
            }
            for statement in growing:
                connection.execute(statement)
            copy_company(connection, company.blocks, **counts)
        self._raise_counters({name: count * company.blocks.count for name, count in counts.items()})

    def _raise_counters(self, counts: Mapping[str, int]) -> None:
        """Records made from now on take ids above the company's own."""
        for name, last in (
            ("address", max(FIRST_ADDRESS + counts["addresses"], _FIRST_FREE)),
            ("customeraddressbook", FIRST_ADDRESS + counts["addresses"]),
            ("customersubsidiaryrelationship", counts["relations"]),
            ("line", max(counts["lines"], _FIRST_FREE)),
            ("package", counts["packages"]),
            ("trackingnumber", counts["packages"]),
        ):
            self._store.raise_counter(name, last)


def _without_indexes(connection: sqlite3.Connection) -> dict[str, str]:
    """Drop the indexes for the load; the statements that bring them back, by name."""
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in found:
        connection.execute(f'DROP INDEX "{name}"')
    return dict(found)
