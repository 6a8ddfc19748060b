"""A connector gets over what passes, says what does not, and tells nobody a secret."""

from __future__ import annotations

import pickle
import re
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from crosswalk.connectors.protocol import Connector
from crosswalk.connectors.quota import PostgresQuota, SystemLimits
from crosswalk.model.errors import AuthenticationError, RateLimitedError, TransientError
from tests.conformance.account import Account, secrets_in
from tests.conformance.conftest import Connect
from tests.conformance.landed import Landed
from tests.conformance.test_connector_delivering import TROUBLES
from tests.conformance.test_emulator_access import another
from tests.conformance.traffic import most_at_once
from tests.conformance.vendor import Profile, Session

WORKERS = 6


@pytest.mark.parametrize("trouble", [*TROUBLES, "slow"])
def test_a_pull_gets_over_trouble_on_any_page(
    profile: Profile, account: Account, connector: Connector, session: Session, waits: list[float], trouble: str
) -> None:
    kind, rule = TROUBLES.get(trouble, ("slow", {"seconds": 0.2}))
    landed = Landed()
    account.fault(kind, profile.read_path, after=1, count=1, **rule)
    landed.pull(connector, profile.selection)
    assert account.control("GET", "faults")["rules"][0]["fired"] == 1, "the trouble never came"
    assert landed.living(profile.name_field) == profile.truth(session)
    assert sum(waits) >= rule.get("retry_after", 0), "the vendor said how long to wait"


def test_trouble_without_end_is_a_transient_error(
    profile: Profile, account: Account, connector: Connector, session: Session
) -> None:
    key = profile.create(session, "Out of reach")
    connector.fetch(profile.selection, [key])
    account.fault("status", profile.read_path, status=503, retry_after=600)
    with pytest.raises(TransientError) as gave_up:
        connector.fetch(profile.selection, [key])
    assert "503" in str(gave_up.value)
    account.control("DELETE", "faults")
    assert len(connector.fetch(profile.selection, [key])) == 1


def test_an_expired_session_is_renewed_once_however_many_meet_it(
    profile: Profile, ending_setting: str, account: Account, connect: Connect, session: Session
) -> None:
    connector, key = connect(ending_setting), profile.create(session, "Single flight")
    connector.fetch(profile.selection, [key])
    account.control("DELETE", "sessions")
    account.control("DELETE", "requests")
    with ThreadPoolExecutor(WORKERS) as threads:
        found = list(threads.map(lambda _: connector.fetch(profile.selection, [key]), range(2 * WORKERS)))
    assert [record.key for records in found for record in records] == [key] * 2 * WORKERS
    renewed = len([one for one in account.requests() if re.search(profile.token_path, one["path"])])
    assert 1 <= renewed <= profile.sessions_at_once


def test_every_way_to_sign_in_works(
    profile: Profile, setting: str, account: Account, connect: Connect, session: Session
) -> None:
    key = profile.create(session, f"Signed in by {setting}")
    assert [record.key for record in connect(setting).fetch(profile.selection, [key])] == [key]


def test_wrong_credentials_are_an_authentication_error_with_the_remedy_and_without_a_secret(
    profile: Profile, setting: str, account: Account, connect: Connect
) -> None:
    access = account.access
    for name in profile.flow(setting).uses:
        wrong = {**access, name: another(access[name])}
        with pytest.raises(AuthenticationError) as refused:
            next(connect(setting, access=wrong).pull(profile.selection, None))
        error = refused.value
        assert error.hint, f"with another {name} the error says no remedy"
        told = "".join([*traceback.format_exception(error), repr(error), str(pickle.loads(pickle.dumps(error)))])
        for secret in (*secrets_in(access).values(), *secrets_in(wrong).values()):
            assert secret not in told, f"with another {name} the error tells a secret"


def test_a_secret_the_vendor_repeats_goes_no_further(profile: Profile, account: Account, connector: Connector) -> None:
    secrets = secrets_in(account.access)
    echo = "; ".join(f"{name}={secret}" for name, secret in secrets.items())
    account.fault("status", profile.read_path, status=400, body=echo, content_type="text/plain")
    with pytest.raises(Exception) as refused:  # any class will do: it is the text that counts
        list(connector.pull(profile.selection, None))
    told = "".join(traceback.format_exception(refused.value))
    assert not [name for name, secret in secrets.items() if secret in told]


@pytest.fixture
def quotas(hub_dsn: str, profile: Profile):
    """Opens the quota as one worker process does: with a Postgres session of its own."""
    opened: list[PostgresQuota] = []

    def another_worker(limits: SystemLimits) -> PostgresQuota:
        opened.append(PostgresQuota(hub_dsn, {profile.platform: limits}))
        return opened[-1]

    yield another_worker
    for quota in opened:
        quota.close()


def test_workers_together_take_no_more_than_their_share_of_the_day(
    profile: Profile, account: Account, connect: Connect, session: Session, quotas
) -> None:
    key = profile.create(session, "Shared budget")
    limits = SystemLimits(per_day=24, share=0.5)
    workers = [connect(quota=quotas(limits)) for _ in range(2)]
    account.control("DELETE", "requests")

    def work(worker: Connector) -> None:
        with pytest.raises(RateLimitedError) as spent:
            [worker.fetch(profile.selection, [key]) for _ in range(30)]
        assert spent.value.hint

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, workers))
    assert len([one for one in account.requests() if re.search(profile.read_path, one["path"])]) == 12


def test_workers_together_hold_no_more_requests_open_than_the_account_bears(
    profile: Profile, account: Account, connect: Connect, session: Session, quotas
) -> None:
    key = profile.create(session, "Shared slots")
    limits = SystemLimits(concurrent=2, reserved=0)
    workers = [connect(quota=quotas(limits)) for _ in range(3)]
    for worker in workers:
        worker.fetch(profile.selection, [key])
    account.control("DELETE", "requests")
    account.control("POST", "latency", seconds=0.1)
    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(lambda number: workers[number % 3].fetch(profile.selection, [key]), range(WORKERS)))
    assert most_at_once(account.requests()) == 2
