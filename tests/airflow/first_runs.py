"""The first run of either phase on a fresh system, done once a session for everybody who looks at its result."""

from __future__ import annotations

from dataclasses import dataclass

from tests.airflow.company import Company
from tests.stack import PHASE_1, PHASE_2, Stack

_shared: list[FirstRuns] = []


@dataclass(frozen=True)
class FirstRuns:
    """A green run of phase 1 on untouched systems, then one of phase 2 with these deals won in between.

    ``ready`` deals with their accounts, ``blocked`` ones with the cause; ``reopened`` was blocked, and a person opens it again.
    """

    company: Company
    visibility: str
    writes_of_visibility: dict[str, int]
    orders: str
    ready: dict[str, str]
    blocked: dict[str, str]
    reopened: str

    @property
    def account(self) -> str:
        """An account that has become a customer."""
        return next(iter(self.ready.values()))


def first_runs(stack: Stack) -> FirstRuns:
    """Return the session's first runs."""
    if not _shared:
        _shared.append(_run_both(stack))
    return _shared[0]


def _run_both(stack: Stack) -> FirstRuns:
    """Phase 1, then two accounts with three ready deals and four deals that are not ready, then phase 2."""
    company = Company(stack)
    before = company.writes()
    visibility = stack.airflow.run(PHASE_1)
    after = company.writes()
    one, two = company.open_account(), company.open_account()
    ready = {company.win(one): one, company.win(one): one, company.win(two, lines=1): two}
    blocked = {
        company.win(one, lines=0): "no product lines",
        company.win(one, entry=company.unknown_product()): "no item in the ERP",
        company.win(company.open_account(BillingStreet=None)): "no billing street",
    }
    reopened = company.win(one, lines=0)
    for number in range(3):
        company.open_account(ERP_Id__c=f"99000{number}")  # ids that lead nowhere, which a check has to find
    orders = stack.airflow.run(PHASE_2)
    made = {system: after[system] - before[system] for system in after}
    return FirstRuns(company, visibility, made, orders, ready, blocked, reopened)
