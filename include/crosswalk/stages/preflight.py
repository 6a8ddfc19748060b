"""preflight: what is missing before the first run, in either system and between the two, each with its remedy. Writes to no system."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import psycopg

from crosswalk.connectors.protocol import Connector, Finding
from crosswalk.mapping.converters import Law
from crosswalk.mapping.places import currency_codes
from crosswalk.model.errors import CrosswalkError
from crosswalk.model.records import Selection
from crosswalk.pairing import ChoiceRule, Pairing
from crosswalk.pairing.document import SIDES
from crosswalk.platforms import Side
from crosswalk.stages.context import StageContext
from crosswalk.stages.drift import drifted
from crosswalk.stages.timeline import EVENT

Choices = Callable[[str], Mapping[str, str] | None]
"""What a native reference of the ERP may be, by id; None where that cannot be known."""

_CRM_LISTS = "select distinct price_list from hub.price where system = %s and deleted_at is null order by 1"
_COUNTRIES = """
select billing_country, count(*) from hub.customer
 where system = %s and deleted_at is null and billing_country is not null group by 1 order by 2 desc, 1
"""
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A finding and whose it is: a system's, or the pairing's own."""

    where: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """Everything that was found, what blocks first."""

    findings: tuple[Place, ...]

    @property
    def blocking(self) -> int:
        """How many findings would stop a pipeline or write something wrong."""
        return sum(place.finding.blocking for place in self.findings)

    def as_dict(self) -> dict[str, object]:
        """Return counts only, fit for XCom."""
        return {"findings": len(self.findings), "blocking": self.blocking}


def preflight(ctx: StageContext) -> PreflightResult:
    """Ask both systems and compare them with what the pairing says. A system that cannot be asked is a finding, not an error."""
    found: list[Place] = []
    connectors: dict[Side, Connector] = {}
    for side in SIDES:
        system = ctx.pairing.side(side).system
        try:
            connectors[side] = ctx.open_connector(side)
            found += [Place(system, finding) for finding in _of_system(ctx, side, connectors[side])]
        except CrosswalkError as error:
            found.append(Place(system, _trouble(ctx.pairing.side(side).connection, error)))
    found += [Place(ctx.pairing.name, finding) for finding in _of_pairing(ctx, connectors)]
    return PreflightResult(tuple(sorted(found, key=lambda place: not place.finding.blocking)))


def _trouble(subject: str, error: CrosswalkError) -> Finding:
    return Finding(subject, error.message, error.hint)


def _of_system(ctx: StageContext, side: Side, connector: Connector) -> list[Finding]:
    entities = dict.fromkeys(name for phase in ctx.pairing.phases.values() for name in phase.read.get(side, ()))
    wanted = [ctx.mapper(side, entity).selection for entity in entities]
    if side == "crm" and ctx.pairing.timeline and ctx.pairing.timeline.mode != "off":
        wanted.append(Selection(EVENT, EVENT, ()))
    found = connector.preflight(wanted)
    return [*found, *drifted(ctx, side, connector)]


def _of_pairing(ctx: StageContext, connectors: Mapping[Side, Connector]) -> Iterator[Finding]:
    yield from product_fields(ctx)
    yield from parent_fields(ctx)
    if "erp" in connectors:
        choices = _choices_of(ctx.pairing.erp.platform, connectors["erp"])
        yield from values_exist(ctx.pairing, choices)
    if "crm" in connectors:
        yield from currencies_known(ctx.pairing, _currencies(ctx, connectors["crm"]))
    with ctx.hub.connection() as connection:
        yield from countries_known(ctx.pairing, connection.execute(_COUNTRIES, (ctx.pairing.crm.system,)).fetchall())
        yield from price_lists(ctx.pairing, _price_lists(ctx, connection, "crm"), _price_lists(ctx, connection, "erp"))


def _choices_of(platform: str, connector: Connector) -> Choices:
    name = f"crosswalk.connectors.{platform}.choices"
    if find_spec(name) is None:
        return lambda field: None
    ask: Callable[[Connector, str], Mapping[str, str] | None] = import_module(name).choices
    known: dict[str, Mapping[str, str] | None] = {}

    def choices(field: str) -> Mapping[str, str] | None:
        if field not in known:
            known[field] = ask(connector, field)
        return known[field]

    return choices


def _currencies(ctx: StageContext, connector: Connector) -> tuple[str, ...]:
    mapping = ctx.mapping("crm").entities["deal"]
    field = mapping.fields.get("currency")
    if field is None:
        return ()
    try:
        described = connector.describe("deal", mapping.native).fields
    except CrosswalkError:
        return ()  # the system's own findings say so
    return described[field.native].values if field.native in described else ()


def _price_lists(ctx: StageContext, connection: psycopg.Connection, side: Side) -> list[str]:
    return [name for (name,) in connection.execute(_CRM_LISTS, (ctx.pairing.side(side).system,))]


# --- What only the pairing knows -----------------------------------------------------------------------


def _blocks(pairing: Pairing) -> dict[str, Mapping[str, ChoiceRule]]:
    policy = pairing.orders
    return {"orders.header": policy.header, "orders.line": policy.line, "orders.customer": policy.customer}


def values_exist(pairing: Pairing, choices: Choices) -> Iterator[Finding]:
    """Every id the pairing writes must be there in the ERP, and a currency's id must be that currency's."""
    given: dict[tuple[str, str], list[tuple[str | None, str | None]]] = {}
    in_currencies: set[str] = set()
    for place, rules in _blocks(pairing).items():
        for name, rule in rules.items():
            given[f"{place}.{name}", name] = [
                *((value, fact) for fact, value in rule.values.items()),
                (rule.default, None),
            ]
            if rule.by == "currency":
                in_currencies.add(f"{place}.{name}")
    if pairing.products.create_items != "never":
        given |= {(f"products.item.{name}", name): [(value, None)] for name, value in pairing.products.item.items()}
    for (subject, name), values in given.items():
        known = choices(name)
        if known is not None:
            yield from _values_exist(pairing, subject, name, values, known)
            if subject in in_currencies:
                yield from _currencies_meant(pairing, subject, values, known)


def _values_exist(
    pairing: Pairing,
    subject: str,
    name: str,
    values: Sequence[tuple[str | None, str | None]],
    known: Mapping[str, str],
) -> Iterator[Finding]:
    there = _those(known)
    for value in dict.fromkeys(value for value, _ in values if value is not None and value not in known):
        facts = [fact for given, fact in values if given == value and fact]
        written = f"{value!r} for {', '.join(facts)}" if facts else repr(value)
        yield Finding(
            subject,
            f"The pairing writes {written}, and {pairing.erp.system} has no such {name}.",
            f"Correct it in the pairing file; there are: {there}.",
        )


def _currencies_meant(
    pairing: Pairing, subject: str, values: Sequence[tuple[str | None, str | None]], known: Mapping[str, str]
) -> Iterator[Finding]:
    """A currency's value must not be another currency's: the ERP calls one by its code, or by an id whose label is the code."""
    for given, fact in values:
        if given is None or fact is None or given not in known:
            continue
        meant = next((code for code in (known[given], given) if code in currency_codes()), fact)
        if meant != fact:
            yield Finding(
                subject,
                f"{fact} is written as {given!r}, which is {meant} in {pairing.erp.system}.",
                f"Correct it in the pairing file; there are: {_those(known)}.",
            )


def _those(known: Mapping[str, str]) -> str:
    return ", ".join(f"{key} ({label})" for key, label in list(known.items())[:12]) or "none that the role may see"


def currencies_known(pairing: Pairing, currencies: Sequence[str]) -> Iterator[Finding]:
    """Name the CRM's currencies whose deals could not become orders."""
    yield from _facts_known(pairing, ("currency",), list(currencies), "deals in {}")


def countries_known(pairing: Pairing, countries: Sequence[tuple[str, int]]) -> Iterator[Finding]:
    """Name the countries of accounts (by how many accounts) whose deals could not become orders."""
    yield from _facts_known(
        pairing, ("billing_country", "shipping_country"), [country for country, _ in countries], "accounts in {}"
    )


def _facts_known(pairing: Pairing, facts: Sequence[str], present: Sequence[str], whose: str) -> Iterator[Finding]:
    for place, rules in _blocks(pairing).items():
        for name, rule in rules.items():
            missing = [fact for fact in present if fact not in rule.values]
            if rule.by in facts and rule.default is None and missing:
                yield Finding(
                    f"{place}.{name}",
                    f"It has no value for {whose.format(', '.join(missing[:10]))}; their deals would wait in quarantine.",
                    f"Add {', '.join(missing[:10])} to {place}.{name}.values in the pairing file, or give it a default.",
                    blocking=False,
                )


def price_lists(pairing: Pairing, crm: Sequence[str], erp: Sequence[str]) -> Iterator[Finding]:
    """The CRM's price books and the ERP's price levels must match one to one; one without a partner is compared with nothing."""
    if not crm or not erp:
        lacking = pairing.crm.system if not crm else pairing.erp.system
        yield Finding(
            "price_lists",
            f"No prices of {lacking} have been read yet, so that price lists are not compared.",
            "Run phase 1 once, then preflight again.",
            blocking=False,
        )
        return
    for side, name in [
        *(("crm", book) for book in pairing.price_lists if book not in crm),
        *(("erp", level) for level in pairing.price_lists.values() if level not in erp),
    ]:
        there = crm if side == "crm" else erp
        yield Finding(
            "price_lists",
            f"{pairing.side('crm' if side == 'crm' else 'erp').system} has no price list {name!r}.",
            f"Correct it in the pairing file; there are: {', '.join(there)}.",
        )
    alike = {book: book for book in crm if book in erp} | dict(pairing.price_lists)
    lonely = [book for book in crm if book not in alike], [level for level in erp if level not in alike.values()]
    for system, names in zip((pairing.crm.system, pairing.erp.system), lonely, strict=True):
        if names:
            yield Finding(
                "price_lists",
                f"{', '.join(names)} of {system} has no partner on the other side.",
                "Add the pair to `price_lists` in the pairing file (price book: price level), or give both one name.",
                blocking=False,
            )


def product_fields(ctx: StageContext) -> Iterator[Finding]:
    """Every product field the pairing lets travel must be mapped on both sides, and writable where it goes."""
    if "products" not in ctx.pairing.phases:
        return
    for side in SIDES:
        mapping, file = ctx.mapping(side).entities.get("product"), ctx.pairing.side(side).mapping
        for name, master in ctx.pairing.products.fields.items():
            field = mapping.fields.get(name) if mapping else None
            first = ctx.pairing.matching.survivors.get("product", {}).get(name, master)
            if field is None:
                yield Finding(f"products.fields.{name}", f"{file} maps no {name} of products.", "Add a line for it.")
            elif field.law is Law.ONE_WAY and not master == first == side:
                yield Finding(
                    f"products.fields.{name}",
                    f"{field.place} only reads {name}, but the pairing writes it there.",
                    f"Change its law, or make {name} the {side.upper()}'s own in the pairing file.",
                )


def parent_fields(ctx: StageContext) -> Iterator[Finding]:
    """Where parents are carried, both sides must read them, and the one that takes them over must let them be written."""
    policy = ctx.pairing.hierarchies
    for side in SIDES if policy else ():
        mapping, file = ctx.mapping(side).entities.get("customer"), ctx.pairing.side(side).mapping
        field = mapping.fields.get("parent_key") if mapping else None
        if field is None:
            yield Finding("hierarchies", f"{file} maps no parent_key of customers.", "Add a line for it.")
        elif field.law is Law.ONE_WAY and policy and policy.master != side:
            yield Finding(
                "hierarchies",
                f"{field.place} only reads parent_key, but the pairing writes it there.",
                f"Change its law, or make hierarchies.master the {side.upper()} in the pairing file.",
            )


# --- The table people read -----------------------------------------------------------------------------


def table(pairing: Pairing, findings: Sequence[Place]) -> str:
    """Return the findings as a table with a remedy a line; one sentence when there are none."""
    if not findings:
        return f"Preflight of {pairing.name}: nothing is missing."
    blocking = sum(place.finding.blocking for place in findings)
    head = f"Preflight of {pairing.name}: {blocking} blocking, {len(findings) - blocking} to know."
    where = max(len(place.where) for place in findings)
    subject = min(max(len(place.finding.subject) for place in findings), 40)
    rows = [line for place in findings for line in _row(place, where, subject)]
    return "\n".join([head, "", *rows])


def _row(place: Place, where: int, subject: int) -> list[str]:
    finding, margin = place.finding, " " * (9 + where + 2 + subject + 2)
    mark = "BLOCKS" if finding.blocking else "to know"
    said = textwrap.wrap(finding.problem, _WIDTH) or [""]
    done = textwrap.wrap(f"→ {finding.remedy}", _WIDTH) if finding.remedy else []
    first = f"{mark:<9}{place.where:<{where}}  {finding.subject:<{subject}}  {said[0]}"
    return [first, *(f"{margin}{line}" for line in (*said[1:], *done))]
