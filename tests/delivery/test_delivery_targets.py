"""Laws 1, 2 and 13 with each vendor's own means against duplicates: every request of a delivery disturbed, on the emulators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crosswalk.hub.database import Hub
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock as VendorClock
from crosswalk_sandbox.kernel.faults import Faults
from crosswalk_sandbox.kernel.registry import entry
from crosswalk_sandbox.kernel.server import running
from tests.conformance.account import Account
from tests.conformance.profiles import connector_profiles
from tests.delivery.schedules import Clock
from tests.delivery.test_delivery_schedules import Reckless
from tests.delivery.wires import FAULTS, SCHEDULES, Disturbed, Front, business_one_orders, netsuite_orders
from tests.hub.records import NOON
from tests.stages.companies import settle_in

ORDERS = {"netsuite": netsuite_orders, "sap_business_one": business_one_orders}
OPTIONS = {
    "sap_business_one": {"sessions": 10_000},
    "hubspot": {"rate_limits": False},
}  # workers come and go by the dozen
PROFILES = {profile.platform: profile for profile in connector_profiles()}


@pytest.fixture(params=sorted(PROFILES))
def disturbed(request: pytest.FixtureRequest, hub: Hub, tmp_path: Path) -> Iterator[Disturbed]:
    """A vendor's account with a small company, in this process."""
    profile = PROFILES[request.param]
    settle_in(tmp_path / "account", profile.platform, Size(accounts=1, products=20, deals=1), 7)
    vendors_clock, faults, clock = VendorClock(None), Faults(), Clock(NOON)
    options = OPTIONS.get(profile.platform, {})
    emulator = entry(profile.platform).factory()(tmp_path / "account", vendors_clock, options)
    emulator.app = front = Front(emulator.app, clock)
    with running(emulator, clock=vendors_clock, faults=faults) as base_url:
        account = Account(profile, base_url)
        session = account.sign_in()
        made = ORDERS[profile.platform](session) if profile.platform in ORDERS else None
        yield Disturbed(profile, account, session, faults, front, clock, hub, orders=made)
    emulator.close()


@pytest.mark.timeout(300)
def test_no_disturbance_of_a_request_makes_a_record_twice_or_loses_one(
    disturbed: Disturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = disturbed.calm()
    chosen = [(request, *how) for request in range(requests) for how in SCHEDULES]
    assert failures(disturbed, chosen, capsys) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("disturbed", ["sap_business_one"], indirect=True)
def test_without_intents_orders_are_doubled_where_the_vendor_takes_a_key_twice(
    disturbed: Disturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    disturbed.delivery = Reckless
    last = disturbed.calm() - 1
    wrong = failures(disturbed, [(last, fault, "one worker") for fault in FAULTS], capsys)
    assert any("2 orders of customer" in sentence for sentence in wrong)


def failures(
    disturbed: Disturbed, chosen: Sequence[tuple[int, str, str]], capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Play schedules; return what is wrong in the end, in the hub and at the vendor's, and print how many there were."""
    wrong = [f"{one}: {said}" for one in chosen for said in disturbed.play(*one)] + disturbed.wrong()
    with capsys.disabled():
        name, how = disturbed.profile.platform, disturbed.delivery.__name__
        print(f"\n{len(chosen)} schedules ({name}, {how}): {len(wrong)} wrong; {disturbed.rounds} recovery runs")
    return wrong
