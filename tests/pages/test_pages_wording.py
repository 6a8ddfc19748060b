"""Names as people read them: systems as their vendors write them, what linked two records, how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crosswalk.platforms import title_of
from crosswalk_airflow.ui.rendering import ago
from crosswalk_airflow.ui.wording import flow, rule, said


def test_a_system_is_written_as_its_vendor_writes_it_and_one_with_a_name_of_its_own_keeps_it() -> None:
    assert [title_of(name) for name in ("sap_business_one", "hubspot", "netsuite", "salesforce", "salesforce_emea", None)] == [
        "SAP Business One", "HubSpot", "NetSuite", "Salesforce", "salesforce emea", ""
    ]  # fmt: skip
    assert said("sap_business_one: Document currency differs") == "SAP Business One: Document currency differs"
    assert said("Line 'A': sap_business_one is odd") == "Line 'A': sap_business_one is odd"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stored_key:crm", "SAP Business One's id in HubSpot"),
        ("stored_key:erp", "HubSpot's id in SAP Business One"),
        ("exact:email", "the same email"),
        ("exact:name+billing_postal_code+billing_country", "the same name, billing postal code and billing country"),
        ("scored", "resemblance"),
    ],
)
def test_what_linked_two_records_is_said_in_words(name: str, words: str) -> None:
    assert rule(name, "hubspot", "sap_business_one") == words


def test_long_ago_is_said_in_years_and_months_and_a_flow_by_its_sides() -> None:
    now = datetime.now(UTC)
    assert [ago(now - timedelta(days=days, minutes=1)) for days in (1, 45, 75, 400, 800)] == [
        "1 day ago", "45 days ago", "2 months ago", "13 months ago", "2 years ago"
    ]  # fmt: skip
    assert flow("lifecycle_to_erp") == "lifecycle to ERP"
