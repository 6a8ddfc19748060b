"""One emulator process a platform for the whole session; both suites run once a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conformance.account import Account, Process, process
from tests.conformance.profiles import connector_profiles, emulator_profiles
from tests.conformance.vendor import EmulatorProfile, Session

Start = Callable[[EmulatorProfile], Process]

# A test that asks for one of these runs once an entry of each profile.
ENTRIES: Mapping[str, Callable[[Any], Sequence[tuple[str, object]]]] = {
    "flow": lambda profile: [(one.name, one) for one in profile.flows],
    "ending_flow": lambda profile: [(one.name, one) for one in profile.flows if one.lifetime is not None],
    "revocable_flow": lambda profile: [(one.name, one) for one in profile.flows if one.revoke is not None],
    "refusal": lambda profile: [(one.title, one) for one in profile.refusals],
    "cap": lambda profile: [(one.title, one) for one in profile.caps],
    "odd_write": lambda profile: [(one.title, one) for one in profile.odd_writes],
    "slots": lambda profile: [("slots", profile.concurrent)] if profile.concurrent else [],
    "allowance": lambda profile: [("calls", True)] if profile.has_allowance else [],
    "setting": lambda profile: [(name, name) for name in profile.settings],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test with a ``profile`` once a platform; those of the connector suite only where there is a connector."""
    if "profile" not in metafunc.fixturenames:
        return
    suite = connector_profiles() if "test_connector" in metafunc.module.__name__ else emulator_profiles()
    part = next((name for name in ENTRIES if name in metafunc.fixturenames), None)
    if part is None:
        metafunc.parametrize("profile", [pytest.param(one, id=one.platform) for one in suite], scope="session")
        return
    cases = [
        pytest.param(one, entry, id=f"{one.platform}-{title}") for one in suite for title, entry in ENTRIES[part](one)
    ]
    metafunc.parametrize(("profile", part), cases, scope="session")


@pytest.fixture(scope="session")
def start_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a platform's emulator when it is first asked for, and ends all of them."""
    started: dict[str, Process] = {}
    with ExitStack() as stack:

        def start(profile: EmulatorProfile) -> Process:
            if profile.platform not in started:
                folder = tmp_path_factory.mktemp(profile.platform)
                started[profile.platform] = stack.enter_context(process(profile, folder))
            return started[profile.platform]

        yield start


@pytest.fixture
def account(profile: EmulatorProfile, start_emulator: Start) -> Iterator[Account]:
    """The platform's running account; what a test did to faults and latency ends with the test."""
    running = start_emulator(profile)
    running.calm()
    yield running
    running.calm()


@pytest.fixture
def session(account: Account) -> Session:
    """A user of the account."""
    return account.sign_in()
