"""Loads the demo company into an empty account."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL, PRODUCT
from crosswalk_sandbox.hubspot.store import GROWING
from crosswalk_sandbox.kernel.bulk import without_collection

from .copies import copy_company
from .deals import Deals
from .goods import Goods
from .parties import Parties
from .rows import SOURCE, TEMPLATE_ID, Group, Row, milliseconds

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company
    from crosswalk_sandbox.hubspot.account import Account

_BATCH: Final = 5_000
_TAKEN: Final = """INSERT OR IGNORE INTO taken SELECT type, :name, json_extract(properties, :path) AS value, id FROM record
 INDEXED BY record_walk WHERE type = :type AND state = 0 AND value IS NOT NULL ORDER BY value, id"""


def load_company(account: Account, company: Company) -> None:
    """Fill the account in one transaction: all or nothing. Raises ValueError when it is filled already.

    Of a company of several blocks the first is filled in fact by fact, the others are copied from its rows.
    """
    store = account.store
    if store.setting("loaded") is not None:
        raise ValueError("This HubSpot account holds a company already; start with an empty state directory.")
    with without_collection(), store.fill() as connection:
        made = company if company.blocks.count == 1 else company.first_block()
        goods = Goods(account, company)
        goods.owners()
        goods.currencies()
        _fill(account, (([goods.product(one)], []) for one in company.products() if one.crm is not None))
        deals = Deals(account, company, goods.names)
        _fill(account, (deals.group(one) for one in made.deals()))
        parties = Parties(account, deals.by_party)
        _fill(account, (parties.group(one) for one in made.parties()))
        store.create_indexes(GROWING)
        copy_company(connection, company.blocks, parties)
        _fill(account, iter([([_template(company)], [])]))
        for name, kind in _unique_values(account):
            connection.execute(_TAKEN, {"name": name, "path": f"$.{name}", "type": kind})
        store.set_setting("loaded", moments.iso(store.now()))


def _fill(account: Account, groups: Iterator[Group]) -> None:
    """Insert records and associations."""
    while batch := list(islice(groups, _BATCH)):
        with account.store.write() as connection:
            connection.executemany(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)", [row for rows, _ in batch for row in rows]
            )
            connection.executemany(
                "INSERT OR IGNORE INTO association VALUES (?, ?, ?, ?, ?)",
                [link for _, links in batch for link in links],
            )


def _template(company: Company) -> Row:
    """The one quote template that quotes can be published with."""
    at = milliseconds(company.now)
    return (
        TEMPLATE_ID,
        "0-64",
        0,
        at,
        at,
        None,
        orjson.dumps({"hs_name": "Basic", "hs_active": "true", **SOURCE}).decode(),
    )


def _unique_values(account: Account) -> Iterator[tuple[str, str]]:
    """What is unique: property and type."""
    yield "email", CONTACT
    for kind in (COMPANY, CONTACT, DEAL, PRODUCT) if account.options.erp_properties else ():
        yield "erp_key", kind
