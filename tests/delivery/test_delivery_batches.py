"""Which claimed writes go together in one request."""

from __future__ import annotations

from datetime import UTC, datetime

from crosswalk.delivery.batches import batches
from crosswalk.hub.intents import Claimed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def update(key: str, parent: str | None = None) -> Claimed:
    wanted = (key, "customer", "update", "netsuite", "customer", key)
    sending = (1, 1, "customers", None, "salesforce", key, None, None)
    return Claimed(*wanted, *sending, {"parent": parent}, "", 0, False, False, None, None, NOON)


def test_a_parent_goes_with_its_children_so_that_no_two_requests_lock_it() -> None:
    claimed = [update(f"{number}") for number in range(30)]
    claimed[3:3] = [update("mother")]
    claimed[20:20] = [update("a", "mother"), update("b", "mother")]
    found = batches([*claimed, update("c", "mother")], {"customer": 10}, slots=4)
    (family,) = (one for one in found if any(intent.key == "mother" for intent in one))
    assert {"mother", "a", "b", "c"} <= {intent.key for intent in family}
    assert sum(map(len, found)) == len(claimed) + 1
    assert max(map(len, found)) == 10
