"""Further blocks of a large company: the first one's rows copied inside the account, under ids of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import group_of
from crosswalk_sandbox.company.customers import entity_number
from crosswalk_sandbox.company.deals import order_number
from crosswalk_sandbox.hubspot.records.rules import bare_host
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, QUOTE
from crosswalk_sandbox.kernel.copying import CopiedTable, copy_blocks

from .deals import days_to_close
from .parties import Parties, searchable
from .rows import BASES

if TYPE_CHECKING:
    import sqlite3

    from crosswalk_sandbox.company.blocks import Blocks, Copy

_STEPS: Final = {COMPANY: "parties", CONTACT: "contacts", DEAL: "deals", LINE_ITEM: "deal_lines", QUOTE: "deals"}
"""By what the ids of each type grow from copy to copy."""
_DAY: Final = 86_400_000


def _moment(column: str) -> str:
    """SQL of :meth:`~crosswalk_sandbox.company.renaming.Renaming.moment` for milliseconds; ``made`` must keep :func:`_kept`."""
    return f"made.{column}_day + made.{column}_second * :left / :parts * 1000"


def _kept(*columns: str) -> dict[str, str]:
    kept = {}
    for column in columns:
        kept |= {f"{column}_day": f"{column} - {column} % {_DAY}", f"{column}_second": f"{column} % {_DAY} / 1000"}
    return kept


def _records(kind: str, properties: str = "made.properties") -> CopiedTable:
    """How the records of one type become those of a copy."""
    return CopiedTable(
        "record",
        {
            "id": f"made.id + :{_STEPS[kind]}",
            "created": _moment("created"),
            "modified": _moment("modified"),
            "properties": properties,
        },
        _kept("created", "modified"),
        where=f"type = '{kind}'",
        order="id",
        part=kind,
    )


def _associations(source: str, target: str) -> CopiedTable:
    """How the associations from one type to another become those of a copy."""
    first = BASES[source]
    return CopiedTable(
        "association",
        {
            "source": f"made.source + :{_STEPS[source]}",
            "target": f"made.target + :{_STEPS[target]}",
            "since": _moment("since"),
        },
        _kept("since"),
        where=f"source BETWEEN {first} AND {first + 9_999_999_999} AND kind = '{target}'",
        order="source, target, type",
        part=f"{source} {target}",
    )


_TABLES: Final = (
    _records(COMPANY, "company_properties(made.id)"),
    _records(CONTACT, "contact_properties(made.id)"),
    _records(DEAL, f"deal_properties(made.id, {_moment('created')})"),
    _records(LINE_ITEM),
    _records(QUOTE, "quote_properties(made.id)"),
    *(
        _associations(one, other)
        for source, target in ((COMPANY, CONTACT), (COMPANY, DEAL), (CONTACT, DEAL), (DEAL, LINE_ITEM), (DEAL, QUOTE))
        for one, other in ((source, target), (target, source))
    ),
    _associations(COMPANY, COMPANY),
)


def copy_company(connection: sqlite3.Connection, blocks: Blocks, parties: Parties) -> None:
    """Add the copies of the first block, whose ``parties`` know which e-mail addresses there are."""
    if blocks.count == 1:
        return
    renamed = _Renamed(connection, parties)
    for name, count, function in (
        ("company_properties", 1, renamed.company),
        ("contact_properties", 1, renamed.contact),
        ("deal_properties", 2, renamed.deal),
        ("quote_properties", 1, renamed.quote),
    ):
        connection.create_function(name, count, function)
    copy_blocks(connection, blocks, _TABLES, {}, renamed.turn_to)


class _Renamed:
    """Properties of the copies' records, from those of the first block's that have them otherwise."""

    def __init__(self, connection: sqlite3.Connection, parties: Parties) -> None:
        sql = "SELECT id, properties FROM record WHERE type IN (?, ?, ?, ?)"
        rows = connection.execute(sql, (COMPANY, CONTACT, DEAL, QUOTE))
        self._held: dict[int, dict[str, str]] = {ident: orjson.loads(text) for ident, text in rows}
        sql = "SELECT source, target FROM association WHERE source BETWEEN ? AND ? AND kind = ? AND type = 5"
        self._companies: dict[int, int] = dict(connection.execute(sql, (BASES[DEAL], BASES[LINE_ITEM], COMPANY)))
        self._addresses = parties.addresses

    def turn_to(self, copy: Copy) -> None:
        """Make properties of this copy from now on."""
        self._copy = copy
        self._new = copy.renaming

    def company(self, ident: int) -> str:
        """What :meth:`~crosswalk_sandbox.company.blocks.Copy.party` changes of a company."""
        held, new, family = self._held[ident], self._new, group_of(ident - BASES[COMPANY])
        found = {**held, "name": new.company(held["name"], family)}
        if "website" in held:
            site = new.site(held["website"], family) or ""
            found["website"], found["domain"] = site, bare_host(site)
        if "address" in held:
            found["address"] = new.street(held["address"]) or ""
        if "shipping_address" in held:
            first, line_end, others = held["shipping_address"].partition("\n")
            found["shipping_address"] = f"{new.street(first)}{line_end}{others}"
        if "hs_parent_company_id" in held:
            found["hs_parent_company_id"] = _plus(held["hs_parent_company_id"], self._copy.parties)
        if "erp_key" in held:
            found["erp_key"] = _plus(held["erp_key"], self._copy.parties)
        if "erp_number" in held:
            found["erp_number"] = entity_number(ident - BASES[COMPANY] + self._copy.parties)
        return self._phoned(found)

    def contact(self, ident: int) -> str:
        """What the copy changes of a contact; an address that somebody has already is left out."""
        held, new = self._held[ident], self._new
        family = group_of((ident - BASES[CONTACT]) // ids.CONTACTS_PER_PARTY)
        found = dict(held)
        if "firstname" in held:
            found["firstname"] = new.first_name(held["firstname"]) or ""
        if "company" in held:
            found["company"] = new.company(held["company"], family)
        if "mobilephone" in held:
            found["mobilephone"] = new.phone(held["mobilephone"]) or ""
        if "associatedcompanyid" in held:
            found["associatedcompanyid"] = _plus(held["associatedcompanyid"], self._copy.parties)
        if "erp_key" in held:
            found["erp_key"] = _plus(held["erp_key"], self._copy.contacts)
        if "email" in held:
            self._address(found, new.mail(held["email"], family) or "")
        return self._phoned(found)

    def deal(self, ident: int, created: int) -> str:
        """What :meth:`~crosswalk_sandbox.company.blocks.Copy.deal` changes of a deal made at ``created``."""
        held, new = self._held[ident], self._new
        found = {**held, "dealname": self._named(ident, held["dealname"])}
        for name in (f"hs_date_entered_{held['dealstage']}", f"hs_v2_date_entered_{held['dealstage']}"):
            found[name] = new.moment(held[name])
        found["days_to_close"] = days_to_close(held["closedate"], created)
        if "erp_key" in held:
            found["erp_key"] = _plus(held["erp_key"], self._copy.transactions)
        if "erp_order_number" in held:
            found["erp_order_number"] = order_number(ident - BASES[DEAL] + self._copy.orders)
        if "po_number" in held:
            found["po_number"] = new.digits(held["po_number"]) or ""
        return orjson.dumps(found).decode()

    def quote(self, ident: int) -> str:
        """A quote is titled as its deal is named."""
        held = self._held[ident]
        title = self._named(ident - BASES[QUOTE] + BASES[DEAL], held["hs_title"])
        return orjson.dumps({**held, "hs_title": title}).decode()

    def _named(self, deal: int, name: str) -> str:
        family = group_of(self._companies[deal] - BASES[COMPANY])
        return f"{self._new.word(family)} {name}"[:120]

    def _phoned(self, found: dict[str, str]) -> str:
        phone = self._new.phone(found.get("phone"))
        if phone:
            found["phone"] = phone
            found["hs_searchable_calculated_phone_number"] = searchable(phone) or ""
        return orjson.dumps(found).decode()

    def _address(self, found: dict[str, str], address: str) -> None:
        """Give a contact its address unless somebody has it already."""
        if address in self._addresses:
            del found["email"], found["hs_email_domain"]
            return
        self._addresses.add(address)
        found["email"], found["hs_email_domain"] = address, address.rpartition("@")[2]


def _plus(number: str, step: int) -> str:
    return str(int(number) + step)
