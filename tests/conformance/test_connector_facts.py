"""What a connector says about the system is so, and is the same when it is asked again."""

from __future__ import annotations

from dataclasses import replace

from crosswalk.connectors.protocol import Connector, Creator
from crosswalk.model.entities import Kind
from crosswalk.model.records import NativeField, Operation, Outcome, Write
from tests.conformance.account import Account
from tests.conformance.conftest import Connect
from tests.conformance.vendor import Profile, Session

COMPOUND = "compound"  # what no field of ours can hold


def test_capabilities_are_stated_truly(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    stated = connector.capabilities
    assert stated.parallel_requests >= 1
    assert profile.concurrent is None or stated.parallel_requests <= profile.concurrent[0]
    assert all(size >= 1 for size in stated.write_batch.values())
    assert stated.longest_request_seconds > 0
    native = profile.create(session, "Native", key="CONFORM-UNIQUE")
    [receipt] = connector.deliver([Write("CONFORM-UNIQUE", "customer", Operation.CREATE, profile.values("Same key"))])
    assert stated.key_is_unique == (receipt.native_id == native)
    assert receipt.outcome is Outcome.DONE
    assert receipt.adopted == stated.key_is_unique
    assert "Same key" not in profile.truth(session).values()


def test_a_description_is_canonical(profile: Profile, connector: Connector) -> None:
    described = connector.describe("customer", profile.selection.native)
    assert described.entity == "customer"
    assert {field.path for field in profile.selection.fields} <= set(described.fields)
    for name, field in described.fields.items():
        assert field.name == name
        assert field.type in {*Kind, COMPOUND}, f"{name} is a {field.type}"
        assert field.length is None or field.length > 0
        assert field.refers_to == () or field.type == Kind.REFERENCE
        assert not (field.required and not field.createable), f"{name} is required and cannot be given"
    for name, facts in profile.described.items():
        assert {fact: getattr(described.fields[name], fact) for fact in facts} == facts, name


def test_a_description_is_stable(profile: Profile, connect: Connect) -> None:
    first, second = connect(), connect()
    described = first.describe("customer", profile.selection.native)
    assert described == first.describe("customer", profile.selection.native)
    assert described == second.describe("customer", profile.selection.native)


def test_usage_moves_with_the_calls(profile: Profile, connector: Connector, session: Session) -> None:
    key = profile.create(session, "Used")
    connector.fetch(profile.selection, [key])
    before = connector.usage()
    for _ in range(40):  # what a vendor tells may lag some calls behind
        connector.fetch(profile.selection, [key])
    after = connector.usage()
    assert before.window == after.window
    assert 0 < after.used - before.used <= 80
    assert after.limit is None or after.used <= after.limit
    assert after.as_of.utcoffset() is not None


def test_preflight_finds_nothing_wrong_with_a_sound_account(profile: Profile, connector: Connector) -> None:
    blocking = [finding for finding in connector.preflight([profile.selection]) if finding.blocking]
    assert blocking == []


def test_what_preflight_misses_can_be_created_or_it_is_said_why_not(profile: Profile, connector: Connector) -> None:
    lacking = replace(profile.selection, fields=(*profile.selection.fields, NativeField("no_such_field", "text")))
    findings = connector.preflight([lacking])
    assert any("no_such_field" in finding.subject for finding in findings)
    assert isinstance(connector, Creator) != bool(connector.capabilities.creates_nothing)
    if isinstance(connector, Creator):
        assert connector.creatable(findings) == [], "nobody knows of what type it shall be"
        assert list(connector.create_missing(findings)) == []
