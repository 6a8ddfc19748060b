"""Everything about one customer in both systems, gathered by indexes in a handful of queries however large the company is."""

from __future__ import annotations

from datetime import date

from psycopg.rows import class_row

from crosswalk.facts.crm import CrmFacts
from crosswalk.facts.erp import ErpFacts
from crosswalk.facts.model import Contact, CustomerFacts, Event, Listed, Party, Trouble
from crosswalk.facts.parties import ALWAYS, ON_REQUEST, candidates, known_as, others, parties
from crosswalk.hub.database import Connection
from crosswalk.hub.links import counterparts
from crosswalk.pairing import Pairing

LIST = 10

_CONTACTS = """
select key, nullif(concat_ws(' ', first_name, last_name), ''), title, email, coalesce(phone, mobile)
  from hub.contact where system = %s and customer_key = %s and deleted_at is null and is_active is not false
 order by last_name nulls last, first_name nulls last, key limit 200
"""

_TROUBLE = "system, entity, key, stage, error_class, message, hint, first_seen"
_OF_CHILDREN = """
select {columns} from hub.quarantine q
 where q.pairing = %(pairing)s and q.status = 'open' and q.system = %({side})s and q.entity = '{entity}'
   and q.key in (select key from hub."{entity}" where system = %({side})s and customer_key = %({side}_key)s)
"""
_CHILDREN = {"crm": ("contact", "deal"), "erp": ("contact", "order", "invoice", "payment", "shipment")}

_TROUBLES = " union all ".join(
    [
        f"select {_TROUBLE} from hub.quarantine where pairing = %(pairing)s and status = 'open' and entity = 'customer'"
        f" and system = %({side})s and key = %({side}_key)s"
        for side in _CHILDREN
    ]
    + [
        _OF_CHILDREN.format(columns=_TROUBLE, side=side, entity=entity)
        for side, entities in _CHILDREN.items()
        for entity in entities
    ]
)

_EVENTS = """
select at, kind, system, actor, array(select jsonb_object_keys(detail -> 'fields') where jsonb_typeof(detail -> 'fields') = 'object') as fields
  from hub.ledger where system = %s and entity = 'customer' and key = %s order by id desc limit %s
"""


def customer_facts(
    connection: Connection, pairing: Pairing, system: str, key: str, *, today: date
) -> CustomerFacts | None:
    """Return the facts of the customer that ``system`` knows as ``key``; None when the hub never heard of it.

    ``today`` decides what is overdue. ERP facts are read only as far as the pairing's ``show_in_crm`` names them.
    """
    shown = frozenset(pairing.show_in_crm)
    found, link = parties(connection, pairing, system, key, shown)
    if not found:
        return None
    crm, erp = found.get("crm"), found.get("erp")
    of_erp = ErpFacts(connection, pairing.erp.system, erp.key if erp else None, shown, today)
    of_crm = CrmFacts(connection, pairing, crm.key if crm else None, erp.key if erp else None, today)
    pipeline, (waiting_totals, waiting) = of_crm.pipeline(), of_crm.waiting()
    alone = next(iter(found.values())) if len(found) == 1 else None
    return CustomerFacts(
        crm=crm,
        erp=erp,
        link=link,
        others=others(connection, pairing, link, erp.key if erp else None, shown),
        candidates=candidates(connection, pairing, alone) if alone else (),
        shown=shown,
        receivables=of_erp.receivables(),
        invoices=of_erp.invoices(),
        paid=of_erp.paid(),
        payments=of_erp.payments(),
        open_orders=of_erp.open_orders(),
        orders=of_erp.orders(),
        shipments=of_erp.shipments(),
        pipeline=pipeline,
        deals=of_crm.deals(pipeline),
        waiting_totals=waiting_totals,
        waiting=waiting,
        offers=of_crm.offers(shown),
        contacts=_contacts(connection, pairing, crm, erp),
        troubles=_troubles(connection, pairing, crm, erp),
        events=_events(connection, [party for party in (crm, erp) if party], shown),
        known_as=known_as(connection, pairing, system, key),
    )


def _contacts(connection: Connection, pairing: Pairing, crm: Party | None, erp: Party | None) -> Listed[Contact]:
    in_crm = _people(connection, crm)
    in_erp = _people(connection, erp)
    linked = counterparts(connection, pairing.name, "contact", pairing.crm.system, pairing.erp.system, list(in_crm))
    people = [_contact(row, in_crm=True, in_erp=linked.get(key) in in_erp) for key, row in in_crm.items()]
    known = set(linked.values())
    people += [_contact(row, in_crm=False, in_erp=True) for key, row in in_erp.items() if key not in known]
    people.sort(key=lambda one: (not (one.in_crm and one.in_erp), one.name))
    return Listed(tuple(people[:LIST]), len(people))


def _people(connection: Connection, party: Party | None) -> dict[str, tuple[str | None, ...]]:
    if party is None:
        return {}
    return {row[0]: row[1:] for row in connection.execute(_CONTACTS, (party.system, party.key))}


def _contact(row: tuple[str | None, ...], *, in_crm: bool, in_erp: bool) -> Contact:
    name, title, email, phone = row
    return Contact(name or email or "without a name", title, email, phone, in_crm, in_erp)


def _troubles(connection: Connection, pairing: Pairing, crm: Party | None, erp: Party | None) -> Listed[Trouble]:
    wanted = {
        "pairing": pairing.name,
        "crm": pairing.crm.system,
        "erp": pairing.erp.system,
        "crm_key": crm.key if crm else None,
        "erp_key": erp.key if erp else None,
    }
    with connection.cursor(row_factory=class_row(Trouble)) as cursor:
        rows = cursor.execute(f"{_TROUBLES} order by first_seen desc".encode(), wanted).fetchall()
    return Listed(tuple(rows[:LIST]), len(rows))


def _events(connection: Connection, found: list[Party], shown: frozenset[str]) -> tuple[Event, ...]:
    """Return what happened to the records last; of changes only the names of fields that may be shown."""
    showable = {*ALWAYS, *(field for field in ON_REQUEST if field in shown)}
    events = []
    for party in found:
        for at, kind, system, actor, fields in connection.execute(_EVENTS, (party.system, party.key, LIST)):
            events.append(Event(at, kind, system, actor, tuple(sorted(showable.intersection(fields)))))
    return tuple(sorted(events, key=lambda one: one.at, reverse=True)[:LIST])
