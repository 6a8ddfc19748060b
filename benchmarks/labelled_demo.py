"""The demo company's customers, people and products as both systems write them, with the truth; stored keys and numbers left out."""

from __future__ import annotations

from datetime import UTC, datetime

from benchmarks.labelled_companies import Labelled, Row
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Address, Company, Size

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def demo_company(accounts: int, products: int = 20) -> Company:
    """Return the demo company of so many accounts."""
    return generate(now=NOW, size=Size(accounts=accounts, products=products, deals=1))


def demo_customers(accounts: int) -> Labelled:
    """Return both sides' customers: branches, subsidiaries and duplicates among them, none with a number."""
    found = Labelled()
    for party in demo_company(accounts).parties():
        if party.crm is not None:
            one = party.crm
            found.left[party.id] = _customer(one.name, None, one.phone, one.website, one.billing)
        if party.erp is not None:
            other = party.erp
            found.right[party.id] = _customer(other.name, other.email, other.phone, other.url, other.billing)
        if party.crm is not None and party.erp is not None:
            found.true.add((party.id, party.id))
    return found


def demo_contacts(accounts: int) -> Labelled:
    """Return both sides' people, each at its company."""
    found = Labelled()
    for party in demo_company(accounts).parties():
        for person in party.contacts:
            sides = ((found.left, person.crm), (found.right, person.erp))
            for rows, one in sides:
                if one is not None:
                    rows[person.id] = {
                        "first_name": one.first_name,
                        "last_name": one.last_name,
                        "email": one.email,
                        "phone": one.phone,
                        "mobile": one.mobile,
                        "customer": party.id,
                    }
            if person.crm is not None and person.erp is not None:
                found.true.add((person.id, person.id))
    return found


def demo_products(products: int, *, with_numbers: bool = True) -> Labelled:
    """Return both catalogues."""
    found = Labelled()
    for product in demo_company(10, products).products():
        if product.crm is not None:
            mine = product.crm
            found.left[product.id] = _product(mine.code if with_numbers else None, mine.name, mine.description)
        if product.erp is not None:
            theirs = product.erp
            number = theirs.number if with_numbers else None
            found.right[product.id] = _product(number, theirs.display_name, theirs.description)
        if product.crm is not None and product.erp is not None:
            found.true.add((product.id, product.id))
    return found


def _customer(name: str, email: str | None, phone: str | None, website: str | None, address: Address | None) -> Row:
    return {
        "name": name,
        "number": None,
        "email": email,
        "phone": phone,
        "website": website,
        "billing_street": "\n".join(address.lines) if address else None,
        "billing_city": address.city if address else None,
        "billing_postal_code": address.postal_code if address else None,
        "billing_country": address.country_code if address else None,
    }


def _product(sku: str | None, name: str, description: str | None) -> Row:
    return {"sku": sku, "name": name, "description": description, "product_type": None}
