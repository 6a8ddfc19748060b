"""The cutover page: every bucket that the report counts is a column, and leads to just its records."""

from __future__ import annotations

from crosswalk.hub.matches import Proposal, propose
from crosswalk.identity.cutover import BUCKETS
from tests.pages.conftest import Desk
from tests.pages.desk import CRM, ERP, NOW, PAIRING, read, run_of


def test_each_side_adds_up_on_the_page_and_each_count_leads_to_its_records(desk: Desk) -> None:
    with desk.hub.connection() as connection:
        for system, keys in ((CRM, ("cut1", "cut2")), (ERP, ("cut3", "cut4", "cut5"))):
            for key in keys:
                read(connection, "product", system, key, run=run_of(1), at=NOW, name=f"Thing {key}", sku=key)
        proposals = [Proposal("cut1", one, 3.0, "not enough speaks for it", ()) for one in ("cut3", "cut4")]
        propose(connection, PAIRING, "product", (CRM, ERP), proposals, run_of(1))
    shown = desk.page("/cutover", pairing=PAIRING)
    [row] = shown.xpath("//tbody/tr[td[1] = 'product']")
    crm, erp, linked, _, *buckets = [cell.xpath("string()") for cell in row.xpath("td[position() > 1]")]
    assert (crm, erp, linked, buckets) == ("2", "3", "0", ["1", "2", "1", "1", "0", "0"])
    links = dict(zip([name for name in BUCKETS if not name.startswith("twice")], row.xpath("td//a/@href"), strict=True))
    listed = {name: desk.page(f"/{link}").xpath("(//table)[2]//td[2]/code/text()") for name, link in links.items()}
    assert listed == {
        "doubtful": ["cut1"],
        "doubtful_erp": ["cut3", "cut4"],
        "only_crm": ["cut2"],
        "only_erp": ["cut5"],
    }
    with desk.hub.connection() as connection:
        connection.execute("delete from hub.match_candidate")
        connection.execute("delete from hub.product")
