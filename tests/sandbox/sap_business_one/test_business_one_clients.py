"""SAP Business One §2, §5: other people's clients, as their packages ship them, in an environment of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from business_one_account import Opener
from tests.sandbox.foreign import Kit, environment

PYTHON_ODATA = Kit("python-odata", ("python-odata==0.8.1", "requests==2.34.2"))
SCRIPT = Path(__file__).parent / "clients" / "play_python_odata.py"


def test_python_odata_makes_its_classes_from_the_metadata(company: Opener, environments: Path) -> None:
    client = company()
    orders = int(client.call("GET", "Orders/$count?$filter=CardCode eq '1000'").text)
    command = [str(environment(PYTHON_ODATA, environments)), "-W", "ignore", str(SCRIPT)]
    done = subprocess.run(
        command,
        input=json.dumps(client.access),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told == {"sets": 68, "read": ["1000", True, "cCustomer"], "orders": orders, "changed": "123"}
