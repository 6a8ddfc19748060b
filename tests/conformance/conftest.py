"""One emulator process a platform for the whole session; both suites run once a profile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import pytest

from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.registry import open_connector
from tests.conformance.account import Account, Process, process, secrets_in
from tests.conformance.profiles import connector_profiles, emulator_profiles
from tests.conformance.vendor import Access, EmulatorProfile, Profile, Session

Start = Callable[[EmulatorProfile], Process]
Connect = Callable[..., Connector]

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
    "ending_setting": lambda profile: [(name, name) for name in profile.settings if profile.flow(name).lifetime],
    "variant": lambda profile: list(profile.variants.items()),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test with a ``profile`` once a platform; those of the connector suite only where there is a connector."""
    if "profile" not in metafunc.fixturenames:
        return
    suite = connector_profiles() if "test_connector" in metafunc.module.__name__ else emulator_profiles()
    part = next((name for name in ENTRIES if name in metafunc.fixturenames), None)
    names, cases = ("profile",), [(one, (one,), one.platform) for one in suite]
    if part is not None:
        names = ("profile", part)
        cases = [(one, (one, entry), f"{one.platform}-{title}") for one in suite for title, entry in ENTRIES[part](one)]
    marked = [
        pytest.param(*values, id=title, marks=known_fault(one, metafunc.function.__name__))
        for one, values, title in cases
    ]
    metafunc.parametrize(names, marked, scope="session")


def known_fault(profile: EmulatorProfile, test: str) -> list[pytest.MarkDecorator]:
    """Expect a test to fail where the profile says why; once it passes, the suite demands that the word be taken back."""
    reason = profile.known_faults.get(test)
    return [pytest.mark.xfail(reason=reason, strict=True)] if reason else []


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


# --- connectors -----------------------------------------------------------------------------------


@pytest.fixture
def waits() -> list[float]:
    """Seconds the test's connectors meant to wait; they wait a moment only."""
    return []


@pytest.fixture
def connect(profile: Profile, account: Account, waits: list[float]) -> Connect:
    """Opens a connector to the account, as a task would."""

    def wait(seconds: float) -> None:
        waits.append(seconds)
        time.sleep(min(seconds, 0.02))

    def opened(
        setting: str | None = None, *, access: Access | None = None, read_only: bool = False, **more: Any
    ) -> Connector:
        chosen = profile.settings[setting or next(iter(profile.settings))]
        options = {"sleep": wait, **profile.connector_options, **more.pop("options", {})}
        settings = chosen(access if access is not None else account.access)
        return open_connector(profile.platform, settings, read_only=read_only, options=options, **more)

    return opened


@pytest.fixture
def connector(connect: Connect) -> Connector:
    """A connector that may write."""
    return connect()


@pytest.fixture(autouse=True)
def no_secret_in_any_log(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a connector went through in a test: no log of any level holds one of the account's secrets."""
    if "connect" not in request.fixturenames:
        yield
        return
    # The connector's package silences what would log its signatures; a client of the test's own may sign first.
    import_module(f"crosswalk.connectors.{request.getfixturevalue('profile').platform}")
    caplog.set_level(logging.DEBUG)
    secrets = secrets_in(request.getfixturevalue("account").access)
    assert secrets
    yield
    said = "\n".join(caplog.handler.format(record) for record in caplog.get_records("call"))
    for name, secret in secrets.items():
        assert secret not in said, f"a log holds {name}"
