"""All pages on a hub that has trouble in it, and people of every role who look at them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import html
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from crosswalk.hub.database import Hub
from tests.pages.desk import fill
from tests.quality.pages import airflow_environment, free_port


@dataclass(frozen=True)
class Desk:
    """The pages' address, the hub behind them, and how each role asks."""

    url: str
    hub: Hub

    def get(self, path: str, role: str = "viewer", **query: object) -> requests.Response:
        """Ask for a page as it is."""
        return requests.get(self.url + path, params=query, headers={"X-Role": role}, timeout=60)

    def page(self, path: str, role: str = "viewer", **query: object) -> html.HtmlElement:
        """Return a page that has to be there."""
        answer = self.get(path, role, **query)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:800]}"
        return html.fromstring(answer.text)

    def post(self, path: str, form: Mapping[str, object], role: str = "op", **headers: str) -> requests.Response:
        """Send a form as our own page does, or with other headers; returns the answer itself."""
        sent = {"X-Role": role, "Origin": self.url.rpartition("/")[0], "Sec-Fetch-Site": "same-origin", **headers}
        return requests.post(self.url + path, data=form, headers=sent, timeout=60, allow_redirects=False)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the hub itself."""
        with self.hub.connection() as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def one(self, query: str, *parameters: object) -> Any:
        """Ask the hub for one value."""
        [(value,)] = self.rows(query, *parameters)
        return value


@pytest.fixture(scope="session")
def desk(new_hub: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The pages on a filled hub."""
    dsn = new_hub()
    hub = Hub(dsn)
    with hub.connection() as connection:
        fill(connection)
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("role_server.py")), str(port)]
    home = tmp_path_factory.mktemp("airflow")
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, env=airflow_environment(home, dsn), stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/crosswalk/theme.js", server, home / "server.log")
            yield Desk(f"http://127.0.0.1:{port}/crosswalk", hub)
        finally:
            server.terminate()
            server.wait(timeout=30)
            hub.close()


@retry(
    retry=retry_if_exception_type(requests.ConnectionError),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(300),
    reraise=True,
)
def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    assert server.poll() is None, log.read_text()[-3000:]
    requests.get(url, timeout=30)
