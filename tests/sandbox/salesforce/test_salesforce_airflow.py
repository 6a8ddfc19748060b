"""Salesforce §2.9 (B), §2.10: Airflow's own hook and bulk operator, unpatched, over TLS through the CONNECT front."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from crosswalk_sandbox.kernel.proxy import running_proxy
from crosswalk_sandbox.kernel.server import running_with_tls

PROGRAM = Path(__file__).with_name("airflow_client.py")


def connections(access):
    """Airflow connections for the three ways to sign in, as §2.10 fills simple-salesforce."""
    key = {"consumer_key": access["consumer_key"]}
    ways = {
        "SF_APP": {"extra": {**key, "consumer_secret": access["consumer_secret"], "domain": "acme.my"}},
        "SF_JWT": {
            "login": access["username"],
            "extra": {**key, "private_key": access["private_key"], "domain": "login"},
        },
        "SF_USER": {
            "login": access["username"],
            "password": access["password"],
            "extra": {"security_token": access["security_token"], "version": "59.0"},
        },
    }
    return {f"AIRFLOW_CONN_{name}": json.dumps({"conn_type": "salesforce", **way}) for name, way in ways.items()}


def test_the_hook_and_the_bulk_operator_do_all_they_offer(make_api, tmp_path):
    api = make_api(page_size=7)
    api.emulator.actions["fail_rows"]({"probability": 0.5, "seed": 3, "count": 12})
    with running_with_tls(api.emulator, tmp_path / "tls", clock=api.clock) as ends:
        port = urlsplit(ends.https).port
        with running_proxy(lambda host: port if host.endswith(".salesforce.com") else None) as front:
            environment = {
                **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
                **connections(api.access),
                "AIRFLOW_HOME": str(tmp_path / "airflow"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "HTTPS_PROXY": front,
                "NO_PROXY": "127.0.0.1,localhost",
                "REQUESTS_CA_BUNDLE": str(ends.ca_file),
            }
            done = subprocess.run(
                [sys.executable, PROGRAM, tmp_path],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads((tmp_path / "told.json").read_text())
    assert told == {
        "inserted": [True] * 20,
        "upserted": [[True, True], [False, False]],
        "updated": [True],
        "deleted": [True],
        "total": 21,
        "columns": ["createddate", "id", "name"],
        "lines": 22,
        "fields": True,
        "names": ["renamed", "up"],
        "tests": [True] * 3,
    }
