"""What a check is made from: the pairing, what its two systems map and read, and the pieces of SQL that all checks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crosswalk.mapping.document import SystemMapping
from crosswalk.model.entities import ENTITIES
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side

LABELS: Mapping[str, str] = {
    "customer": "name",
    "contact": "email",
    "product": "name",
    "price": "price_list",
    "stock": "location",
    "deal": "name",
    "deal_line": "description",
    "order": "number",
    "order_line": "description",
    "invoice": "number",
    "payment": "number",
    "shipment": "number",
}
"""The field by which a person knows a record."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A check's SQL. Each violation row names its records as ``crm_key`` and ``erp_key``; the population is one number."""

    violations: str
    population: str


@dataclass(frozen=True, slots=True)
class Pair:
    """How links join the two systems' records: the links' entity, and the entity of either end."""

    link: str
    crm: str
    erp: str

    def entity(self, side: Side) -> str:
        """Return the entity of one end."""
        return self.crm if side == "crm" else self.erp


def pair_of(entity: str) -> Pair:
    """Return what links an entity's records; deals are linked with orders."""
    return Pair("deal_order", "deal", "order") if entity in ("deal", "order") else Pair(entity, entity, entity)


@dataclass(frozen=True, slots=True)
class Scope:
    """A pairing with its two mapping files."""

    pairing: Pairing
    mappings: Mapping[Side, SystemMapping]

    def system(self, side: Side) -> str:
        """Return a side's system as an SQL literal."""
        return literal(self.pairing.side(side).system)

    def reads(self, side: Side, entity: str) -> bool:
        """Tell whether phase 1 reads ``entity`` there."""
        return entity in self.pairing.phases["visibility"].read.get(side, ())

    def readers(self, entity: str) -> Iterator[Side]:
        """Yield the sides that ``entity`` is read from."""
        yield from (side for side in SIDES if self.reads(side, entity))

    def maps(self, side: Side, entity: str, field: str) -> bool:
        """Tell whether a side's mapping has ``field``."""
        mapping = self.mappings[side].entities.get(entity)
        return mapping is not None and field in mapping.fields

    def told(self, side: Side, entity: str, field: str) -> frozenset[str]:
        """Return the values that a side's mapping can give ``field``; empty where it lists none."""
        mapping = self.mappings[side].entities.get(entity)
        return frozenset(mapping.fields[field].values.values()) if mapping and field in mapping.fields else frozenset()

    def linked(self, entity: str, joins: str = "") -> str:
        """Return the FROM clause of living linked records: ``a`` is the CRM's, ``b`` the ERP's, ``mine`` and ``theirs`` the ends.

        ``joins`` are put before the WHERE, which may be added to.
        """
        pair, name = pair_of(entity), literal(self.pairing.name)
        of_link = f"pairing = {name} and {{}}.entity = {literal(pair.link)}"
        return f"""hub.link_end mine
            join hub.link_end theirs on theirs.link_id = mine.link_id and theirs.system = {self.system("erp")} and theirs.{of_link.format("theirs")}
            join {table(pair.crm)} a on a.system = mine.system and a.key = mine.key and a.deleted_at is null
            join {table(pair.erp)} b on b.system = theirs.system and b.key = theirs.key and b.deleted_at is null {joins}
            where mine.system = {self.system("crm")} and mine.{of_link.format("mine")}"""

    def further(self, alias: str) -> str:
        """Return a condition: whether an ERP's customer is a further one of its account, in another subsidiary."""
        return f"""exists (select 1 from hub.further_end f where f.pairing = {literal(self.pairing.name)} and f.entity = 'customer'
            and f.system = {alias}.system and f.key = {alias}.key)"""

    def living(self, side: Side, entity: str) -> str:
        """Return the FROM clause of a side's living records, as ``x``."""
        return f"{table(entity)} x where x.system = {self.system(side)} and x.deleted_at is null"


def literal(value: str) -> str:
    """Return ``value`` as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def literals(values: tuple[str, ...]) -> str:
    """Return values as the inside of an SQL ``in (…)``."""
    return ", ".join(map(literal, values))


def table(entity: str) -> str:
    """Return the image table of ``entity``; raises KeyError for what is none."""
    return f'hub."{ENTITIES[entity].name}"'


def record(side: Side, entity: str) -> str:
    """Return the columns that name one side's record ``x``."""
    mine, other = ("crm_key", "erp_key") if side == "crm" else ("erp_key", "crm_key")
    return f"x.key as {mine}, null::text as {other}, x.{LABELS[entity]} as record"


def union(parts: list[str]) -> str:
    """Return queries one after the other; columns are matched by place, so all of them name the same ones in the same order."""
    return " union all ".join(f"({part})" for part in parts)
