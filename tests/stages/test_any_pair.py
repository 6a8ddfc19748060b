"""Any CRM with any ERP, by a pairing file alone: phases 1 and 2 from end to end, twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswalk.pairing import load_pairing
from crosswalk.stages.link import link_all
from crosswalk.stages.preflight import preflight
from crosswalk_sandbox.company.model import Size
from tests.stages.world import INCLUDE, world

SHIPPED, BESIDE = INCLUDE / "pairings", Path(__file__).parent / "pairings"
PAIRS = (
    SHIPPED / "sap_business_one_hubspot.yaml",
    BESIDE / "sap_business_one_salesforce.yaml",
    BESIDE / "netsuite_hubspot.yaml",
)


@pytest.mark.parametrize("file", PAIRS, ids=[file.stem for file in PAIRS])
def test_a_pairing_file_alone_makes_a_pair(tmp_path: Path, hub_dsn: str, file: Path) -> None:
    pairing = load_pairing(file)
    systems = {side.system: side.platform for side in (pairing.crm, pairing.erp)}
    size = Size(accounts=30, products=20, deals=200)
    with world(tmp_path, hub_dsn, size=size, systems=systems, pairing=file) as pair:
        # phase 1: everything is read without a write, and linked
        pair.read_only = True
        pair.pull_all("visibility")
        link_all(pair.context())
        assert [one for one in preflight(pair.context()).findings if one.finding.blocking] == []
        for side, entities in pairing.phases["visibility"].read.items():
            for entity in entities:
                found = pair.rows(f'select count(*) from hub."{entity}" where system = %s', pairing.side(side).system)
                assert found[0][0] > 0, f"{entity} of {side}"
        linked = dict(pair.rows("select entity, count(*) from hub.link group by 1"))
        assert linked["customer"] >= 10
        assert linked["product"] >= 10

        # phase 2: won deals become orders, once, and the deals get their ids
        pair.read_only = False
        pair.run_orders()
        made = pair.rows("select source_key, target_key from hub.intent where entity = 'order' and status = 'done'")
        assert made
        assert (
            pair.rows("select message from hub.intent where status = 'rejected' and message like '%%DueDate%%'") == []
        )
        pair.run_orders()
        for deal, order in made:
            stored = "select counterpart_key from hub.deal where key = %s and system = %s"
            assert pair.rows(stored, deal, pairing.crm.system) == [(order,)]
            kept = 'select starts_with(intent_key, %s) from hub."order" where key = %s and system = %s'
            assert pair.rows(kept, pairing.crm.key_prefixes["deal"], order, pairing.erp.system) == [(True,)]
        third = pair.run_orders()
        assert (third["deliver_orders"]["done"], third["deliver_write_back"]["done"]) == (0, 0)
        new = pair.rows(
            "select source_key, target_key from hub.intent where flow = 'orders' and entity = 'customer' and status = 'done'"
        )
        bears = "select counterpart_key from hub.customer where key = %s and system = %s"
        assert new
        assert [pair.rows(bears, customer, pairing.erp.system) for _, customer in new] == [[(key,)] for key, _ in new]
