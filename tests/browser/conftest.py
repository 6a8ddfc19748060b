"""A signed-in Chromium on the session's running system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.airflow.first_runs import FirstRuns, first_runs
from tests.browser.chromium import Browser, browser, programs
from tests.pages.conftest import desk  # noqa: F401 - a fixture for all tests here
from tests.stack import Stack, shared_stack


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """The system that the Airflow tests use, too."""
    programs()
    return shared_stack(pytestconfig)


@pytest.fixture(scope="session")
def first(stack: Stack) -> FirstRuns:
    """A green run of either phase, so that there is something to be seen."""
    return first_runs(stack)


@pytest.fixture(scope="session")
def window(stack: Stack, first: FirstRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium whose user may look at everything and change nothing."""
    with browser(stack.url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.size(1280)
        opened.sign_in("viewer", stack.passwords["viewer"])
        yield opened


@pytest.fixture
def seen(window: Browser) -> Iterator[Browser]:
    """The window, at the usual size and in light; what it asked for before is forgotten."""
    window.driver.switch_to.default_content()
    window.size(1280)
    window.theme("light")
    window.hosts()
    window.complaints()
    yield window
    window.driver.switch_to.default_content()
