"""Other people's NetSuite clients, and how their scripts are played."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.sandbox.foreign import Kit, without_path

SCRIPTS = Path(__file__).parent / "clients"


NETSUITE = Kit("netsuite", ("netsuite==0.12.0", "authlib==1.9.9", "httpx==0.27.2"))
NETSUITE_ASYNC = Kit("netsuite-async", ("netsuite-async==0.2.4", "authlib==1.9.9", "httpx==0.28.1"), python=(3, 12))
REQUESTS_BASED = Kit("requests-based", ("netsuite-oauth-python==1.0.0", "restsuite==1.0.0", "netsuite-client==0.1.1"))


def play(python: Path, script: str, access: Mapping[str, Any]) -> dict[str, Any]:
    """What a client's script told as JSON; it reaches the vendor's hosts by the proxy and trusts the sandbox's CA."""
    led = {"HTTPS_PROXY": access["proxy"], "SSL_CERT_FILE": access["ca_file"], "REQUESTS_CA_BUNDLE": access["ca_file"]}
    unset = ("HTTP_PROXY", "NO_PROXY", "ALL_PROXY")
    env = {name: value for name, value in without_path().items() if name.upper() not in unset} | led
    done = subprocess.run(
        [str(python), "-W", "ignore", str(SCRIPTS / script)],
        input=json.dumps(access), capture_output=True, text=True, check=False, timeout=60, env=env)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
