"""A checked hub, and its pages on a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from crosswalk.hub.database import Hub
from crosswalk.quality.checks import checks_of
from crosswalk.quality.suite import run_suite
from tests.quality.company import FAULTS, MAPPINGS, NAME, SHIPPED, sound
from tests.quality.pages import served

SOWN = ("two fields of one pair", "an e-mail address twice", "two cents too much", "a watermark of yesterday")


@pytest.fixture(scope="session")
def checked(new_hub: Callable[[], str]) -> Iterator[Hub]:
    """A hub with some faults, checked once as run ``r1``. Nobody changes it."""
    hub = Hub(new_hub())
    with hub.connection() as connection:
        sound(connection)
        for fault in SOWN:
            connection.execute(FAULTS[fault][0].encode())
        connection.execute("update hub.customer set name = '=HYPERLINK(\"x\")' where key = 'a2'")
    run_suite(hub, NAME, "r1", checks_of(SHIPPED, MAPPINGS))
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def pages(checked: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages' address."""
    with served(tmp_path_factory.mktemp("airflow"), checked.dsn) as url:
        yield url
