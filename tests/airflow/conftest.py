"""The running system, and the first run of either phase on it."""

from __future__ import annotations

import pytest

from tests.airflow.first_runs import FirstRuns, first_runs
from tests.stack import Stack, shared_stack


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> Stack:
    """One running system for the whole session."""
    return shared_stack(pytestconfig)


@pytest.fixture(scope="session")
def first(stack: Stack) -> FirstRuns:
    """A green run of either phase."""
    return first_runs(stack)
