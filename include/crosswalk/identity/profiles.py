"""What is compared for each entity: its columns, its blocking keys, its comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from crosswalk.identity import spelling
from crosswalk.identity.blocking import Key, Keys, one_slip_apart, rare_words
from crosswalk.identity.comparison import (
    Comparison,
    addresses,
    company_names,
    equal,
    person_names,
    product_names,
)
from crosswalk.identity.table import Codes, Columns, Table, codes, together

Row = Mapping[str, str | None]
_POSTAL_AREA = 3
_END = 3  # words: items of some ERPs are called "Valves : Ball valve 1in"


@dataclass(frozen=True, slots=True)
class Profile:
    """How an entity is matched. ``reads`` are the canonical fields it wants.

    The column ``partition`` is what a pair must agree in where both sides know it: a customer's subsidiary.
    """

    entity: str
    reads: tuple[str, ...]
    columns: Callable[[Iterable[Row]], Columns]
    keys: Callable[[Table], Keys]
    comparisons: tuple[Comparison, ...]
    keyed_by: Mapping[str, frozenset[str]]  # which blocking keys presuppose that a comparison agrees


def _customer_columns(rows: Iterable[Row]) -> Columns:
    columns: dict[str, list[str]] = {name: [] for name in _CUSTOMER_COLUMNS}
    for row in rows:
        where = "billing" if row.get("billing_postal_code") or row.get("billing_city") else "shipping"
        name, postal = spelling.company(row.get("name")), spelling.code(row.get(f"{where}_postal_code"))
        line, country = row.get(f"{where}_street"), row.get(f"{where}_country") or ""
        words = sorted(name.split())
        for column, value in (
            ("name", name),
            ("name_key", " ".join(words)),
            ("name_glued", name.replace(" ", "")),
            ("number", spelling.code(row.get("number"))),
            ("email", (row.get("email") or "").lower()),
            ("domain", spelling.domain(row.get("website"), row.get("email"))),
            ("phone", spelling.digits_of_phone(row.get("phone"))),
            ("street", spelling.street(line)),
            ("house", spelling.house(line)),
            ("postal", f"{country}{postal}" if postal else ""),
            ("postal_area", f"{country}{postal[:_POSTAL_AREA]}" if postal else ""),
            ("city", spelling.folded(row.get(f"{where}_city"))),
            ("country", country),
            ("partition", spelling.folded(row.get("subsidiary"))),
        ):
            columns[column].append(value)
    return columns


_CUSTOMER_COLUMNS = (
    *("name", "name_key", "name_glued", "number", "email", "domain", "phone"),
    *("street", "house", "postal", "postal_area", "city", "country", "partition"),
)


def _customer_keys(table: Table) -> Keys:
    rarest, second = _rare(table, "name")
    begin, end = _made(table, "name_glued", lambda name: name[:4]), _made(table, "name_glued", lambda name: name[-4:])
    country, area, city = table.codes("country"), table.codes("postal_area"), table.codes("city")
    return {
        **{column: Key(*table.codes(column)) for column in ("domain", "email", "phone", "number")},
        "name": Key(*table.codes("name_glued")),
        "words": Key(*table.codes("name_key")),
        "one slip": one_slip_apart(*(_glued(side["name_key"]) for side in (table.left, table.right))),
        "consonants": Key(*_made(table, "name", spelling.skeleton)),
        "first word, initial": Key(*together(_made(table, "name", _first_and_initial), country)),
        "begins": Key(*_made(table, "name_key", _begins)),
        "door": Key(*together(table.codes("postal"), table.codes("house"))),
        "rarest word, country": Key(*together(rarest, country)),
        "rarest words": Key(*together(rarest, second)),
        "second word, area": Key(*together(second, area)),
        "begin, area": Key(*together(begin, area)),
        "begin, city": Key(*together(begin, city)),
        "end, area": Key(*together(end, area)),
        "end, city": Key(*together(end, city)),
    }


def _made(table: Table, column: str, make: Callable[[str], str]) -> tuple[Codes, Codes]:
    return codes(*(list(map(make, side[column])) for side in (table.left, table.right)))


def _rare(table: Table, column: str) -> tuple[tuple[Codes, Codes], tuple[Codes, Codes]]:
    first, second = rare_words(table.left[column], table.right[column])
    return codes(*first), codes(*second)


def _glued(texts: Sequence[str]) -> list[str]:
    return [text.replace(" ", "") for text in texts]


def _first_and_initial(name: str) -> str:
    first, _, rest = name.partition(" ")
    return f"{first} {rest[:1]}" if rest else ""


def _begins(words: str) -> str:
    begins = [word[:3] for word in words.split()]
    return " ".join(begins) if len(begins) > 1 else ""


CUSTOMER = Profile(
    "customer",
    (
        *("name", "number", "email", "phone", "website", "subsidiary"),
        *(
            f"{kind}_{part}"
            for kind in ("billing", "shipping")
            for part in ("street", "city", "postal_code", "country")
        ),
    ),
    _customer_columns,
    _customer_keys,
    (
        Comparison(
            "name",
            ("the same name", "nearly the same name", "one name within the other", "a similar name", "another name"),
            (0.62, 0.18, 0.1, 0.06, 0.04),
            company_names,
            frequent="name_key",
        ),
        Comparison(
            "address",
            ("the same door", "the same postal code", "the same town", "another town", "another country"),
            (0.78, 0.1, 0.08, 0.035, 0.005),
            addresses,
            proof=1,
        ),
        Comparison(
            "domain", ("the same web address", "another web address"), (0.95, 0.05), equal("domain"), "domain", 0
        ),
        Comparison("phone", ("the same phone", "another phone"), (0.85, 0.15), equal("phone"), "phone", 0),
        Comparison("email", ("the same e-mail", "another e-mail"), (0.4, 0.6), equal("email"), "email", 0),
        Comparison("number", ("the same number", "another number"), (0.98, 0.02), equal("number"), "number", 0),
    ),
    {
        "name": frozenset(
            {
                "name",
                "words",
                "one slip",
                "rarest words",
                "rarest word, country",
                "consonants",
                "first word, initial",
                "begins",
            }
        ),
        "address": frozenset({"door"}),
        "domain": frozenset({"domain", "email"}),
        "phone": frozenset({"phone"}),
        "email": frozenset({"email"}),
        "number": frozenset({"number"}),
    },
)


def _contact_columns(rows: Iterable[Row]) -> Columns:
    columns: dict[str, list[str]] = {
        name: [] for name in ("first_name", "last_name", "full_name", "email", "phone", "customer", "partition")
    }
    for row in rows:
        first, last = spelling.folded(row.get("first_name")), spelling.folded(row.get("last_name"))
        for column, value in (
            ("first_name", first),
            ("last_name", last),
            ("full_name", f"{first} {last}".strip()),
            ("email", (row.get("email") or "").lower()),
            ("phone", spelling.digits_of_phone(row.get("phone") or row.get("mobile"))),
            ("customer", row.get("customer") or ""),
            ("partition", ""),
        ):
            columns[column].append(value)
    return columns


def _contact_keys(table: Table) -> Keys:
    company, begin = table.codes("customer"), _made(table, "last_name", lambda name: name[:3])
    return {
        "email": Key(*table.codes("email")),
        "phone": Key(*table.codes("phone")),
        "name, company": Key(*together(table.codes("last_name"), company)),
        "begin, company": Key(*together(begin, company)),
        "full name": Key(*table.codes("full_name")),
        "one slip": one_slip_apart(*(_glued(side["full_name"]) for side in (table.left, table.right))),
    }


CONTACT = Profile(
    "contact",
    ("first_name", "last_name", "email", "phone", "mobile", "customer_key"),
    _contact_columns,
    _contact_keys,
    (
        Comparison(
            "name",
            (
                "the same name",
                "nearly the same name",
                "the same last name, the first cut short",
                "the same last name, the first not known",
                "another name",
            ),
            (0.8, 0.1, 0.03, 0.05, 0.02),
            person_names,
            frequent="full_name",
        ),
        Comparison("email", ("the same e-mail", "another e-mail"), (0.9, 0.1), equal("email"), "email", 0),
        Comparison("phone", ("the same phone", "another phone"), (0.7, 0.3), equal("phone"), "phone", 0),
        Comparison(
            "company", ("at the same company", "at another company"), (0.97, 0.03), equal("customer"), "customer", 0
        ),
    ),
    {
        "name": frozenset({"full name", "name, company", "begin, company", "one slip"}),
        "email": frozenset({"email"}),
        "phone": frozenset({"phone"}),
        "company": frozenset({"name, company", "begin, company"}),
    },
)


def _product_columns(rows: Iterable[Row]) -> Columns:
    columns: dict[str, list[str]] = {
        name: [] for name in ("sku", "name_key", "name_end", "name_digits", "description", "kind", "partition")
    }
    for row in rows:
        name = spelling.folded(row.get("name"))
        words = sorted(name.split())
        for column, value in (
            ("sku", spelling.code(row.get("sku"))),
            ("name_key", " ".join(words)),
            ("name_end", " ".join(name.split()[-_END:])),
            ("name_digits", " ".join(word for word in words if any(map(str.isdigit, word)))),
            # What it says beyond the name: descriptions repeat names, and what is said twice would count twice.
            ("description", " ".join(_others(spelling.folded(row.get("description")), words))),
            ("kind", row.get("product_type") or ""),
            ("partition", ""),
        ):
            columns[column].append(value)
    return columns


def _others(text: str, words: Sequence[str]) -> list[str]:
    return [word for word in text.split() if word not in words]


def _product_keys(table: Table) -> Keys:
    rarest, second = _rare(table, "name_key")
    return {
        "sku": Key(*table.codes("sku")),
        "name": Key(*table.codes("name_key")),
        "end": Key(*table.codes("name_end")),
        "rarest words": Key(*together(rarest, second)),
        "one slip": one_slip_apart(*(_glued(side["name_key"]) for side in (table.left, table.right))),
    }


PRODUCT = Profile(
    "product",
    ("sku", "name", "description", "product_type"),
    _product_columns,
    _product_keys,
    (
        Comparison("sku", ("the same number", "another number"), (0.93, 0.07), equal("sku"), "sku", 0),
        Comparison(
            "name",
            ("the same name", "nearly the same name", "a similar name", "another name"),
            (0.7, 0.2, 0.08, 0.02),
            product_names,
            frequent="name_key",
        ),
        Comparison(
            "description",
            ("the same description", "another description"),
            (0.6, 0.4),
            equal("description"),
            "description",
        ),
        Comparison("kind", ("the same kind", "another kind"), (0.9, 0.1), equal("kind")),
    ),
    {
        "sku": frozenset({"sku"}),
        "name": frozenset({"name", "end", "rarest words", "one slip"}),
        "description": frozenset(),
        "kind": frozenset(),
    },
)

PROFILES: Mapping[str, Profile] = {profile.entity: profile for profile in (CUSTOMER, CONTACT, PRODUCT)}
