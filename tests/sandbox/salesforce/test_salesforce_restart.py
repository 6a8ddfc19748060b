"""State survives a killed process: every acknowledged write is there afterwards, and sessions live on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest
import requests

from crosswalk_sandbox.kernel.server import bind

SERVE = """
import json, sys
from pathlib import Path
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import serve
from crosswalk_sandbox.salesforce import create

folder, port = Path(sys.argv[1]), int(sys.argv[2])
emulator = create(folder, Clock(), {})
serve(emulator, port, directory=folder, on_started=lambda: print(json.dumps(emulator.access("")), flush=True))
"""
ENOUGH = 25


def free_port():
    taken = bind(0)
    port = taken.getsockname()[1]
    taken.close()
    return port


@pytest.fixture
def start(tmp_path):
    started = []
    port = free_port()

    def launch():
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(tmp_path / "org"), str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process, json.loads(process.stdout.readline()), f"http://127.0.0.1:{port}"

    yield launch
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_no_acknowledged_write_is_lost_when_the_process_is_killed(start):
    process, access, url = start()
    form = {
        "grant_type": "client_credentials",
        "client_id": access["consumer_key"],
        "client_secret": access["consumer_secret"],
    }
    token = requests.post(f"{url}/services/oauth2/token", data=form, timeout=30).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    acknowledged, enough = [], threading.Event()

    def write(name):
        number = 0
        while True:
            key = f"{name}-{number}"
            try:
                answer = requests.patch(
                    f"{url}/services/data/v60.0/sobjects/Account/ERP_Id__c/{key}",
                    json={"Name": "x"},
                    headers=headers,
                    timeout=30,
                )
            except requests.RequestException:
                return
            if answer.status_code == 201:
                acknowledged.append(key)
            number += 1
            if len(acknowledged) >= ENOUGH:
                enough.set()

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for writer in writers:
        writer.start()
    assert enough.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for writer in writers:
        writer.join()
    start()
    found = requests.get(
        f"{url}/services/data/v60.0/query", params={"q": "SELECT ERP_Id__c FROM Account"}, headers=headers, timeout=30
    )
    kept = {row["ERP_Id__c"] for row in found.json()["records"]}
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + len(writers)
