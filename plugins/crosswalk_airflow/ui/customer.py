"""One customer in both systems: found by name, number, domain or key, then CRM and ERP side by side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui.common import READS, Name, PageError, choose_pairing, hub_of, page

if TYPE_CHECKING:
    from crosswalk.facts.model import CustomerFacts
    from crosswalk.pairing import Pairing

router = APIRouter(dependencies=READS)

Asked = Annotated[str, Query(max_length=200)]
Key = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("/customer")
def customers(request: Request, pairing: Name = None, q: Asked = "") -> HTMLResponse:
    """Show the customers that fit what is typed."""
    from crosswalk.facts.search import SHORTEST, search

    chosen, all_pairings = choose_pairing(pairing)
    with hub_of(chosen).connection() as connection:
        found = search(connection, chosen, q)
    content: dict[str, object] = {"pairing": chosen, "pairings": all_pairings, "asked": q.strip(), "found": found}
    return page(request, "customers.html", content | {"shortest": SHORTEST})


@router.get("/customer/record")
def customer(request: Request, system: Name, key: Key, pairing: Name = None, q: Asked = "") -> HTMLResponse:
    """Show one customer, asked for by its key in either system."""
    chosen, facts = facts_of(pairing, system or "", key)
    return page(request, "customer.html", {"pairing": chosen, "facts": facts, "asked": q.strip()})


def facts_of(name: str | None, system: str, key: str) -> tuple[Pairing, CustomerFacts]:
    """Return what is known of a customer; raises PageError when nothing is."""
    from crosswalk.facts.customer import customer_facts

    chosen, _ = choose_pairing(name)
    if system not in (chosen.crm.system, chosen.erp.system):
        raise PageError("No such system", f"{chosen.title} has {chosen.crm.system} and {chosen.erp.system}.")
    if "\x00" in key:
        raise PageError("No such customer", "A record's key has no such characters.")
    with hub_of(chosen).connection() as connection:
        facts = customer_facts(connection, chosen, system, key, today=datetime.now(UTC).date())
    if facts is None:
        raise PageError(
            "No such customer", f"The hub has never read customer {key} from {system}. Search for it by name."
        )
    return chosen, facts
