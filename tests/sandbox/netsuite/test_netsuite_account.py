"""NetSuite §10, §5.11, §5.12 and the sandbox's own protocol: limits, faults, forms, metadata, the demo company."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from netsuite_account import RECORDS, Client, error_of, signer

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.emulator import Actionable
from crosswalk_sandbox.kernel.server import running_with_tls
from crosswalk_sandbox.netsuite import Options, create

COMPANY = {"companyName": "Northwind", "subsidiary": {"id": "1"}}
SELECT = {"Accept": "application/vnd.oracle.resource+json; type=select-options"}


# governance


def _at_once(client: Client, count: int) -> list[requests.Response]:
    barrier = threading.Barrier(count)

    def one(_number: int) -> requests.Response:
        barrier.wait()
        return client.record("GET", "term?limit=1")

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_five_slow_requests_overlap_and_the_sixth_is_429(account: Callable[..., Client]) -> None:
    client = account()
    client.emulator.actions["set_service_seconds"]({"seconds": 0.5})
    started = time.perf_counter()
    answers = _at_once(client, 5)
    assert [answer.status_code for answer in answers] == [200] * 5
    assert time.perf_counter() - started < 5 * 0.5  # one after the other they would take this long
    statuses = sorted(answer.status_code for answer in _at_once(client, 8))
    assert statuses == [200] * 5 + [429] * 3
    refused = next(answer for answer in _at_once(client, 8) if answer.status_code == 429)
    assert error_of(refused) == (
        429,
        "CONCURRENCY_LIMIT_EXCEEDED",
        "Concurrent request limit exceeded. Request blocked.",
    )
    assert "Retry-After" not in refused.headers


def test_the_limit_is_the_accounts_over_all_credentials(account: Callable[..., Client]) -> None:
    client = account(concurrency=2)
    client.emulator.actions["set_service_seconds"]({"seconds": 0.5})
    other = client.acting_as(client.emulator.access(client.base_url)["administrator"])
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.record("GET", "term").status_code, [client, other, client, other]))
    assert sorted(answers) == [200, 200, 429, 429]


def test_overload_can_end_as_401_after_a_long_wait(account: Callable[..., Client]) -> None:
    client = account(concurrency=1, overload="hang", overload_seconds=0.3, service_seconds=0.6)
    answers = _at_once(client, 3)
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    slow = next(answer for answer in answers if answer.status_code == 401)
    assert slow.elapsed.total_seconds() >= 0.3
    assert error_of(slow)[1] == "INVALID_LOGIN"


def test_governance_limits_are_for_administrators(shared: Client) -> None:
    path = "/services/rest/system/v1/governanceLimits"
    assert error_of(shared.call("GET", path))[:2] == (403, "INSUFFICIENT_PERMISSION")
    administrator = shared.acting_as(shared.emulator.access(shared.base_url)["administrator"])
    limits = administrator.call("GET", path).json()
    assert limits["accountConcurrencyLimit"] == 5
    assert limits["integrationLimitType"] == "accountLimit"


# the sandbox's protocol


def test_injected_errors_have_the_vendors_body(shared: Client) -> None:
    requests.post(
        f"{shared.base_url}/__sandbox__/faults", json={"kind": "status", "status": 500, "count": 1}, timeout=10
    )
    status, code, detail = error_of(shared.record("GET", "term"))
    assert (status, code) == (500, "UNEXPECTED_ERROR")
    assert "Error ID: " in detail
    for status, code in ((429, "CONCURRENCY_LIMIT_EXCEEDED"), (401, "INVALID_LOGIN"), (503, "UNEXPECTED_ERROR")):
        requests.post(
            f"{shared.base_url}/__sandbox__/faults", json={"kind": "status", "status": status, "count": 1}, timeout=10
        )
        answer = shared.record("GET", "term")
        assert error_of(answer)[:2] == (status, code)
        assert answer.headers["Content-Type"].startswith("application/vnd.oracle.resource+json; type=error")


def test_a_lost_reply_leaves_the_record_behind(shared: Client) -> None:
    requests.post(
        f"{shared.base_url}/__sandbox__/faults", json={"kind": "lost_reply", "count": 1, "method": "POST"}, timeout=10
    )
    with pytest.raises(requests.ConnectionError):
        shared.record("POST", "customer", {**COMPANY, "externalId": "LOST-1"})
    assert shared.get("customer/eid:LOST-1")["companyName"] == "Northwind"


def test_its_switches_are_reached_through_the_control_routes(shared: Client) -> None:
    assert isinstance(shared.emulator, Actionable)
    state = requests.get(f"{shared.base_url}/__sandbox__/state", timeout=10).json()
    assert {"add_custom_field", "add_role", "lock_record"} <= set(state["actions"])
    assert state["access"]["account_id"] == "TSTDRV1234567"
    answer = requests.post(
        f"{shared.base_url}/__sandbox__/actions/add_custom_field", json={"id": "nonsense"}, timeout=10
    )
    assert answer.status_code == 400


def test_unknown_options_are_named() -> None:
    with pytest.raises(ValueError, match="Unknown NetSuite option colour"):
        Options.read({"colour": "red"})


def test_https_is_signed_as_https(loaded_directory: Path, tmp_path: Path) -> None:
    for file in loaded_directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    emulator = create(tmp_path, Clock(), {"rsa_bits": 2048})
    with running_with_tls(emulator, tmp_path / "tls") as endpoints:
        assert endpoints.https
        auth = signer(emulator.access(endpoints.https))
        url = f"{endpoints.https}{RECORDS}/term?limit=2"
        answer = requests.get(url, auth=auth, verify=str(endpoints.ca_file), timeout=10)
        assert answer.status_code == 200
        assert answer.json()["items"][0]["links"][0]["href"].startswith(endpoints.https)
    emulator.close()


# the demo company


def test_the_loaded_company_is_the_generated_one(tmp_path: Path) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    company = generate(now=now, size=Size(15, 40, 40))
    emulator = create(tmp_path, Clock(), {"rsa_bits": 2048})
    assert not emulator.is_loaded()
    emulator.load(company)
    assert emulator.is_loaded()
    store = emulator._store
    erp = {ids.netsuite_customer_id(party.sequence): party.erp for party in company.parties() if party.erp}
    kept = {row["id"]: row for row in store.rows("SELECT * FROM customer")}
    assert kept.keys() == erp.keys()
    for ident, customer in erp.items():
        row = kept[ident]
        assert (row["entityid"], row["companyname"], row["email"]) == (customer.number, customer.name, customer.email)
        assert (row["subsidiary"], row["externalid"], row["isinactive"] == "F") == (
            customer.subsidiary, customer.external_id, customer.is_active
        )  # fmt: skip
    orders = {ids.netsuite_transaction_id(order.sequence): order for order in company.orders()}
    for ident, order in orders.items():
        row = store.row('SELECT * FROM "transaction" WHERE id = ?', (ident,))
        assert row is not None
        assert (row["tranid"], Decimal(str(row["foreigntotal"])), row["externalid"]) == (
            order.number,
            order.total,
            order.external_id,
        )
        total = sum(Decimal(str(one["foreignamount"])) for one in store.rows(
            'SELECT foreignamount FROM transactionline WHERE "transaction" = ? AND foreignamount IS NOT NULL', (ident,)))  # fmt: skip
        assert total == 0, f"the lines of order {order.number} add up to nothing"
    with pytest.raises(ValueError, match="already holds a company"):
        emulator.load(company)
    emulator.close()


def test_a_load_that_fails_leaves_nothing(tmp_path: Path) -> None:
    class Broken:
        def __init__(self, company: object) -> None:
            self._company = company

        def __getattr__(self, name: str) -> object:
            if name == "orders":
                raise RuntimeError("no orders today")
            return getattr(self._company, name)

    company = generate(now=datetime(2026, 9, 1, tzinfo=UTC), size=Size(10, 20, 20))
    emulator = create(tmp_path, Clock(), {"rsa_bits": 2048})
    with pytest.raises(RuntimeError):
        emulator.load(Broken(company))
    assert not emulator.is_loaded()
    assert emulator._store.value("SELECT COUNT(*) FROM customer") == 0
    emulator.load(company)
    assert emulator.is_loaded()
    emulator.close()


def test_new_records_take_ids_above_the_companys(shared: Client) -> None:
    highest = int(shared.sql("SELECT MAX(id) AS m FROM contact")[0]["m"])
    assert int(shared.create("customer", COMPANY)) > highest


def test_open_invoices_make_the_balances(shared: Client) -> None:
    rows = shared.sql(
        "SELECT c.id, c.balancesearch AS b, SUM(t.foreignamountunpaid) AS s FROM customer c JOIN transaction t ON t.entity = c.id"
        " AND t.type = 'CustInvc' AND t.currency = c.currency GROUP BY c.id, c.balancesearch HAVING SUM(t.foreignamountunpaid) > 0"
    )
    assert rows
    assert all(abs(float(row["b"]) - float(row["s"])) < 0.005 for row in rows)


# metadata, forms, relations


def test_the_catalogue_lists_types_with_their_media(shared: Client) -> None:
    items = {item["name"]: item["links"] for item in shared.get("metadata-catalog")["items"]}
    assert {"customer", "salesOrder", "inventoryItem", "subsidiary"} <= items.keys()
    assert [link["rel"] for link in items["customer"]] == ["canonical", "alternate", "alternate", "describes"]


def test_the_openapi_document_holds_the_selected_types(shared: Client) -> None:
    swagger = {"Accept": "application/swagger+json"}
    answer = shared.record("GET", "metadata-catalog?select=customer,salesOrder", headers=swagger)
    assert answer.headers["Content-Type"].startswith("application/swagger+json")
    document = answer.json()
    assert document["openapi"].startswith("3.0")
    schemas = document["components"]["schemas"]
    assert {
        "customer", "customerCollection", "customer-addressBookCollection", "customer-addressBookElement",
        "customer-addressBook-addressBookAddress", "salesOrder", "salesOrder-itemElement", "nsLink", "nsResource", "nsError",
    } <= schemas.keys()  # fmt: skip
    assert "/salesOrder/{id}/!transform/invoice" in document["paths"]
    assert schemas["subsidiary"] == {"type": "object"}
    blank = shared.record("GET", "metadata-catalog?select=customer,%20salesOrder", headers=swagger)
    assert error_of(blank)[:2] == (400, "INVALID_REQUEST")


def test_the_schema_of_a_type_has_no_required_list(shared: Client) -> None:
    schema = shared.record("GET", "metadata-catalog/customer", headers={"Accept": "application/schema+json"}).json()
    assert schema["$schema"] == "https://json-schema.org/draft-06/hyper-schema#"
    assert "required" not in schema
    assert schema["properties"]["lastModifiedDate"]["format"] == "date-time"
    assert schema["properties"]["subsidiary"]["$ref"].endswith("/metadata-catalog/subsidiary")
    assert schema["properties"]["creditLimit"]["nullable"] is True
    assert error_of(shared.record("GET", "metadata-catalog/transaction"))[0] == 404


def test_select_options_list_what_a_field_may_hold(shared: Client) -> None:
    answer = shared.record("POST", "customer?fields=terms,creditHoldOverride&limit=3", {}, headers=SELECT)
    assert answer.status_code == 200
    terms = answer.json()["terms"]["_selectOptions"]
    assert (terms["count"], terms["hasMore"], terms["totalResults"]) == (3, True, 6)
    assert set(terms["items"][0]) == {"id", "refName"}
    assert answer.json()["creditHoldOverride"]["_selectOptions"]["totalResults"] == 3
    found = shared.record("POST", 'customer?fields=terms&q=terms CONTAIN "net 6"', {}, headers=SELECT).json()
    assert [item["refName"] for item in found["terms"]["_selectOptions"]["items"]] == ["Net 60"]
    before = shared.sql("SELECT COUNT(*) AS n FROM customer")
    ident = shared.get("customer", limit=1)["items"][0]["id"]
    assert shared.record("PATCH", f"customer/{ident}?fields=terms", {}, headers=SELECT).status_code == 200
    assert shared.sql("SELECT COUNT(*) AS n FROM customer") == before
    assert error_of(shared.record("POST", "customer?fields=email", {}, headers=SELECT))[0] == 400


def test_a_create_form_shows_the_record_and_saves_nothing(shared: Client) -> None:
    form = {"Accept": "application/vnd.oracle.resource+json; type=create-form"}
    row = shared.sql("SELECT id FROM customer WHERE terms = 1 AND isinactive = 'F' FETCH FIRST 1 ROWS ONLY")[0]
    item = shared.sql("SELECT i.id FROM item i JOIN itemsubsidiarymap m ON m.item = i.id JOIN customer c ON c.subsidiary = m.subsidiary"
                      f" WHERE c.id = {row['id']} AND i.isinactive = 'F' AND i.itemtype = 'InvtPart' FETCH FIRST 1 ROWS ONLY")[0]["id"]  # fmt: skip
    before = shared.sql("SELECT COUNT(*) AS n FROM transaction")
    body = {"entity": {"id": row["id"]}, "item": {"items": [{"item": {"id": item}, "price": {"id": "-1"}, "rate": 1}]}}
    answer = shared.record("POST", "salesOrder", body, headers=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["terms"]["refName"] == "Net 30"
    assert "id" not in answer.json()
    assert shared.sql("SELECT COUNT(*) AS n FROM transaction") == before


def test_contacts_are_attached_to_further_companies(shared: Client) -> None:
    first, second = shared.create("customer", COMPANY), shared.create("customer", COMPANY)
    contact = shared.create("contact", {"entityId": "Ann Lee", "company": {"id": first}})
    path = f"customer/{second}/!attach/contact/{contact}"
    assert shared.record("POST", path, {"role": {"id": "2"}}).status_code == 204
    roles = shared.get(f"customer/{second}/contactRoles", expandSubResources="true")["items"]
    assert [(line["contact"]["id"], line["role"]["refName"]) for line in roles] == [(contact, "Decision Maker")]
    rows = shared.sql(f"SELECT company FROM companycontactrelationship WHERE contact = {contact} ORDER BY company")
    assert [row["company"] for row in rows] == [first, second]
    assert shared.record("POST", path.replace("!attach", "!detach")).status_code == 204
    assert shared.record("POST", path.replace("!attach", "!detach")).status_code == 404
    assert shared.record("POST", f"customer/{second}/!attach/vendor/{contact}").status_code == 404


_KILLED = """
import os, signal, sys
from pathlib import Path
from netsuite_account import Client, signer
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.netsuite import create

emulator = create(Path(sys.argv[1]), Clock(), {"rsa_bits": 2048})
with running(emulator) as base_url:
    client = Client(base_url, signer(emulator.access(base_url)), emulator)
    client.create("customer", {"companyName": "Survivor", "subsidiary": {"id": "1"}, "externalId": "KILL-9"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_answered_survives_a_kill(loaded_directory: Path, tmp_path: Path) -> None:
    for file in loaded_directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    emulator = create(tmp_path, Clock(), {"rsa_bits": 2048})
    assert emulator._store.value("SELECT companyname FROM customer WHERE externalid = 'KILL-9'") == "Survivor"
    emulator.close()
