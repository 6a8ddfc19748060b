"""Whether two mapping files let a rule table be carried out: what it reads is read, and what it moves can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosswalk.mapping.converters import Law
from crosswalk.mapping.definition import EntityMapping
from crosswalk.mapping.document import SystemMapping
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing
from crosswalk.platforms import Side

FIELD_OF: Mapping[Side, str] = {"crm": "stage", "erp": "kind"}
"""The customer's field that is moved on each side."""


def refuse_unfit(pairing: Pairing, mappings: Mapping[Side, SystemMapping]) -> None:
    """Raise ConfigurationError naming everything that keeps the pairing's ``lifecycle`` from being carried out, by file and line."""
    if found := list(_unfit(pairing, mappings)):
        raise ConfigurationError(
            "\n".join(found), hint=f"Mend it there, or change `lifecycle` of pairing {pairing.name}."
        )


def _unfit(pairing: Pairing, mappings: Mapping[Side, SystemMapping]) -> Iterator[str]:
    policy = pairing.lifecycle
    if policy is None:
        return
    written = {"crm": tuple(policy.to_crm.values()), "erp": tuple(policy.to_erp.values())}
    for side, name in FIELD_OF.items():
        customer, file = mappings[side].entities.get("customer"), pairing.side(side).mapping
        if customer is None or name not in customer.fields:
            place = customer.place if customer else file
            yield f"{place}: lifecycle goes by the customer's {name}, which is not mapped. Add `{name}: {{native: …, law: lossy, values: …}}`."
            continue
        yield from _unwritable(customer, name, written[side])
    customer = mappings["erp"].entities.get("customer")
    target = customer.fields["kind"].target if customer and "kind" in customer.fields else None
    if policy.to_erp and target in pairing.orders.customer:
        yield f"orders.customer.{target} of pairing {pairing.name} says what lifecycle says, too. Take it out there."


def _unwritable(customer: EntityMapping, name: str, wanted: tuple[str, ...]) -> Iterator[str]:
    field = customer.fields[name]
    if wanted and field.law is Law.ONE_WAY:
        yield f"{field.place}: customer.{name} is one_way, and lifecycle moves it. Say `law: lossy`, and by `write` where it is written."
    elif field.values:
        for value in dict.fromkeys(wanted):
            if value not in field.values.values():
                yield f"{field.place}: customer.{name} has no native value for {value!r}, to which lifecycle moves customers. Add it to `values`."
