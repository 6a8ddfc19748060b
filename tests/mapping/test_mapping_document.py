"""A mapping file's mistakes are named with file, line, field, problem and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.mapping.converters import Law
from crosswalk.mapping.document import load_mapping
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ConfigurationError
from tests.mapping.strategies import MAPPINGS, SHIPPED


def refused(folder: Path, text: str, name: str = "crm.yaml") -> ConfigurationError:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_mapping(path)
    return caught.value


def with_field(line: str, *, system: str = "salesforce", entity: str = "customer") -> str:
    return (
        f"system: {system}\n"
        "entities:\n"
        f"  {entity}:\n"
        "    native: Account\n"
        "    fields:\n"
        "      name: {native: Name, law: iso}\n"
        f"      {line}\n"
    )


FIELD_MISTAKES = {
    "an unknown field": (
        "nmae: {native: N, law: iso}",
        "customer.nmae: is no canonical field.",
        "Did you mean 'name'?",
    ),
    "no native": ("email: {law: iso}", "customer.email.native: is missing.", "native: …"),
    "no law": ("email: {native: E}", "customer.email.law: is missing.", "law: iso | lossy | one_way"),
    "an unknown law": ("email: {native: E, law: both}", "customer.email.law", "law: iso | lossy | one_way"),
    "an unknown setting": (
        "email: {native: E, law: iso, max_lenght: 3}",
        "max_lenght: is no setting.",
        "Did you mean 'max_length'?",
    ),
    "a length that is no number": (
        "email: {native: E, law: iso, max_length: long}",
        "customer.email.max_length",
        "Correct the value",
    ),
    "an unknown converter": (
        "owner: {native: O, law: iso, convert: web_site}",
        "'web_site' is no converter.",
        "Did you mean 'website'?",
    ),
    "a converter for another kind": (
        "owner: {native: O, law: iso, convert: negate}",
        "does not fit a field of kind text",
        "Remove it",
    ),
    "a converter without its argument": (
        "owner: {native: O, law: iso, convert: prefix}",
        "'prefix' needs a text.",
        "{prefix:",
    ),
    "an argument too many": (
        "owner: {native: O, law: iso, convert: {key: x}}",
        "'key' takes no argument.",
        "convert: key",
    ),
    "decimals that are no number": (
        "balance: {native: B, law: lossy, convert: {round: two}}",
        "from 0 to 9",
        "{round: 2}",
    ),
    "a country spelling that is none": (
        "billing_country: {native: C, law: iso, convert: {country: iso3}}",
        "needs the spelling",
        "name",
    ),
    "a converter after the final one": (
        "owner: {native: O, law: iso, convert: [key, {prefix: a}]}",
        "'key' gives the final form",
        "last",
    ),
    "a value that is no choice": (
        "credit_hold: {native: C, law: iso, values: {OK: ok, Stop: hlod}}",
        "'hlod' (for 'Stop') is no value of the field.",
        "Did you mean 'hold'?",
    ),
    "a value map that cannot be turned round": (
        "credit_hold: {native: C, law: iso, values: {OK: ok, Fine: ok, Hold: hold}}",
        "OK, Fine all mean 'ok', yet the law is iso.",
        "law: lossy",
    ),
    "a value map with a rest": (
        "credit_hold: {native: C, law: iso, values: {OK: ok, '*': hold}}",
        "'*' cannot be turned round",
        "one_way",
    ),
    "iso where a converter loses": (
        "website: {native: W, law: iso, convert: {website: ''}}",
        "loses something",
        "law: lossy",
    ),
    "iso with a default": ("owner: {native: O, law: iso, default: nobody}", "a default cannot be told", "law: lossy"),
    "iso with a second source": ("owner: {native: O, law: iso, otherwise: P}", "`otherwise`", "law: lossy"),
    "a default that does not fit": (
        "is_active: {native: A, law: lossy, default: maybe}",
        "default: 'maybe' is neither",
        "canonical value",
    ),
    "writing through a relation": (
        "owner: {native: Owner.Name, law: iso}",
        "'Owner.Name' belongs to a related record",
        "write: …",
    ),
    "write of a one_way field": ("owner: {native: O, law: one_way, write: P}", "`write` has no use", "Remove `write`"),
    "max_length of a one_way field": (
        "owner: {native: O, law: one_way, max_length: 3}",
        "`max_length` has no use",
        "Remove `max_length`",
    ),
    "max_length of a switch": (
        "is_active: {native: A, law: iso, max_length: 3}",
        "does not fit a field of kind boolean",
        "Remove it",
    ),
    "a region nobody needs": ("owner: {native: O, law: iso, region: US}", "`region` is for phones", "Remove it"),
    "a kind on a canonical field": (
        "owner: {native: O, law: iso, kind: date}",
        "has a fixed kind",
        "only extras have one",
    ),
    "two fields written to one": ("owner: {native: Name, law: iso}", "several fields that write 'Name'", "one_way"),
    "one native read as two kinds": (
        "balance: {native: Name, law: one_way}",
        "reads 'Name' as amount, name as text",
        "same kind",
    ),
    "a sensitive field written to a CRM": (
        "credit_limit: {native: L__c, law: iso}",
        "sensitive finance field",
        "allow_sensitive: true",
    ),
}


@pytest.mark.parametrize("what", FIELD_MISTAKES)
def test_a_mistake_in_a_field_is_named_with_its_line_and_remedy(what: str, tmp_path: Path) -> None:
    line, problem, remedy = FIELD_MISTAKES[what]
    said = str(refused(tmp_path, with_field(line)))
    assert "crm.yaml:7: " in said
    assert problem in said
    assert remedy in said


FILE_MISTAKES = {
    "no system": ("entities: {}\n", "crm.yaml:1: system: is missing.", "`system: …`"),
    "an unknown system": (
        "system: salesfroce\nentities: {}\n",
        "crm.yaml:1: platform: 'salesfroce' is unknown.",
        "Did you mean 'salesforce'?",
    ),
    "an unknown entity": (
        "system: salesforce\nentities:\n  costumer:\n    native: Account\n    fields: {}\n",
        "crm.yaml:3: costumer: is no entity.",
        "Did you mean 'customer'?",
    ),
    "a required field unmapped": (
        "system: salesforce\nentities:\n  customer:\n    native: Account\n    fields: {}\n",
        "crm.yaml:3: customer.name: is required and not mapped.",
        "Add `name:",
    ),
    "an unknown block": (
        "system: salesforce\nentites: {}\nentities: {}\n",
        "crm.yaml:2: entites: is no setting.",
        "Did you mean 'entities'?",
    ),
    "a key that stands twice": (
        "system: salesforce\nentities: {}\nsystem: x\n",
        "crm.yaml:3: system: stands twice, first in line 1.",
        "Keep one",
    ),
    "no YAML": ("system: [\n", "crm.yaml:2: is not valid YAML", "Check"),
    "a list": ("- a\n", "crm.yaml:1: the file", "Correct"),
    "an empty file": ("", "crm.yaml:1: the file", "Correct"),
    "a region that is no country code": (
        "system: salesforce\ndefault_region: usa\nentities: {}\n",
        "crm.yaml:2: default_region",
        "such as US",
    ),
    "an alias of itself": (
        "system: salesforce\nentities: &a\n  customer: *a\n",
        "crm.yaml:3: customer: is nested too deeply",
        "alias",
    ),
}


@pytest.mark.parametrize("what", FILE_MISTAKES)
def test_a_mistake_in_the_file_is_named_with_its_line_and_remedy(what: str, tmp_path: Path) -> None:
    text, problem, remedy = FILE_MISTAKES[what]
    said = str(refused(tmp_path, text))
    assert problem in said
    assert remedy in said


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    error = refused(
        tmp_path, with_field("phone: {native: P, law: iso, convert: fone}\n      owner: {native: O.N, law: iso}")
    )
    assert [line.split(" ")[0] for line in str(error).splitlines()] == ["crm.yaml:7:", "crm.yaml:8:"]


def test_a_key_that_stands_twice_in_a_field_is_found(tmp_path: Path) -> None:
    said = str(refused(tmp_path, with_field("email: {native: E, law: iso}\n      email: {native: F, law: iso}")))
    assert "crm.yaml:8: entities.customer.fields.email: stands twice, first in line 7." in said


def test_a_missing_file_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read.*Put the file into the folder"):
        load_mapping(tmp_path / "none.yaml")


def test_an_extra_may_not_hide_a_canonical_field(tmp_path: Path) -> None:
    text = with_field("email: {native: E, law: iso}\n    extras:\n      phone: {native: P, law: iso}")
    assert "crm.yaml:9: customer.phone: is a canonical field. Move the line under `fields`" in str(
        refused(tmp_path, text)
    )


@pytest.mark.parametrize("name", ["unit_cost", "gross_margin", "bank_account", "vat_number", "iban"])
def test_finance_by_its_name_has_no_way_into_a_crm(name: str, tmp_path: Path) -> None:
    text = with_field(f"email: {{native: E, law: iso}}\n    extras:\n      {name}: {{native: X__c, law: iso}}")
    assert f"crm.yaml:9: customer.{name}: is a sensitive finance field" in str(refused(tmp_path, text))


def test_a_sensitive_field_may_be_allowed_into_a_crm_read_from_it_and_written_to_an_erp(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    for text in (
        with_field("credit_limit: {native: L__c, law: iso, allow_sensitive: true}"),
        with_field("credit_limit: {native: L__c, law: one_way}"),
        with_field("credit_limit: {native: creditlimit, law: iso}", system="netsuite"),
    ):
        path.write_text(text)
        assert load_mapping(path).entities["customer"].fields["credit_limit"].sensitive


def test_pick_list_words_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(with_field("credit_hold: {native: C, law: iso, values: {ON: hold, OFF: ok}}"))
    assert load_mapping(path).entities["customer"].fields["credit_hold"].values == {"ON": "hold", "OFF": "ok"}


def test_another_system_name_takes_its_platform_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(with_field("credit_limit: {native: L, law: iso}", system="head_office\nplatform: netsuite"))
    mapping = load_mapping(path)
    assert (mapping.system, mapping.platform, mapping.side) == ("head_office", "netsuite", "erp")


def test_one_line_adds_a_custom_field(tmp_path: Path) -> None:
    text = (MAPPINGS / "salesforce.yaml").read_text()
    path = tmp_path / "salesforce.yaml"
    path.write_text(text.replace("    # extras:\n    #   region: ", "    extras:\n      region: "))
    account = load_mapping(path).entities["customer"]
    assert account.extras["region"].native == "Region__c"
    assert "Region__c" in {field.path for field in account.selection.fields}


def test_models_cannot_be_changed() -> None:
    field = SHIPPED["netsuite"].entities["customer"].fields["name"]
    with pytest.raises(ValueError, match="frozen"):
        field.native = "other"


def test_shipped_mappings_cover_what_their_systems_keep() -> None:
    assert set(SHIPPED["netsuite"].entities) == set(ENTITIES) - {"deal", "deal_line"}
    assert set(SHIPPED["salesforce"].entities) == {
        "customer",
        "contact",
        "product",
        "price",
        "deal",
        "deal_line",
        "order",
        "order_line",
    }


def test_what_an_order_needs_can_be_written_to_netsuite() -> None:
    entities = SHIPPED["netsuite"].entities
    needed = {
        "customer": {
            "name",
            "counterpart_key",
            "email",
            "phone",
            "website",
            "billing_street",
            "shipping_country",
            "billing_state",
        },
        "order": {"customer_key", "intent_key", "order_date", "purchase_order", "memo"},
        "order_line": {"product_key", "description", "quantity", "unit_price"},
    }
    for entity, names in needed.items():
        writable = {name for name, field in entities[entity].fields.items() if field.law is not Law.ONE_WAY}
        assert names <= writable
