from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.model.errors import ConfigurationError
from crosswalk.orders.fit import refuse_strange_keys, refuse_unwritable
from crosswalk.pairing import load_pairing, load_pairings
from crosswalk.quality.checks import load_mappings

SHIPPED = Path(__file__).parents[2] / "include" / "pairings"
CROSSED = Path(__file__).parents[1] / "stages" / "pairings"


def _edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (SHIPPED / "netsuite_salesforce.yaml").read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def _line_of(path: Path, fragment: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if fragment in line)


def test_every_shipped_pairing_loads() -> None:
    assert [pairing.name for pairing in load_pairings(SHIPPED)] == ["netsuite_salesforce", "sap_business_one_hubspot"]


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("mode: live ", "mode: lively ", "mode: lively", "'off', 'shadow' or 'live'"),
        ("  lookback_days: 14", "  lookback_dais: 14", "lookback_dais", "is no setting"),
        ("[customer, product, deal, deal_line]", "[customer, produkt]", "orders:", "'produkt'"),
        ("- exact: [sku]", "- exact: [skew]", None, "'skew' is no field of product"),
        ("- exact: [number]", "- exact: [name, billing_country, currency]", None, "would link on a name alone"),
        ("- exact: [email]", "- exact: [first_name, last_name]", None, "would link on a name alone"),
        ("- stored_key: crm", "- stored_key: both", "stored_key: both", "'crm' or 'erp'"),
        ("  system: netsuite", "  system: salesforce", None, "must differ"),
    ],
)
def test_a_mistake_is_answered_with_file_line_and_what_is_wrong(
    tmp_path: Path, old: str, new: str, at: str | None, says: str
) -> None:
    path = _edited(tmp_path, old, new)
    with pytest.raises(ConfigurationError) as caught:
        load_pairing(path)
    assert says in caught.value.message
    assert caught.value.hint or len(caught.value.message.splitlines()) > 1
    line = int(caught.value.message.split(":")[1])
    assert at is None or line == _line_of(path, at)


def test_a_key_that_stands_twice_is_refused_at_its_second_line(tmp_path: Path) -> None:
    path = _edited(tmp_path, "checks:\n", "checks:\n  grace_minutes: 5\n")
    with pytest.raises(ConfigurationError, match="grace_minutes: stands twice"):
        load_pairing(path)


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("pairing: a\ntitle: [unclosed\ncrm: {}\n")
    with pytest.raises(ConfigurationError, match=r"broken\.yaml:3: is not valid YAML"):
        load_pairing(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_pairing(tmp_path / "none.yaml")


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda file: file.stem)
def test_what_a_pairing_writes_by_name_its_mappings_can_write(file: Path) -> None:
    pairing = load_pairing(file)
    mappings = load_mappings(pairing, SHIPPED.parent / "mappings")
    refuse_unwritable(pairing, mappings)
    approvals = pairing.orders.approvals.model_copy(update={"note_field": "Comments"})
    orders = pairing.orders.model_copy(update={"approvals": approvals})
    written_back = {**pairing.write_back, "deal": ("counterpart_key", "is_won", "nothing")}
    with pytest.raises(ConfigurationError) as refused:
        refuse_unwritable(pairing.model_copy(update={"orders": orders, "write_back": written_back}), mappings)
    told = str(refused.value)
    assert f"note_field: {pairing.erp.mapping} maps no order.Comments" in told
    assert f"write_back.deal: {pairing.crm.mapping} maps no deal.nothing" in told
    assert "deal.is_won is one_way" in told


@pytest.mark.parametrize("file", sorted([*SHIPPED.glob("*.yaml"), *CROSSED.glob("*.yaml")]), ids=lambda file: file.stem)
def test_what_a_pairing_creates_in_the_erp_its_mapping_knows_again_by_the_key(file: Path) -> None:
    pairing = load_pairing(file)
    mappings = load_mappings(pairing, SHIPPED.parent / "mappings")
    refuse_strange_keys(pairing, mappings["erp"])
    prefixes = {**pairing.crm.key_prefixes, "customer": "OWN-"}
    crm = pairing.crm.model_copy(update={"key_prefixes": prefixes})
    with pytest.raises(ConfigurationError) as refused:
        refuse_strange_keys(pairing.model_copy(update={"crm": crm}), mappings["erp"])
    [told] = str(refused.value.message).splitlines()
    assert f"{pairing.erp.mapping}:15" in told
    assert f"OWN- are not read, only those with {pairing.crm.key_prefixes['customer']}" in told or " or " in told
