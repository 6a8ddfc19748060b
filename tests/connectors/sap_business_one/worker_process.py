"""A worker: a process of its own that reads with several threads as often as it is told on its standard input.

``12`` reads twelve times, six at once; ``fork`` lets a child read and end. It answers each line with ``done``, and ends with its input.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from crosswalk.connectors.sap_business_one import BusinessOneConnector, connect
from crosswalk.connectors.sap_business_one.auth import SESSIONS
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.records import NativeField, Selection
from tests.connectors.sap_business_one.small_business_one import COMPANY

NAMES = Selection("customer", "BusinessPartners", (NativeField("CardName", "text"),))
THREADS = 6


def opened(base_url: str) -> BusinessOneConnector:
    """A connector of a company that bears two requests at once, of which the lane of bulk reading takes one."""
    extra = {"base_url": base_url, "company_db": COMPANY["CompanyDB"], "time_zone": "Europe/Berlin", "concurrency": "2"}
    return connect(ConnectionSettings(login=COMPANY["UserName"], password=COMPANY["Password"], extra=extra))


def read_in_a_child(base_url: str) -> None:
    child = os.fork()
    if child == 0:
        opened(base_url).fetch(NAMES, ["C1"])
        SESSIONS.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def main(base_url: str) -> None:
    connector = opened(base_url)
    for line in sys.stdin:
        if line.strip() == "fork":
            read_in_a_child(base_url)
        else:
            with ThreadPoolExecutor(THREADS) as threads:
                list(threads.map(lambda _: connector.fetch(NAMES, ["C1"]), range(int(line))))
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
