"""What is missing is named before the first run, with the remedy: by the systems, and by the pairing against the systems."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from crosswalk.connectors.protocol import Connector, Finding
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.pairing import ChoiceRule, load_pairing
from crosswalk.stages.creation import create, propose, report
from crosswalk.stages.preflight import Place, countries_known, currencies_known, preflight, price_lists, table
from crosswalk_airflow.local.sandbox import connection_to
from tests.stages.world import INCLUDE, World

REPOSITORY = Path(__file__).parents[2]
PAIRING = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")


def with_rule(world: World, block: str, name: str, rule: ChoiceRule) -> None:
    """Change one rule of the orders block."""
    orders = world.pairing.orders
    orders = orders.model_copy(update={block: {**getattr(orders, block), name: rule}})
    world.pairing = world.pairing.model_copy(update={"orders": orders})


def test_the_shipped_pairing_fits_the_demo_company_and_every_wrong_id_is_named(catalogue_world: World) -> None:
    world = catalogue_world
    world.pull_all("visibility")
    sound = preflight(world.context())
    assert sound.blocking == 0
    with_rule(world, "header", "location", ChoiceRule(by="shipping_country", values={"US": "1", "DE": "77"}))
    with_rule(world, "customer", "terms", ChoiceRule(default="99"))
    with_rule(world, "customer", "currency", ChoiceRule(by="currency", values={"USD": "1", "EUR": "2"}))
    products = world.pairing.products.model_copy(update={"item": {"taxSchedule": "9"}})
    world.pairing = world.pairing.model_copy(
        update={"products": products, "price_lists": {"No such book": "Base Price"}}
    )
    wrong = preflight(world.context())
    blocking = {place.finding.subject: place.finding for place in wrong.findings if place.finding.blocking}
    assert set(blocking) == {
        "orders.header.location",
        "orders.customer.terms",
        "orders.customer.currency",
        "products.item.taxSchedule",
        "price_lists",
    }
    assert "'77' for DE" in blocking["orders.header.location"].problem
    assert "3 (Lager Stuttgart)" in blocking["orders.header.location"].remedy
    assert "EUR is written as '2', which is GBP" in blocking["orders.customer.currency"].problem
    assert all(finding.remedy for finding in blocking.values())
    assert wrong.findings[0].finding.blocking


def test_what_a_map_lacks_is_named_with_the_deals_it_would_stop() -> None:
    (lacking, *_) = currencies_known(PAIRING, ["USD", "JPY"])
    assert "JPY" in lacking.problem
    assert "USD" not in lacking.problem
    assert not list(currencies_known(PAIRING, ["USD", "EUR"]))
    subjects = {finding.subject for finding in countries_known(PAIRING, [("US", 12), ("JP", 3)])}
    assert subjects == {"orders.header.location", "orders.line.taxCode", "orders.customer.subsidiary"}


def test_price_lists_are_matched_one_to_one() -> None:
    books, levels = ["Standard Price Book", "Online", "Wholesale"], ["Base Price", "Online Price", "Wholesale"]
    assert list(price_lists(PAIRING, books, levels)) == []
    (lonely,) = price_lists(PAIRING, [*books, "Partner"], levels)
    assert "Partner of salesforce" in lonely.problem
    (missing, *_) = price_lists(PAIRING, books, ["Base Price", "Wholesale"])
    assert (missing.blocking, "no price list 'Online Price'" in missing.problem) == (True, True)


def test_the_table_has_a_remedy_for_every_line_and_what_blocks_is_marked() -> None:
    text = table(
        PAIRING,
        [
            Place("netsuite", Finding("login", "The token was refused.", "Issue a new one.")),
            Place("salesforce", Finding("Orders", "Off.", "Turn them on.", blocking=False)),
        ],
    )
    lines = text.splitlines()
    assert lines[0] == "Preflight of netsuite_salesforce: 1 blocking, 1 to know."
    assert [line[:9].strip() for line in lines[2:]] == ["BLOCKS", "", "to know", ""]
    assert [line.strip() for line in lines if "→" in line] == ["→ Issue a new one.", "→ Turn them on."]


def environment(world: World, home: Path, **changes: str) -> dict[str, str]:
    """Return an environment in which Airflow holds the world's connections."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
    connections = {}
    for name in ("salesforce", "netsuite"):
        given = dict(connection_to(name, world.vendors[name].emulator.access(world.vendors[name].base_url)))
        extra = (
            {**json.loads(str(given["extra"])), **changes} if name == "netsuite" else json.loads(str(given["extra"]))
        )
        connections[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(
            {"conn_type": name, "login": given.get("login"), "password": given.get("password"), "extra": extra}
        )
    return (
        kept
        | connections
        | {
            "AIRFLOW_CONN_CROSSWALK_HUB": world.hub.dsn,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PYTHONPATH": f"{REPOSITORY}/include:{REPOSITORY}/plugins",
        }
    )


MISSING = ("Account.ERP_Id__c", "Opportunity.PO_Number__c")


def without_fields(world: World) -> None:
    """Take custom fields out of the CRM, as an org has it that nobody has prepared."""
    for full_name in MISSING:
        world.vendors["salesforce"].emulator.actions["remove_field"]({"full_name": full_name})


def test_what_is_missing_is_listed_created_and_kept_in_the_ledger_and_netsuite_says_why_it_creates_nothing(
    catalogue_world: World,
) -> None:
    world = catalogue_world
    without_fields(world)
    found = preflight(world.context())
    missing = {place.finding.subject for place in found.findings if place.where == "salesforce"}
    assert set(MISSING) <= missing
    proposals = {proposal.system: proposal for proposal in propose(world.context(), found)}
    assert set(MISSING) < {creation.subject for creation in proposals["salesforce"].creations}
    assert preflight(world.context()).findings == found.findings, "proposing writes nothing"
    (made,) = create(world.context(actor="ann"), found)
    assert {f"Created {name}." for name in MISSING} < set(made.done)
    after = preflight(world.context())
    assert not set(MISSING) & {place.finding.subject for place in after.findings}
    told = world.rows("select actor, system, detail->>'done' from hub.ledger where kind = 'set_up' order by id")
    assert told == [("ann", "salesforce", sentence) for sentence in made.done]
    assert create(world.context(), found)[0].done == (), "a second time nothing is left to do"
    blind = preflight(world.context(open_connector=lambda side: without_rights(world, side)))
    erp = next(one for one in propose(world.context(), blind) if one.system == "netsuite")
    assert (erp.creations, "make no fields" in erp.nothing) == ((), True)


def test_what_changed_in_a_schema_since_the_last_look_is_told_once_and_kept(catalogue_world: World) -> None:
    world = catalogue_world
    crm, erp = (world.vendors[name].emulator.actions for name in ("salesforce", "netsuite"))
    preflight(world.context())
    assert preflight(world.context()).findings == preflight(world.context()).findings
    crm["require_field"]({"full_name": "Account.Phone"})
    crm["hide_field"]({"full_name": "Contact.MobilePhone"})
    erp["hide_field"]({"full_name": "customer.phone"})

    def drift() -> dict[str, str]:
        problems = (place.finding for place in preflight(world.context()).findings if not place.finding.blocking)
        return {finding.subject: finding.problem for finding in problems if " since " in finding.problem}

    told = drift()
    assert {"Account.Phone", "Contact.MobilePhone", "customer.phone"} == set(told)
    assert "must be given" in told["Account.Phone"]
    assert "is gone" in told["customer.phone"]
    assert drift() == {}
    kept = world.rows("select entity, key, detail->'changes' from hub.ledger where kind = 'schema' order by id desc")
    assert ("customer", "Account", [told["Account.Phone"]]) in kept


def without_rights(world: World, side: str) -> Connector:
    """Return a connector whose ERP login is refused."""
    if side == "crm":
        return world.connector(side)
    settings = world.vendors["netsuite"].settings()
    extra = {**settings.extra, "token_secret": "not-the-secret"}
    return open_connector("netsuite", ConnectionSettings(extra=extra), system="netsuite")


def test_what_a_user_may_not_create_is_told_and_stops_nobody(catalogue_world: World) -> None:
    without_fields(catalogue_world)
    catalogue_world.read_only = True
    made = create(catalogue_world.context(), preflight(catalogue_world.context()))
    assert [(one.system, one.done, bool(one.trouble)) for one in made] == [("salesforce", (), True)]
    assert "not everything could be done" in report(made)


def run_preflight(world: World, home: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crosswalk_airflow.command_line", "preflight", "netsuite_salesforce", *arguments],
        cwd=REPOSITORY,
        env=environment(world, home),
        input=answer,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_the_command_line_lists_asks_creates_and_looks_again(catalogue_world: World, tmp_path: Path) -> None:
    world = catalogue_world
    world.pull_all("visibility")
    without_fields(world)
    declined = run_preflight(world, tmp_path, "--create", answer="n\n")
    assert declined.returncode == 1, declined.stderr[-2000:]
    assert "In salesforce would be created:\n  - New field" in declined.stdout
    assert "Nothing was created." in declined.stdout
    created = run_preflight(world, tmp_path, "--create", "--yes")
    assert created.returncode == 0, (created.stdout + created.stderr)[-2000:]
    would, done = created.stdout.split("In salesforce was done:")
    assert all(name in would and f"- Created {name}." in done for name in MISSING)
    assert "In netsuite nothing would be created." in would
    assert done.count("Preflight of netsuite_salesforce: 0 blocking") == 1
    refused = run_preflight(world, tmp_path, "--create", "--read-only")
    assert (refused.returncode, "leave --read-only out" in refused.stderr) == (2, True)


def test_the_task_creates_when_its_form_says_so_and_never_on_a_form_that_forbids_writing(
    catalogue_world: World, tmp_path: Path
) -> None:
    world = catalogue_world
    world.pull_all("visibility")
    without_fields(world)

    def task(**params: bool) -> subprocess.CompletedProcess[str]:
        script = str(Path(__file__).with_name("run_preflight.py"))
        surroundings = environment(world, tmp_path) | {"AIRFLOW__CROSSWALK__INCLUDE_FOLDER": str(INCLUDE)}
        command = [sys.executable, script, PAIRING.name, json.dumps(params)]
        return subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=300, check=False)

    forbidden = task(writes=False, create=True)
    assert (forbidden.returncode, "Turn Writes on, or Create off." in forbidden.stderr) == (1, True)
    assert {"Account.ERP_Id__c"} <= {place.finding.subject for place in preflight(world.context()).findings}
    done = task(writes=True, create=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])["blocking"] == 0
    assert all(f"Created {name}." in done.stderr + done.stdout for name in MISSING)


def test_the_command_line_prints_the_table_fails_when_something_blocks_and_tells_no_secret(
    catalogue_world: World, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crosswalk_airflow.command_line", "preflight", "netsuite_salesforce"],
        cwd=REPOSITORY,
        env=environment(catalogue_world, tmp_path, token_secret="not-the-secret"),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said[-2000:]
    head, _, *rows = done.stdout.splitlines()
    assert head.startswith("Preflight of netsuite_salesforce: 1 blocking")
    assert rows[0].split()[:2] == ["BLOCKS", "netsuite"]
    assert [row for row in rows if "→" in row]
    held = [*catalogue_world.vendors["netsuite"].settings().extra.values(), "not-the-secret"]
    assert not [secret for secret in held if len(secret) > 12 and "://" not in secret and secret in said]
