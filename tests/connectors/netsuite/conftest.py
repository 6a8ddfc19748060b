from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from crosswalk.connectors.netsuite import NetSuiteConnector, connect
from crosswalk.connectors.settings import ConnectionSettings
from tests.connectors.netsuite.small_netsuite import ACCOUNT, SECRETS, SmallNetSuite, running


@pytest.fixture
def account() -> Iterator[SmallNetSuite]:
    with running(SmallNetSuite()) as small:
        yield small


@pytest.fixture
def waits() -> list[float]:
    """Seconds the connector meant to wait, which it does not."""
    return []


@pytest.fixture
def open_account(account: SmallNetSuite, waits: list[float]) -> Callable[..., NetSuiteConnector]:
    def opened(*, read_only: bool = False, options: dict[str, object] | None = None, **extra: str) -> NetSuiteConnector:
        settings = ConnectionSettings(extra={"account_id": ACCOUNT, "base_url": account.base_url, **SECRETS, **extra})
        chosen = {"sleep": waits.append, **(options or {})}
        return connect(settings, system="netsuite", read_only=read_only, options=chosen)

    return opened
