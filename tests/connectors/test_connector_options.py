"""Options that callers give connectors: bounds and units by name, and errors that name the option."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crosswalk.connectors.options import Options
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import ConfigurationError

SETTINGS = ConnectionSettings(
    "127.0.0.1",
    "kim",
    "secret",
    {
        "account_id": "1",
        "consumer_key": "k",
        "consumer_secret": "s",
        "token_id": "t",
        "token_secret": "s",
        "company_db": "D",
    }
    | {"access_token": "a", "security_token": "x", "domain": "login", "base_url": "http://127.0.0.1:1"},
)


def test_a_duration_is_of_the_unit_that_its_name_ends_with() -> None:
    options = Options({"overlap_minutes": "3", "reread_hours": 2})
    assert options.duration("overlap_minutes", 10, 60) == timedelta(minutes=3)
    assert options.duration("reread_hours", 24, 60) == timedelta(hours=2)
    assert options.duration("lag_seconds", 5, 60) == timedelta(seconds=5)


@pytest.mark.parametrize("platform", ["salesforce", "netsuite", "hubspot", "sap_business_one"])
@pytest.mark.parametrize("value", ["many", 0, 101, 2.5])
def test_every_connector_names_the_option_that_cannot_be(platform: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match="attempts"):
        open_connector(platform, SETTINGS, options={"attempts": value})
    assert open_connector(platform, SETTINGS, options={"attempts": 7}).system == platform
