"""A platform is declared once; connection type, hook, operators, pool, links and sandbox follow. No other room names a vendor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import load_pairing
from crosswalk.platforms import STANDARD_PARTS, Platform, platform_of, platforms
from crosswalk_airflow.operators.platforms import deliver_operator, hook_class, pull_operator, settle_operator
from crosswalk_airflow.provider_info import get_provider_info
from crosswalk_sandbox.kernel import registry

ROOT = Path(__file__).parents[2]
EVERY = pytest.mark.parametrize("platform", platforms().values(), ids=platforms())
VENDORS = re.compile(r"salesforce|netsuite|hubspot|business.?one|dataverse|dynamics", re.IGNORECASE)


@EVERY
def test_a_declared_platform_has_its_hook_and_operators(platform: Platform) -> None:
    hook = hook_class(platform.name)
    assert (hook.platform, hook.conn_type, hook.hook_name) == (platform.name, platform.name, platform.title)
    for find, role in ((pull_operator, "Pull"), (deliver_operator, "Deliver"), (settle_operator, "Settle")):
        assert find(platform.name).__name__ == f"{platform.class_prefix}{role}Operator"


@EVERY
def test_its_form_has_a_field_for_whatever_its_sandbox_gives(platform: Platform) -> None:
    if platform.form is None:
        return
    known = {field.name for field in platform.form.fields}
    assert set(platform.sandbox.extra) <= known
    assert set(platform.sandbox.parts) <= set(platform.form.parts) <= set(STANDARD_PARTS)
    (told,) = [t for t in get_provider_info()["connection-types"] if t["connection-type"] == platform.name]
    assert set(told["conn-fields"]) == known
    assert told["hook-class-name"].endswith(f".{hook_class(platform.name).__name__}")


@EVERY
def test_its_emulator_listens_where_the_declaration_says(platform: Platform) -> None:
    assert registry.entry(platform.name).port(registry.PORT_BASE) == platform.sandbox.port


@EVERY
def test_its_records_open_by_paths_of_entities_with_the_key_quoted(platform: Platform) -> None:
    assert set(platform.screens.paths) <= set(ENTITIES)
    assert platform.screens.link({}, "customer", "1") is None
    for path in platform.screens.paths.values():
        assert "{key}" in path


def test_a_link_names_the_screens_and_shows_no_secret_of_the_address() -> None:
    link = platform_of("netsuite").screens.link
    assert link({"account_id": "123_SB1"}, "order", "7") == (
        "https://123-sb1.app.netsuite.com/app/accounting/transactions/transaction.nl?id=7"
    )
    beside = {"base_url": "https://me:secret@123.suitetalk.api.netsuite.com"}
    assert link(beside, "customer", "a/b") == "https://123.app.netsuite.com/app/common/entity/custjob.nl?id=a%2Fb"
    assert link({"account_id": "evil.example/"}, "customer", "7") is None
    assert link(beside, "stock", "7") is None
    assert platform_of("salesforce").screens.link({"instance_url": "javascript:alert(1)"}, "customer", "7") is None


def test_an_unknown_platform_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"oracle.*netsuite, salesforce"):
        platform_of("oracle")


def test_a_pairing_with_the_sides_exchanged_is_refused_by_line(tmp_path: Path) -> None:
    text = (ROOT / "include/pairings/netsuite_salesforce.yaml").read_text()
    file = tmp_path / "exchanged.yaml"
    file.write_text(text.replace("platform: salesforce ", "platform: netsuite "))
    with pytest.raises(ConfigurationError, match=r"exchanged\.yaml:\d+.*NetSuite is an ERP, not a CRM"):
        load_pairing(file)


def test_engine_and_airflow_rooms_name_no_vendor() -> None:
    roots = [ROOT / "include" / "crosswalk", ROOT / "plugins" / "crosswalk_airflow", ROOT / "dags"]
    named = []
    for file in (file for root in roots for file in root.rglob("*.*") if file.suffix != ".pyc"):
        inside = {*file.parts, file.stem}
        if inside & set(platforms()) or file.parent.name == "connectors":
            continue
        named += [
            f"{file.relative_to(ROOT)}:{n}"
            for n, line in enumerate(file.read_text().splitlines(), 1)
            if VENDORS.search(line)
        ]
    assert named == []
