"""A company of several blocks, whose rows are kept as copies: whoever asks sees rows as any others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from business_one_account import SECOND, Client

from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.sap_business_one import create

ALL = {"Prefer": "odata.maxpagesize=0"}


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Three blocks of fifteen accounts."""
    clock = Clock()
    emulator = create(tmp_path_factory.mktemp("blocks"), clock, {})
    emulator.load(generate(7, now=datetime.now(UTC), size=Size(45, 40, 180), block=15))
    with running(emulator, clock=clock) as url:
        client = Client(url, emulator, clock)
        client.login()
        yield client
    emulator.close()


def orders(blocks: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = blocks.get("Orders?$orderby=DocEntry", headers=ALL)["value"]
    return found


def test_rows_are_kept_once_however_many_blocks_have_them(blocks: Client) -> None:
    store = blocks.emulator.account.store
    for entity_set in ("BusinessPartners", "Quotations", "Orders", "DeliveryNotes", "Invoices", "IncomingPayments"):
        [(most, rows)] = store.rows(f'SELECT max(length(body)), count(*) FROM "{entity_set}"')
        assert most < 12
        assert rows > 0


@pytest.mark.parametrize("name", ["Comments", "CardName", "DocTotal", "DocDueDate", "TrackingNumber"])
def test_conditions_look_into_copies(blocks: Client, name: str) -> None:
    entity_set = "DeliveryNotes" if name == "TrackingNumber" else "Orders"
    rows = blocks.get(f"{entity_set}?$orderby=DocEntry", headers=ALL)["value"]
    value = next(row[name] for row in reversed(rows) if row[name])
    told = value if isinstance(value, float) else "'" + value.replace("'", "''").replace("&", "%26") + "'"
    found = blocks.get(f"{entity_set}?$select=DocEntry&$filter={name} eq {told}", headers=ALL)["value"]
    assert [one["DocEntry"] for one in found] == [row["DocEntry"] for row in rows if row[name] == value]


@pytest.mark.parametrize(
    ("entity_set", "key", "options"),
    [
        ("Orders", "DocEntry", ""),
        ("Orders", "DocEntry", "$select=DocEntry,Comments,DocumentLines&$expand=BusinessPartner($select=CardName)"),
        ("BusinessPartners", "CardCode", "$select=CardCode,CardName,BPAddresses&$expand=SalesPerson,PriceList"),
        ("BusinessPartners", "CardCode", "$select=SalesPerson/SalesEmployeeName&$expand=SalesPerson"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_list_shows_rows_as_they_are_alone(
    blocks: Client, version: int, entity_set: str, key: str, options: str
) -> None:
    client = blocks.another(version)
    keys = [one[key] for one in client.get(f"{entity_set}?$select={key}&$orderby={key}", headers=ALL)["value"]]
    shown = client.get(f"{entity_set}?$orderby={key}&{options}", headers=ALL)["value"]
    assert len(shown) == len(set(keys)) > 0
    for value, row in list(zip(keys, shown, strict=True))[::9]:
        alone = client.get(f"{entity_set}({value!r})?{options}")
        assert row == {
            name: one for name, one in alone.items() if not name.endswith(("odata.context", "odata.metadata"))
        }


def test_rows_inside_copies_are_joined(blocks: Client) -> None:
    last = orders(blocks)[-1]
    option = f"$expand=Orders($select=DocEntry),Orders/DocumentLines($select=LineNum,ItemCode,DocEntry)&$filter=Orders/DocEntry eq Orders/DocumentLines/DocEntry and Orders/DocEntry eq {last['DocEntry']}"  # fmt: skip
    wish = {"QueryPath": "$crossjoin(Orders,Orders/DocumentLines)", "QueryOption": option}
    found = blocks.call("POST", "QueryService_PostQuery", wish).json()["value"]
    wanted = [{name: line[name] for name in ("LineNum", "ItemCode", "DocEntry")} for line in last["DocumentLines"]]
    assert [one["Orders/DocumentLines"] for one in found] == wanted != []


def test_references_of_a_copy_lead_to_copies(blocks: Client) -> None:
    invoice = blocks.get("Invoices?$orderby=DocEntry desc&$top=1")["value"][0]
    [base] = {(line["BaseType"], line["BaseEntry"]) for line in invoice["DocumentLines"]}
    before = blocks.get(f"{'Orders' if base[0] == 17 else 'DeliveryNotes'}({base[1]})")
    partner = blocks.get(f"BusinessPartners('{invoice['CardCode']}')")
    assert before["CardCode"] == invoice["CardCode"]
    assert partner["CardName"] == invoice["CardName"] == before["CardName"]


@pytest.mark.parametrize("place", [0, -1])
def test_a_changed_row_is_one_of_its_own(blocks: Client, place: int) -> None:
    before = orders(blocks)
    entry = before[place]["DocEntry"]
    assert blocks.call("PATCH", f"Orders({entry})", {"Comments": "Changed here alone"}).status_code == 204
    after = {one["DocEntry"]: one for one in orders(blocks)}
    changed = after.pop(entry)
    assert (changed["Comments"], changed["@odata.etag"]) == ("Changed here alone", SECOND)
    assert after == {one["DocEntry"]: one for one in before if one["DocEntry"] != entry}
    stamps = ("Comments", "UpdateDate", "UpdateTime", "DataVersion", "@odata.etag")
    assert {k: v for k, v in changed.items() if k not in stamps} == {
        k: v for k, v in before[place].items() if k not in stamps
    }
