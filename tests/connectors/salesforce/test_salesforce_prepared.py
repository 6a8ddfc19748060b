"""Versions that are read ahead of many collections spare each the asking, and let nothing through that asking would have refused in time."""

from __future__ import annotations

import pytest

from crosswalk.model.records import Outcome, Write
from tests.connectors.salesforce.org import Org, minutes, running
from tests.connectors.salesforce.test_salesforce_deliver import outcomes, update

SEEN = "2026-05-06T12:00:00Z"
ASKED, SENT = "GET queryAll", "PATCH composite/sobjects"
SAYS = "GET query"  # whether what moved says already what would be written


def planned(org: Org, number: int) -> list[Write]:
    return [update(org.put("Account", Name=f"A{one}"), SEEN, Phone="1") for one in range(number)]


def test_versions_of_many_collections_are_one_call_and_none_of_their_own() -> None:
    org = Org()
    updates = planned(org, 1_000)
    with running(org) as (salesforce, _):
        salesforce.prepare([*updates, update("001000000009999AAA", Phone="unconditional")])
        receipts = [
            receipt for begin in range(0, 1_000, 200) for receipt in salesforce.deliver(updates[begin : begin + 200])
        ]
    assert outcomes(receipts) == [("done", None)] * 1_000
    assert org.calls == ["login", "POST composite", *[SENT] * 5]


def test_what_moved_was_deleted_or_never_was_is_refused_and_nothing_of_it_sent() -> None:
    org = Org()
    moved, deleted, sound = planned(org, 3)
    absent = update("001000000009999AAA", SEEN, Phone="1")
    org.now += minutes(1)
    org.put("Account", Id=moved.native_id, Name="saved by somebody")
    org.rows["Account"][str(deleted.native_id)]["IsDeleted"] = True
    with running(org) as (salesforce, _):
        salesforce.prepare([moved, deleted, absent, sound])
        receipts = salesforce.deliver([moved, deleted, absent, sound])
    assert outcomes(receipts) == [("rejected", "conflict"), *[("rejected", "not_found")] * 2, ("done", None)]
    assert org.calls == ["login", ASKED, SAYS, SENT]


def test_what_was_read_too_long_ago_is_asked_anew_and_refused_when_it_moved() -> None:
    org, now = Org(), [100.0]
    early, late = planned(org, 2)
    with running(org, monotonic=lambda: now[0]) as (salesforce, _):
        salesforce.prepare([early, late])
        assert salesforce.deliver([early])[0].outcome is Outcome.DONE
        org.now += minutes(1)
        org.put("Account", Id=late.native_id, Name="saved by somebody")
        now[0] += salesforce.capabilities.prepared_seconds + 0.1
        assert outcomes(salesforce.deliver([late])) == [("rejected", "conflict")]
    assert org.calls == ["login", ASKED, SENT, ASKED, SAYS]


@pytest.mark.parametrize("version", [None, SEEN])
def test_what_we_wrote_ourselves_since_it_was_read_is_asked_anew(version: str | None) -> None:
    org = Org()
    (planned_one,) = planned(org, 1)
    between = update(str(planned_one.native_id), version, Phone="2")
    with running(org) as (salesforce, _):
        salesforce.prepare([planned_one])
        org.now += minutes(1)
        assert salesforce.deliver([between])[0].outcome is Outcome.DONE
        assert outcomes(salesforce.deliver([planned_one])) == [("rejected", "conflict")]
    assert org.rows["Account"][str(planned_one.native_id)]["Phone"] == "2"


def test_one_malformed_id_spoils_the_reading_ahead_for_none() -> None:
    org = Org()
    updates = planned(org, 2)
    with running(org) as (salesforce, _):
        salesforce.prepare([update("no id", SEEN, Phone="1"), *updates])
        assert outcomes(salesforce.deliver(updates)) == [("done", None)] * 2
    assert org.calls == ["login", ASKED, SENT]
