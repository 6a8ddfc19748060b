"""SAP Business One §2, §5: other people's clients, as their packages ship them, in an environment of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from business_one_account import Opener
from tests.sandbox.foreign import Kit, environment

PYTHON_ODATA = Kit("python-odata", ("python-odata==0.8.1", "requests==2.34.2"))
B1SL = Kit("b1sl-python", ("b1sl-python==0.16.0", "httpx==0.28.1"))
SCRIPTS = Path(__file__).parent / "clients"


def play(kit: Kit, cache: Path, script: str, access: dict[str, Any]) -> Any:
    done = subprocess.run(
        [str(environment(kit, cache)), "-W", "ignore", str(SCRIPTS / script)],
        input=json.dumps(access),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_python_odata_makes_its_classes_from_the_metadata(company: Opener, environments: Path) -> None:
    client = company()
    orders = int(client.call("GET", "Orders/$count?$filter=CardCode eq '1000'").text)
    told = play(PYTHON_ODATA, environments, "play_python_odata.py", client.access)
    assert told == {"sets": 68, "read": ["1000", True, "cCustomer"], "orders": orders, "changed": "123"}


def test_b1sl_python_works_unmodified(company: Opener, environments: Path) -> None:
    client = company()
    items, orders = (int(client.call("GET", f"{name}/$count").text) for name in ("Items", "Orders"))
    client.good("POST", "UserTablesMD", {"TableName": "SDK", "TableDescription": "d", "TableType": "bott_MasterData"})
    made = {"Code": "SDKOBJECT", "Name": "o", "TableName": "SDK", "ObjectType": "boud_MasterData"}
    client.good("POST", "UserObjectsMD", made)
    client.good("POST", "SDKOBJECT", {"Code": "1", "Name": "one"})
    assert play(B1SL, environments, "play_b1sl_python.py", client.access) == {
        "pages": [items, 25], "filtered": ["1000", "1001", "1002"], "written": ["Größe", "Neu", "k", False],
        "twice": "B1ValidationError", "missing": "B1NotFoundError", "closed": "bost_Close", "joined": orders + 1, "lines": 1,
        "batch": ["applied", "rolled_back", "rolled_back", "not_executed"], "rolled back": True, "objects": ["one"],
    }  # fmt: skip
