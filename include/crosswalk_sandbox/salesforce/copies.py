"""Further blocks of a large company: the first one's rows copied inside the org, under ids of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids as company_ids
from crosswalk_sandbox.company.customers import NUMBER_BASE
from crosswalk_sandbox.company.deals import FIRST_ORDER
from crosswalk_sandbox.company.profiles import GROUP
from crosswalk_sandbox.kernel.copying import WORDS, CopiedTable, copy_blocks, digits, digits_kept, moment, moment_kept

from .ids import SCATTER, mint, number_of

if TYPE_CHECKING:
    import sqlite3

    from crosswalk_sandbox.company.blocks import Blocks


def _scattered(number: str) -> str:
    """SQL of :func:`crosswalk_sandbox.salesforce.ids.scatter`, for SQLite has no exclusive or."""
    return f"(({number} | {SCATTER}) - ({number} & {SCATTER}))"


_NUMBER: Final = _scattered("_row")
_DEAL: Final = _scattered('number_of("OpportunityId")')
_STAMPED: Final = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
_STAMPS: Final = {name: moment(name) for name in _STAMPED}
_DEAL_STAMPS: Final = {
    "CreatedDate": "deal.created",
    "LastModifiedDate": "deal.changed",
    "SystemModstamp": "deal.changed",
}


def _id(prefix: str, number: str) -> str:
    return f"minted('{prefix}', {number})"


def _where_set(column: str, value: str) -> str:
    return f'CASE WHEN made."{column}" IS NOT NULL THEN {value} END'


def _erp_id(base: int, number: str) -> str:
    return _where_set("ERP_Id__c", f"CAST({base} + {number} AS TEXT)")


_ORDER: Final = f"(made.number + :orders) * {company_ids.TRANSACTIONS_PER_ORDER}"
# Rows keep their distance: a block's numbers begin at a multiple of what `scatter` permutes.
_TABLES: Final = (
    CopiedTable(
        "Account",
        {
            "_row": "made._row + :parties",
            "Id": _id(company_ids.ACCOUNT, "made.number + :parties"),
            "Name": 'company_name(made."Name", made.family)',
            "AccountNumber": _where_set("AccountNumber", f"'C' || ({NUMBER_BASE} + made.number + :parties)"),
            "Phone": 'phone(made."Phone")',
            "Website": 'site(made."Website", made.family)',
            "BillingStreet": 'street(made."BillingStreet")',
            "ShippingStreet": 'street(made."ShippingStreet")',
            "ParentId": _where_set("ParentId", _id(company_ids.ACCOUNT, "made.parent + :parties")),
            "ERP_Id__c": _erp_id(company_ids.NETSUITE_CUSTOMER_BASE, "made.number + :parties"),
            **_STAMPS,
        },
        {
            "number": _NUMBER,
            "family": f"{_NUMBER} / {GROUP}",
            "parent": 'number_of("ParentId")',
            **moment_kept(*_STAMPED),
        },
    ),
    CopiedTable(
        "Contact",
        {
            "_row": "made._row + :contacts",
            "Id": _id(company_ids.CONTACT, "made.number + :contacts"),
            "FirstName": 'first_name(made."FirstName")',
            "Name": """CASE WHEN made."FirstName" IS NULL THEN made."LastName"
                       ELSE first_name(made."FirstName") || ' ' || made."LastName" END""",
            "Email": f'mail(made."Email", made.party / {GROUP})',
            "Phone": 'phone(made."Phone")',
            "MobilePhone": 'phone(made."MobilePhone")',
            "AccountId": _id(company_ids.ACCOUNT, "made.party + :parties"),
            "ERP_Id__c": _erp_id(company_ids.NETSUITE_CONTACT_BASE, "made.number + :contacts"),
            **_STAMPS,
        },
        {"number": _NUMBER, "party": 'number_of("AccountId")', **moment_kept(*_STAMPED)},
    ),
    CopiedTable(
        "Opportunity",
        {
            "_row": "made._row + :deals",
            "Id": "deal.id",
            "Name": """substr(word.word || ' ' || made."Name", 1, 120)""",
            "AccountId": _id(company_ids.ACCOUNT, "made.party + :parties"),
            "PO_Number__c": digits("PO_Number__c"),
            "ERP_Id__c": _erp_id(company_ids.NETSUITE_TRANSACTION_BASE, _ORDER),
            "ERP_Number__c": _where_set("ERP_Number__c", f"'SO' || ({FIRST_ORDER} + made.number + :orders)"),
            **_DEAL_STAMPS,
        },
        {
            "number": _NUMBER,
            "party": 'number_of("AccountId")',
            "family": f'number_of("AccountId") / {GROUP}',
            **digits_kept("PO_Number__c"),
            **moment_kept("CreatedDate", "LastModifiedDate"),
        },
        {
            "place": "made._row",
            "id": _id(company_ids.OPPORTUNITY, "made.number + :deals"),
            "created": moment("CreatedDate"),
            "changed": moment("LastModifiedDate"),
        },
        f'{WORDS} CROSS JOIN "moved_Opportunity" deal ON deal.place = made._row',
    ),
    CopiedTable(
        "OpportunityLineItem",
        {
            "_row": "made._row + :deal_lines",
            "Id": _id(company_ids.OPPORTUNITY_LINE, "made.number + :deal_lines"),
            "Name": """substr(word.word || ' ' || made."Name", 1, 376)""",
            "OpportunityId": "deal.id",
            **_DEAL_STAMPS,
        },
        {
            "number": _NUMBER,
            "deal": _DEAL,
            "family": f'(SELECT number_of(o."AccountId") / {GROUP} FROM "Opportunity" o WHERE o._row = {_DEAL})',
        },
        joins=f'{WORDS} CROSS JOIN "moved_Opportunity" deal ON deal.place = made.deal',
    ),
)


GROWING: Final = frozenset(
    f"{table.name}_{name}"
    for table in _TABLES
    for name in ("id", "live", "AccountId", "OpportunityId", "AccountNumber", "ERP_Id__c")
)
"""Indexes whose entries of a copy lie behind those of the copies before: they are cheaper kept than sorted in the end."""


def copy_company(connection: sqlite3.Connection, blocks: Blocks) -> dict[str, int]:
    """Add the copies; returns the highest number by which each sObject's sequence grew."""
    connection.create_function("minted", 2, mint)
    connection.create_function("number_of", 1, lambda own: None if own is None else number_of(own))
    copy_blocks(connection, blocks, _TABLES, {})
    last = blocks.copies()[-1] if blocks.count > 1 else None
    if last is None:
        return {}
    return {
        "Account": last.parties,
        "Contact": last.contacts,
        "Opportunity": last.deals,
        "OpportunityLineItem": last.deal_lines,
    }
