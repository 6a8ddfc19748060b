"""A pairing that writes one currency as another is told so, whatever the ERP calls the field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from crosswalk.pairing import ChoiceRule, Pairing, load_pairing
from crosswalk.stages.preflight import values_exist

PAIRING = load_pairing(Path(__file__).parents[2] / "include" / "pairings" / "sap_business_one_hubspot.yaml")
CODES = {"USD": "US Dollar", "EUR": "Euro", "GBP": "Pfund"}
IDS = {"1": "USD", "4": "EUR", "2": "GBP"}


def written(values: Mapping[str, str]) -> Pairing:
    rule = ChoiceRule(by="currency", values=dict(values))
    orders = PAIRING.orders.model_copy(update={"header": {"DocCurrency": rule}, "customer": {}, "line": {}})
    return PAIRING.model_copy(update={"orders": orders})


@pytest.mark.parametrize(
    ("known", "values", "problems"),
    [
        (CODES, {"USD": "USD", "EUR": "EUR"}, []),
        (CODES, {"USD": "USD", "EUR": "GBP"}, ["EUR is written as 'GBP', which is GBP in sap_business_one."]),
        (IDS, {"USD": "1", "EUR": "4"}, []),
        (IDS, {"USD": "1", "EUR": "2"}, ["EUR is written as '2', which is GBP in sap_business_one."]),
    ],
)
def test_a_currency_is_written_as_itself(
    known: Mapping[str, str], values: Mapping[str, str], problems: list[str]
) -> None:
    found = values_exist(written(values), lambda field: known if field == "DocCurrency" else None)
    assert [finding.problem for finding in found if finding.subject == "orders.header.DocCurrency"] == problems
