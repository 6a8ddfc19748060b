"""The other pairing in the same Airflow: its own systems, its own DAGs, the same laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from crosswalk_sandbox.business_one_desk import BusinessOneClient
from crosswalk_sandbox.hubspot_desk import HubSpotClient
from tests.airflow.first_runs import FirstRuns
from tests.stack import Stack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]

PAIRING = "sap_business_one_hubspot"
PHASES = (f"{PAIRING}__phase_1_visibility", f"{PAIRING}__phase_2_orders")
NUMBERS = ("BusinessPartners", "Orders", "Drafts", "Items")


@dataclass(frozen=True)
class Systems:
    """The pairing's two systems, asked past Crosswalk's own code."""

    crm: HubSpotClient
    erp: BusinessOneClient

    def numbers(self) -> dict[str, int]:
        """How many records of each kind the ERP has."""
        return {kind: int(self.erp.ask("GET", f"{kind}/$count").text) for kind in NUMBERS}

    def orders(self, above: int) -> list[dict[str, Any]]:
        """The ERP's orders with a higher number."""
        found: list[dict[str, Any]] = self.erp.ask(
            "GET",
            "Orders",
            params={
                "$filter": f"DocEntry gt {above}",
                "$select": "DocEntry,CardCode,U_CrosswalkKey,UpdateDate,UpdateTime",
            },
            headers={"B1S-PageSize": "0"},
        ).json()["value"]
        return found

    def deal(self, key: str) -> dict[str, Any]:
        """What a deal knows of its order, and when it was changed last."""
        path = f"/crm/v3/objects/deals/{key}?properties=erp_key,hs_lastmodifieddate"
        found: dict[str, Any] = self.crm.call("GET", path).json()["properties"]
        return found


@pytest.fixture(scope="module")
def systems(stack: Stack) -> Systems:
    access = {
        name: {"http": stack.settings.emulator_url(name), "credentials": stack.access[name]}
        for name in ("hubspot", "sap_business_one")
    }
    return Systems(HubSpotClient(access["hubspot"]), BusinessOneClient(access["sap_business_one"]))


def test_both_phases_of_the_second_pairing_run_and_clearing_them_doubles_nothing(
    stack: Stack, first: FirstRuns, systems: Systems
) -> None:
    before = systems.numbers()
    newest = max(order["DocEntry"] for order in systems.erp.newest("Orders", "DocEntry gt 0", "DocEntry"))
    runs = {PHASES[0]: stack.airflow.run(PHASES[0])}
    assert systems.numbers() == before, "phase 1 writes nothing"
    runs[PHASES[1]] = stack.airflow.run(PHASES[1])
    made = {order["U_CrosswalkKey"]: order for order in systems.orders(newest)}
    wanted = dict(
        stack.rows(
            "select key, source_key from hub.intent where pairing = %s and flow = 'orders' and entity = 'order' and status = 'done'",
            [PAIRING],
        )
    )
    assert len(made) == systems.numbers()["Orders"] - before["Orders"] > 0, "one order for each key"
    assert made.keys() == wanted.keys()
    deals = {key: systems.deal(deal) for key, deal in wanted.items()}
    assert {key: deal["erp_key"] for key, deal in deals.items()} == {
        key: str(order["DocEntry"]) for key, order in made.items()
    }

    after = systems.numbers()
    for dag, run in runs.items():
        assert stack.airflow.clear(dag, run) > 15
    for dag, run in runs.items():
        stack.airflow.expect_green(dag, run)
    assert systems.numbers() == after
    assert {order["U_CrosswalkKey"]: order for order in systems.orders(newest)} == made
    assert {key: systems.deal(deal) for key, deal in wanted.items()} == deals
