"""What a connector writes is written once, row by row, never over somebody's change, and never on a read-only connection."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import pytest

from crosswalk.connectors.protocol import Connector
from crosswalk.model.errors import ErrorClass, ReadOnlyError, RetryableError
from crosswalk.model.records import Operation, Outcome, Receipt, Write
from tests.conformance.account import Account
from tests.conformance.conftest import Connect
from tests.conformance.vendor import Profile, Session

_NUMBERS = itertools.count(1)
# What may go wrong with a write's request: (kind, settings). After none of them the write may be lost or doubled.
TROUBLES = {
    "429": ("status", {"status": 429, "retry_after": 7}),
    "500": ("status", {"status": 500}),
    "503": ("status", {"status": 503}),
    "gateway page": ("html", {}),
    "reset": ("refuse", {}),
    "lost reply": ("lost_reply", {}),
    "silence after commit": ("timeout_after_commit", {"seconds": 0.2}),
    "cut reply": ("truncate", {}),
}


def creation(profile: Profile, name: str) -> Write:
    """Return a write that creates a customer."""
    return Write(f"CONFORM-{next(_NUMBERS)}", "customer", Operation.CREATE, profile.values(name))


def deliver(connector: Connector, writes: Sequence[Write]) -> list[Receipt]:
    """Send writes in requests of the size the connector states; a receipt for each, in order."""
    size = connector.capabilities.write_batch.get("customer", 1)
    receipts = [one for start in range(0, len(writes), size) for one in connector.deliver(writes[start : start + size])]
    assert [receipt.intent_key for receipt in receipts] == [write.intent_key for write in writes]
    return receipts


def test_a_create_and_an_update_arrive(profile: Profile, account: Account, connector: Connector) -> None:
    write = creation(profile, "Made by us")
    [made] = deliver(connector, [write])
    assert (made.outcome, made.adopted) == (Outcome.DONE, False)
    assert made.native_id is not None
    assert profile.truth(account.sign_in())[made.native_id] == "Made by us"
    assert connector.find("customer", [write.intent_key]) == {write.intent_key: made.native_id}

    [seen] = connector.fetch(profile.selection, [made.native_id])
    values = profile.new_name("Changed by us")
    [done] = deliver(
        connector, [Write("CONFORM-U", "customer", Operation.UPDATE, values, made.native_id, (), seen.version)]
    )
    assert (done.outcome, done.native_id) == (Outcome.DONE, made.native_id)
    assert profile.truth(account.sign_in())[made.native_id] == "Changed by us"


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_write_in_trouble_is_neither_lost_nor_doubled(
    profile: Profile, account: Account, connector: Connector, session: Session, trouble: str
) -> None:
    kind, rule = TROUBLES[trouble]
    write = creation(profile, f"Trouble {trouble}")
    account.control("DELETE", "requests")
    account.fault(kind, profile.write_path, method="POST", count=1, **rule)
    first = outcome_of(connector, write)
    sent = [one for one in account.requests() if one["method"] == "POST" and re.search(profile.write_path, one["path"])]
    assert len(sent) == 1 or trouble == "429", "what may have been executed was sent again blindly"
    assert first in (Outcome.DONE, Outcome.IN_DOUBT, Outcome.RETRY), "trouble on the way is never the record's fault"
    assert account.control("GET", "faults")["rules"][0]["fired"] == 1, "the trouble never came"
    written = list(profile.truth(session).values()).count(f"Trouble {trouble}")
    if first is Outcome.DONE:
        assert written == 1
    if first is Outcome.RETRY:
        assert written == 0, "RETRY says that surely nothing was written"
    found = connector.find("customer", [write.intent_key])
    assert len(found) == written
    [again] = deliver(connector, [write])
    assert again.outcome is Outcome.DONE
    assert again.adopted == bool(written)
    assert again.native_id == found.get(write.intent_key, again.native_id)
    assert list(profile.truth(session).values()).count(f"Trouble {trouble}") == 1


def outcome_of(connector: Connector, write: Write) -> Outcome:
    """Return how a write ended; a connection in trouble may also raise what is worth another try."""
    try:
        [receipt] = deliver(connector, [write])
    except RetryableError:
        return Outcome.RETRY
    return receipt.outcome


def test_one_bad_row_stops_no_other(profile: Profile, account: Account, connector: Connector) -> None:
    writes = [creation(profile, f"Row {number}") for number in range(4)]
    bad = Write("CONFORM-BAD", "customer", Operation.CREATE, profile.refused_values)
    receipts = deliver(connector, [*writes[:2], bad, *writes[2:]])
    assert [one.outcome for one in receipts] == [Outcome.DONE] * 2 + [Outcome.REJECTED] + [Outcome.DONE] * 2
    refused = receipts[2]
    assert refused.error_class == ErrorClass.VALIDATION
    assert refused.message
    assert refused.error_code
    assert connector.find("customer", [bad.intent_key]) == {}
    truth = profile.truth(account.sign_in())
    assert [truth[str(one.native_id)] for one in receipts if one.outcome is Outcome.DONE] == [
        f"Row {number}" for number in range(4)
    ]


def test_nobodys_change_is_overwritten(profile: Profile, account: Account, connector: Connector) -> None:
    session = account.sign_in()
    key = profile.create(session, "As planned against")
    [seen] = connector.fetch(profile.selection, [key])
    account.control("POST", "clock", advance_seconds=2)  # some vendors' stamps tell seconds only
    profile.rename(session, key, "Somebody's change")
    values = profile.new_name("Our stale change")
    [stale] = deliver(connector, [Write("CONFORM-V1", "customer", Operation.UPDATE, values, key, (), seen.version)])
    assert (stale.outcome, stale.error_class) == (Outcome.REJECTED, ErrorClass.CONFLICT)
    assert profile.truth(session)[key] == "Somebody's change"

    [seen] = connector.fetch(profile.selection, [key])
    [fresh] = deliver(connector, [Write("CONFORM-V2", "customer", Operation.UPDATE, values, key, (), seen.version)])
    assert fresh.outcome is Outcome.DONE
    assert profile.truth(session)[key] == "Our stale change"


def test_a_target_that_was_deleted_is_not_found(profile: Profile, account: Account, connector: Connector) -> None:
    session = account.sign_in()
    key = profile.create(session, "Deleted meanwhile")
    [seen] = connector.fetch(profile.selection, [key])
    profile.delete(session, key)
    values = profile.new_name("Too late")
    [late] = deliver(connector, [Write("CONFORM-D", "customer", Operation.UPDATE, values, key, (), seen.version)])
    assert (late.outcome, late.error_class) == (Outcome.REJECTED, ErrorClass.NOT_FOUND)


def test_a_read_only_connection_writes_nothing_and_asks_nobody(
    profile: Profile, account: Account, connect: Connect, session: Session
) -> None:
    key = profile.create(session, "Only to be looked at")
    connector = connect(read_only=True)
    assert [record.key for record in connector.fetch(profile.selection, [key])] == [key]
    account.control("DELETE", "requests")
    update = Write("CONFORM-RO", "customer", Operation.UPDATE, profile.new_name("Written"), key)
    for write in (creation(profile, "Written"), update):
        with pytest.raises(ReadOnlyError) as refused:
            connector.deliver([write])
        assert refused.value.hint
    assert account.requests() == []
    assert profile.truth(session)[key] == "Only to be looked at"


def test_a_full_batch_is_one_request(profile: Profile, account: Account, connector: Connector) -> None:
    size = connector.capabilities.write_batch.get("customer", 1)
    deliver(connector, [creation(profile, "Signed in")])
    account.control("DELETE", "requests")
    receipts = connector.deliver([creation(profile, f"Batch {number}") for number in range(size)])
    assert {receipt.outcome for receipt in receipts} == {Outcome.DONE}
    assert len(receipts) == size
    assert len([one for one in account.requests() if re.search(profile.write_path, one["path"])]) == 1
