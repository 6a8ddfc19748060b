"""API calls of every read and write path, measured at the emulators, against the fewest that each platform allows.

A call is a request that the emulator's log counts; sign-in requests are told apart and not counted. The minimum is that of a client that knows
beforehand what it will find: what the engine must ask to learn it (how large an object is, what time it is there) counts as excess.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import calls_business_one, calls_hubspot, calls_netsuite, calls_salesforce
from benchmarks.calls_counting import Counted
from benchmarks.emulators import serving
from benchmarks.postgres import running_postgres
from benchmarks.report import Outcome, Settings, Table
from benchmarks.world import both_systems

AIM = 1.05


def run(settings: Settings) -> Outcome:
    """Walk every path of the platforms."""
    with tempfile.TemporaryDirectory(prefix="crosswalk-bench-") as folder:
        place = Path(folder)
        accounts = calls_salesforce.ACCOUNTS
        with serving("salesforce", place / "org", accounts_only=accounts, hours_ago=24) as org:
            counted = calls_salesforce.walk(org)
        size = {"accounts": 120, "products": 40, "deals": 400}
        if not settings.quick:
            size = {"accounts": 1_200, "products": 120, "deals": 1_600}
        with running_postgres() as server, both_systems(place / "both", server, **size) as world:
            world.pull_and_plan()
            counted += calls_netsuite.walk(world)
        switches = {"rate_limits": False, "search_delay": 0}  # pages are counted, not waits
        with serving("hubspot", place / "account", **size, options=switches) as account:
            counted += calls_hubspot.walk(account)
        with serving("sap_business_one", place / "company", **size) as company:
            counted += calls_business_one.walk(company)
    return outcome(counted)


def outcome(counted: Sequence[Counted]) -> Outcome:
    """Put every path beside its minimum."""
    made, least = sum(one.made for one in counted), sum(one.least for one in counted)
    over = [one for one in counted if one.ratio > AIM]
    headline = (
        f"{made} calls where {least} are the fewest possible ({made / least:.3f}); {len(counted) - len(over)} of "
        f"{len(counted)} paths within {AIM:g}"
    )
    figures = {"ratio": round(made / least, 3), "paths": [one.as_dict() for one in counted]}
    tables = [
        Table(
            platform,
            ["path", "records", "calls", "fewest", "ratio", "sign-ins", "why no fewer"],
            [
                [one.path, one.records, one.made, one.least, f"{one.ratio:.2f}", one.tokens, one.why]
                for one in counted
                if one.platform == platform
            ],
        )
        for platform in dict.fromkeys(one.platform for one in counted)
    ]
    return Outcome("calls", headline, not over, figures, tables)
