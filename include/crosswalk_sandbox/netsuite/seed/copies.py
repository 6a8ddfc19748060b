"""Further blocks of a large company: the first one's rows copied inside the account, under ids of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import customer_key
from crosswalk_sandbox.company.customers import NUMBER_BASE
from crosswalk_sandbox.company.deals import FIRST_ORDER
from crosswalk_sandbox.company.orders import ORDERED_BY_HAND
from crosswalk_sandbox.company.profiles import GROUP
from crosswalk_sandbox.kernel.copying import CopiedTable, copy_blocks, digits, digits_kept, moment, moment_kept
from crosswalk_sandbox.netsuite.records.addresses import address_text
from crosswalk_sandbox.netsuite.seed.parties import FIRST_ADDRESS

if TYPE_CHECKING:
    import sqlite3

    from crosswalk_sandbox.company.blocks import Blocks

_CUSTOMER: Final = ids.NETSUITE_CUSTOMER_BASE
_TRANSACTION: Final = ids.NETSUITE_TRANSACTION_BASE
_NAME: Final = "substr(company_name(made.{0}, made.family), 1, 83)"


def _later(step: str, *columns: str) -> dict[str, str]:
    """Columns that grow by a number."""
    return {column: f'made."{column}" + :{step}' for column in columns}


def _moments(*columns: str) -> dict[str, str]:
    return {column: moment(column) for column in columns}


def _family(customer: str) -> dict[str, str]:
    return {"family": f"({customer} - {_CUSTOMER}) / {GROUP}"}


def _word(customer: str) -> str:
    """SQL of the word before a customer's name."""
    return f"(SELECT w.word FROM copy_word w WHERE w.family = ({customer} - {_CUSTOMER}) / {GROUP})"


_SEQUENCE: Final = f"made.id - {_TRANSACTION} + :transactions"
_PLACE: Final = f"({_SEQUENCE}) / {ids.TRANSACTIONS_PER_ORDER}"
_NUMBER: Final = f"made.prefix || CASE made.type WHEN 'SalesOrd' THEN {FIRST_ORDER} + {_PLACE} ELSE {_SEQUENCE} END"
_HAND: Final = f"'{ORDERED_BY_HAND}'"
_MEMO: Final = (
    f"CASE WHEN made.memo LIKE {_HAND} || '%' THEN {_HAND} || {_word('made.entity')} || ' ' ||"
    f" substr(made.memo, length({_HAND}) + 1) ELSE made.memo END"
)
_HEAD: Final = "CROSS JOIN moved_transaction head ON head.id = made.{0}"

_PARTIES: Final = (
    CopiedTable(
        "address",
        {
            **_later("addresses", "nkey"),
            **_moments("lastmodifieddate"),
            **_later("parties", "recordowner"),
            "addressee": _NAME.format("addressee"),
            "addr1": "street(made.addr1)",
            "addrtext": f"address_text({_NAME.format('addressee')}, street(made.addr1), made.addr2, made.addr3, made.city,"
            " made.state, made.zip, made.country)",
        },
        {**_family("recordowner"), **moment_kept("lastmodifieddate")},
        where=f"nkey > {FIRST_ADDRESS}",
    ),
    CopiedTable(
        "customer",
        {
            **_later("parties", "id", "parent", "toplevelparent"),
            **_later("addresses", "defaultbillingaddress", "defaultshippingaddress"),
            **_moments("datecreated", "lastmodifieddate"),
            "entityid": f"'C' || (made.id - {_CUSTOMER} + {NUMBER_BASE} + :parties)",
            "altname": _NAME.format("altname"),
            "companyname": _NAME.format("companyname"),
            "email": "mail(made.email, made.family)",
            "phone": "phone(made.phone)",
            "url": "site(made.url, made.family)",
            "vatregnumber": digits("vatregnumber"),
            "externalid": f"customer_key(made.externalid, made.id - {_CUSTOMER} + :parties)",
            "defaultaddress": "(SELECT a.addrtext FROM address a WHERE a.nkey = made.defaultbillingaddress + :addresses)",
        },
        {**_family("id"), **digits_kept("vatregnumber"), **moment_kept("datecreated", "lastmodifieddate")},
    ),
    CopiedTable(
        "contact",
        {
            **_later("contacts", "id"),
            **_later("parties", "company"),
            **_moments("datecreated", "lastmodifieddate"),
            "entityid": "first_name(made.firstname) || substr(made.entityid, length(made.firstname) + 1)",
            "firstname": "first_name(made.firstname)",
            "email": "mail(made.email, made.family)",
            "phone": "phone(made.phone)",
            "mobilephone": "phone(made.mobilephone)",
            "externalid": f"contact_key(made.externalid, made.id - {ids.NETSUITE_CONTACT_BASE} + :contacts)",
        },
        {**_family("company"), **moment_kept("datecreated", "lastmodifieddate")},
    ),
    CopiedTable(
        "customeraddressbook",
        {**_later("addresses", "internalid", "addressbookaddress"), **_later("parties", "entity")},
    ),
    CopiedTable("customercurrencybalance", _later("parties", "customer")),
    CopiedTable(
        "customersubsidiaryrelationship",
        {**_later("relations", "id"), **_later("parties", "entity"), **_moments("lastmodifieddate")},
        moment_kept("lastmodifieddate"),
    ),
    CopiedTable("companycontactrelationship", {**_later("parties", "company"), **_later("contacts", "contact")}),
)
_DOCUMENTS: Final = (
    CopiedTable(
        "transaction",
        {
            **_later("transactions", "id", "createdfrom"),
            **_later("parties", "entity"),
            **_later("addresses", "billingaddress", "shippingaddress"),
            **_moments("createddate"),
            **dict.fromkeys(("tranid", "transactionnumber", "number", "typebaseddocumentnumber"), "head.number"),
            "lastmodifieddate": "head.changed",
            "trandisplayname": "made.caption || head.number",
            "otherrefnum": digits("otherrefnum"),
            "memo": "head.memo",
            "externalid": "CASE WHEN made.externalid IS NOT NULL THEN order_key(made.deal + :deals) END",
            "linkedtrackingnumberlist": "CASE WHEN made.linkedtrackingnumberlist IS NOT NULL"
            " THEN parcels(made.linkedtrackingnumberlist) END",
        },
        {
            "prefix": "rtrim(tranid, '0123456789')",
            "caption": "substr(trandisplayname, 1, length(trandisplayname) - length(tranid))",
            **digits_kept("otherrefnum"),
            **moment_kept("createddate", "lastmodifieddate"),
            "deal": f"(id - {_TRANSACTION}) / {ids.TRANSACTIONS_PER_ORDER}",
        },
        {"id": "made.id", "number": _NUMBER, "changed": moment("lastmodifieddate"), "memo": _MEMO},
        _HEAD.format("id"),
    ),
    CopiedTable(
        "transactionline",
        {
            **_later("lines", "uniquekey"),
            **_later("transactions", "transaction", "createdfrom", "orderdoc"),
            **_later("parties", "entity"),
            "memo": "CASE made.mainline WHEN 'T' THEN head.memo ELSE made.memo END",
            "linelastmodifieddate": "head.changed",
        },
        joins=_HEAD.format('"transaction"'),
    ),
    CopiedTable(
        "transactionlink",
        {**_later("transactions", "previousdoc", "nextdoc"), "lastmodifieddate": "head.changed"},
        joins=_HEAD.format("nextdoc"),
    ),
    CopiedTable("applyline", _later("transactions", "transaction", "doc")),
    CopiedTable(
        "package",
        {
            **_later("packages", "number"),
            **_later("transactions", "transaction"),
            "trackingnumber": "parcels(made.trackingnumber)",
        },
    ),
    CopiedTable("trackingnumber", {**_later("packages", "id"), "trackingnumber": "parcels(made.trackingnumber)"}),
    CopiedTable("trackingnumbermap", {**_later("transactions", "transaction"), **_later("packages", "trackingnumber")}),
)
_KEYS: Final = (
    ("entity", "customer", "customer"),
    ("entity", "contact", "contact"),
    ("transaction", "salesOrder", "transaction"),
)


GROWING: Final = frozenset(
    {
        "line_document", "transaction_kind", "transaction_from", "transaction_external", "link_previous", "link_next", "apply_document",
        "apply_doc", "package_document", "tracking_document", "customer_entity", "customer_parent", "customer_external",
        "contact_company", "contact_external", "company_contact", "contact_companies", "customer_subsidiary", "address_book",
        "customer_currency",
    }
)  # fmt: skip
"""Indexes whose entries of a copy lie behind those of the copies before: they are cheaper kept than sorted in the end."""


def copy_company(
    connection: sqlite3.Connection, blocks: Blocks, *, addresses: int, relations: int, lines: int, packages: int
) -> None:
    """Add the copies; the numbers say how many of each the first block has."""
    if blocks.count == 1:
        return
    connection.create_function("address_text", 8, _address_text)
    connection.create_function("customer_key", 2, lambda key, number: key and customer_key(key, number))
    connection.create_function("contact_key", 2, lambda key, number: key and ids.contact_external_id(number))
    connection.create_function("order_key", 1, ids.order_external_id)
    further = {"addresses": addresses, "relations": relations, "lines": lines, "packages": packages}
    copy_blocks(connection, blocks, (*_PARTIES, *_DOCUMENTS), further)
    for family, kind, table in _KEYS:
        connection.execute(
            f'INSERT OR IGNORE INTO externalkey SELECT ?, externalid, ?, id FROM "{table}" WHERE externalid IS NOT NULL'
            " ORDER BY externalid",
            (family, kind),
        )


def _address_text(*values: str | None) -> str | None:
    return address_text(
        dict(zip(("addressee", "addr1", "addr2", "addr3", "city", "state", "zip", "country"), values, strict=True))
    )
