from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswalk.connectors.meter import path_template
from crosswalk.connectors.redaction import MASK, redact
from crosswalk.connectors.registry import open_connector
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import ConfigurationError


def test_settings_show_what_is_set_and_no_value() -> None:
    settings = ConnectionSettings("h.example", "me@x.example", "pw-1", {"consumer_secret": "cs-2", "domain": "login"})
    assert repr(settings) == "ConnectionSettings(host=***, login=***, password=***, consumer_secret=***, domain=***)"
    assert set(settings.secrets()) == {"pw-1", "cs-2"}


def test_a_field_nobody_filled_in_counts_as_absent() -> None:
    settings = ConnectionSettings(password="", extra={"domain": "  ", "version": "62.0"})
    assert (settings.get("password"), settings.get("domain"), settings.get("version")) == (None, None, "62.0")
    with pytest.raises(ConfigurationError, match="Add `domain` to the connection"):
        settings.require("domain", purpose="the login host")


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/services/data/v59.0/sobjects/Account/0015500001QdQWaAAN", "/services/data/v59.0/sobjects/Account/{id}"),
        ("/services/data/v60.0/query/0r8xx5R2sM3DgWhASK-2000", "/services/data/v60.0/query/{id}"),
        ("/services/rest/record/v1/salesOrder/1234?expand=x", "/services/rest/record/v1/salesOrder/{id}"),
        ("/services/rest/record/v1/salesOrder/eid:SF-OPP-a", "/services/rest/record/v1/salesOrder/eid:{id}"),
        (
            "/services/rest/record/v1/customer/eid%3AX/addressBook",
            "/services/rest/record/v1/customer/eid:{id}/addressBook",
        ),
        ("/api/data/v9.2/accounts(3f2504e0-4f89-11d3-9a0c-0305e82c3301)", "/api/data/v9.2/accounts({id})"),
        ("/services/data/v59.0/composite/sobjects", "/services/data/v59.0/composite/sobjects"),
    ],
)
def test_paths_are_counted_by_template(path: str, template: str) -> None:
    assert path_template(path) == template


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60), st.text(max_size=80))
def test_a_known_secret_never_survives_redaction(secret: str, around: str) -> None:
    shown = redact(f"{around}{secret}{around}{secret}", [secret])
    assert secret not in shown or secret in f"{around}{MASK}{around}{MASK}"


def test_a_plain_sentence_survives_redaction() -> None:
    text = "Invalid username, password, security token; or user locked out."
    assert redact(text) == text


def test_an_unknown_platform_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"oracle.*salesforce"):
        open_connector("oracle", ConnectionSettings())
