"""The pages' server in a process of its own, on a hub that the test fills."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.quality.company import INCLUDE

REPOSITORY = INCLUDE.parent


def airflow_environment(home: Path, dsn: str) -> dict[str, str]:
    """The surroundings of a process that imports Airflow: nothing of the developer's own, connections by variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    paths = [str(REPOSITORY), str(INCLUDE), str(REPOSITORY / "plugins")]
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__CROSSWALK__INCLUDE_FOLDER": str(INCLUDE),
        "AIRFLOW__API__BASE_URL": "http://127.0.0.1:8080/",
        "AIRFLOW_CONN_CROSSWALK_HUB": dsn,
        "AIRFLOW_CONN_SALESFORCE": json.dumps(
            {
                "conn_type": "salesforce",
                "extra": {"instance_url": "https://example.my.salesforce.com/", "private_key": "top secret"},
            }
        ),
        "AIRFLOW_CONN_NETSUITE": json.dumps({"conn_type": "netsuite", "extra": {"account_id": "1234567_SB1"}}),
    }


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(home: Path, dsn: str) -> Iterator[str]:
    """Serve the pages, yield their address, end the server."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("page_server.py")), str(port)]
    server = subprocess.Popen(command, env=airflow_environment(home, dsn), stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/theme.js")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


@retry(
    retry=retry_if_exception_type(requests.ConnectionError),
    wait=wait_fixed(0.2),
    stop=stop_after_delay(90),
    reraise=True,
)
def _wait_for(url: str) -> None:
    requests.get(url, timeout=30)
