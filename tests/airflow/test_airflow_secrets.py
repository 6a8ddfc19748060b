"""After everything that was run and killed before: no secret has come out."""

from __future__ import annotations

import json

import pytest

from tests.airflow.first_runs import FirstRuns
from tests.airflow.secret_values import secrets_of
from tests.stack import PHASE_1, PHASE_2, Stack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1200)]


def test_no_secret_is_in_any_log_or_xcom(stack: Stack, first: FirstRuns) -> None:
    secrets = [(f"{system} {name}", value) for system in stack.access for name, value in secrets_of(stack, system)]
    generated = stack.layout.secrets.read_text()
    secrets += [(f"installation {name}", value) for name, value in json.loads(generated).items()]
    assert len({name for name, _ in secrets}) > 15
    logs = [*stack.layout.airflow_home.rglob("*.log"), *stack.layout.logs.rglob("*.log")]
    assert len(logs) > 35
    texts = {str(path): path.read_text(errors="replace") for path in logs}
    xcoms = [stack.airflow.xcoms(dag, run) for dag, run in ((PHASE_1, first.visibility), (PHASE_2, first.orders))]
    texts["XComs"] = str(xcoms)
    leaks = {(name, where) for where, text in texts.items() for name, value in secrets if value in text}
    assert leaks == set()
