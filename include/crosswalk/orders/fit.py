"""Whether the mapping files let a pairing's orders be told of: what it wants written can be written there, and what it creates is known again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosswalk.mapping.converters import Law, prefixes_of
from crosswalk.mapping.document import SystemMapping
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing
from crosswalk.platforms import Side


def refuse_unwritable(pairing: Pairing, mappings: Mapping[Side, SystemMapping]) -> None:
    """Raise ConfigurationError naming every field that the pairing writes by name, and that its mapping cannot write."""
    if found := list(_unwritable(pairing, mappings)):
        raise ConfigurationError(
            "\n".join(found), hint=f"Name a canonical field of the mapping, or change pairing {pairing.name}."
        )


def _unwritable(pairing: Pairing, mappings: Mapping[Side, SystemMapping]) -> Iterator[str]:
    note = pairing.orders.approvals.note_field
    wanted: list[tuple[str, Side, str, str]] = [("orders.approvals.note_field", "erp", "order", note)] if note else []
    wanted += [(f"write_back.{entity}", "crm", entity, name) for entity, names in pairing.write_back.items() for name in names]  # fmt: skip
    wanted += [("orders.carry", "erp", "order", name) for name in pairing.orders.carry]
    for setting, side, entity, name in wanted:
        mapping = mappings[side].entities.get(entity)
        field = None if mapping is None else mapping.fields.get(name) or mapping.extras.get(name)
        if field is None:
            yield f"{setting}: {pairing.side(side).mapping} maps no {entity}.{name}."
        elif field.law is Law.ONE_WAY:
            yield f"{setting}: {field.place}: {entity}.{name} is one_way, and the pairing writes it."


def refuse_strange_keys(pairing: Pairing, erp: SystemMapping) -> None:
    """Raise ConfigurationError naming every entity whose records the pairing creates in the ERP under keys that the mapping does not read."""
    if found := list(_strange_keys(pairing, erp)):
        raise ConfigurationError(
            "\n".join(found), hint='Name the prefix there, beside the others: `strip_prefix: "SF-ACC- HS-COM-"`.'
        )


def _strange_keys(pairing: Pairing, erp: SystemMapping) -> Iterator[str]:
    for entity, prefix in pairing.crm.key_prefixes.items():
        mapping = erp.entities.get(entity)
        field = mapping and mapping.fields.get("counterpart_key")
        known = [one for use in (field.convert if field else ()) if use.name == "strip_prefix" for one in prefixes_of(use.argument or "")]  # fmt: skip
        if field and known and prefix not in known:
            yield (
                f"crm.key_prefixes.{entity}: {field.place}: keys that begin with {prefix} are not read, only those with {' or '.join(known)};"
                " what is created would not be linked again by its key."
            )
