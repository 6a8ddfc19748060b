"""NetSuite §14 tolerances: other people's clients, unmodified, by the vendor's own host names (§1)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from netsuite_environments import NETSUITE, NETSUITE_ASYNC, REQUESTS_BASED, play
from tests.sandbox.foreign import environment

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.proxy import Route, run_proxy
from crosswalk_sandbox.kernel.server import running_with_tls
from crosswalk_sandbox.netsuite import NetSuiteEmulator, create

ACCOUNT = "TSTDRV1234567_SB1"


@contextmanager
def _proxy(route: Route) -> Iterator[str]:
    ports: list[int] = []
    stops: list[Callable[[], object]] = []
    started = threading.Event()

    def tell(port: int) -> None:
        ports.append(port)
        started.set()

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stops.append(lambda: loop.call_soon_threadsafe(task.cancel))
        with suppress(asyncio.CancelledError):
            await run_proxy(route, 0, tell)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(10)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        stops[0]()
        thread.join(10)


@pytest.fixture(scope="module")
def hosted(
    loaded_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[NetSuiteEmulator, dict[str, Any]]]:
    """The account under the vendor's names: https by a throw-away CA behind a CONNECT proxy."""
    directory = tmp_path_factory.mktemp("hosted")
    for file in loaded_directory.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    clock = Clock()
    emulator = create(directory, clock, {"rsa_bits": 2048, "account": ACCOUNT})
    with running_with_tls(emulator, directory / "tls", clock=clock) as endpoints:
        port = int(str(endpoints.https).rsplit(":", 1)[1])
        hosts = {f"tstdrv1234567-sb1.{service}.api.netsuite.com": port for service in ("suitetalk", "restlets")}
        with _proxy(hosts.get) as url:
            yield emulator, {**emulator.access(endpoints.http), "proxy": url, "ca_file": str(endpoints.ca_file)}
    emulator.close()


def test_the_netsuite_package_works_unmodified(hosted: Any, environments: Path) -> None:
    emulator, access = hosted
    emulator.actions["add_restlet"]({"script": "987", "deploy": "2"})
    told = play(environment(NETSUITE, environments), "play_netsuite.py", access)
    assert told == {
        "created": None, "phone": "555-0100-11", "name": "Zoë & Söhne", "found": 1, "row": "Zoë & Söhne", "wide": 10,
        "several": 6, "schema": ["$schema", "properties", "type", "x-ns-filterable"], "paths": ["/customer"],
        "restlet": {"method": "POST", "parameters": {}, "body": {"word": "é"}}, "account": ACCOUNT, "refused": 404,
    }  # fmt: skip


def test_the_netsuite_async_package_works_unmodified(hosted: Any, environments: Path) -> None:
    emulator, access = hosted
    known = sorted(str(row["id"]) for row in emulator._store.rows("SELECT id FROM customer"))
    told = play(environment(NETSUITE_ASYNC, environments), "play_netsuite_async.py", access)
    assert told["every"] == told["paged"] == known
    assert len(told["cut"]) == 7  # it pages by the last link, which is wrong (NetSuite §5.1)
    assert told["full"]
    assert all(told["full"])
    assert set(told["pages"]) <= {1, 2}
    assert told["addresses"] == 1  # replace keeps the second write from appending (NetSuite §5.9)
    assert told["short"] == ["companyName", "id", "links"]
    assert told["refused"] == 400  # a transaction's unknown id is no 404 (NetSuite §5.3)


def test_the_packages_on_requests_work_unmodified(hosted: Any, environments: Path) -> None:
    emulator, access = hosted
    emulator.actions["add_restlet"]({"script": "customscript_echo", "deploy": "customdeploy_echo"})
    told = play(environment(REQUESTS_BASED, environments), "play_requests_based.py", access)
    assert told["place"].startswith("https://tstdrv1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/")
    assert (told["comments"], told["gone"]) == ("kept", 204)
    assert told["echo"] == {"method": "GET", "parameters": {"a b": "c+d"}, "body": None}
    items, customers = (emulator._store.value(f"SELECT COUNT(*) FROM {table}") for table in ("item", "customer"))
    assert (told["n"], told["counted"], told["listed"]) == (str(items), str(customers), customers)
    assert (told["type"], told["page"]) == ("salesorder", 2)
    assert "LIMIT is not supported" in told["refused"]
