"""While a pull goes on, others create, rename and delete, and time passes; two pulls later the hub holds what the company holds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.connectors.sap_business_one import connect
from crosswalk.connectors.sap_business_one.auth import SESSIONS
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.sap_business_one.small_business_one import COMPANY, SmallBusinessOne, running

NAMES = Selection("customer", "BusinessPartners", (NativeField("CardName", "text"),))
CODES = ("C1", "C2", "c'3", "D 4", "Ä5")
STEPS = st.tuples(
    st.sampled_from(("save", "save", "delete", "wait", "page", "page", "break off")),
    st.sampled_from(CODES),
    st.integers(0, 5_000),
)


def land(hub: dict[str, NativeRecord], seen: set[str], page: Any) -> None:
    """What a hub does with a page: an older stamp never replaces a newer one, and what a census left out is gone."""
    seen |= {*page.sighted, *(record.key for record in page.records)}
    for record in page.records:
        known = hub.get(record.key)
        if known is None or not known.modified or not record.modified or known.modified <= record.modified:
            hub[record.key] = record
    if page.everything:
        for key in hub.keys() - seen:
            del hub[key]


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEPS, min_size=4, max_size=30))
def test_the_hub_comes_to_hold_what_the_company_holds(steps: list[tuple[str, str, int]]) -> None:
    with running(SmallBusinessOne()) as company:
        extra = {"base_url": company.base_url, "company_db": COMPANY["CompanyDB"], "time_zone": "Europe/Berlin"}
        login = ConnectionSettings(login=COMPANY["UserName"], password=COMPANY["Password"], extra=extra)
        connector = connect(login, options={"page_rows": 1, "census_hours": 0})
        hub: dict[str, NativeRecord] = {}
        watermark: Any = None
        pages: Any = None
        seen: set[str] = set()

        def take() -> bool:
            nonlocal pages, seen, watermark
            if pages is None:
                pages, seen = connector.pull(NAMES, watermark), set()
            page = next(pages, None)
            if page is None:
                pages = None
                return False
            land(hub, seen, page)
            watermark = watermark if page.watermark is None else json.loads(json.dumps(dict(page.watermark)))
            return True

        for step, code, number in steps:
            if step == "save":
                company.put("BusinessPartners", CardCode=code, CardName=f"{code} {number}")
            elif step == "delete" and code in company.sets.get("BusinessPartners", {}):
                company.delete("BusinessPartners", code)
            elif step == "wait":
                company.advance(seconds=number)
            elif step == "page":
                take()
            elif step == "break off":
                pages = None
        while take():
            pass
        for _ in range(2):
            while take():
                pass
        SESSIONS.close()
        truth = {code: row["CardName"] for code, row in company.sets.get("BusinessPartners", {}).items()}
        assert {key: record.values["CardName"] for key, record in hub.items()} == truth
