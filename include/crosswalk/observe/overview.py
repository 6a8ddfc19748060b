"""How one pairing does, for its first page: runs, modes, consistency, what waits, what was used, and what needs attention first.

Everything is read by an index over what is open or recent, so that it takes the same time however much the ledger holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.rows import class_row

from crosswalk.hub.checks import CheckResult, results_of
from crosswalk.hub.database import Connection
from crosswalk.hub.runs import Run
from crosswalk.hub.waits import WaitSummary, wait_summary
from crosswalk.observe.flows import FlowMode, flow_modes
from crosswalk.observe.latency import Latency, latency
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import SIDES

Gravity = Literal["critical", "warning", "info"]
Kind = Literal["run_failed", "conflict", "quarantine", "matches", "check_failed", "in_doubt", "held", "calls_used"]
"""What attention is called for; each has a page in ``docs/runbooks``."""

DAGS = {"visibility": "phase_1_visibility", "orders": "phase_2_orders", "products": "phase_2_products"}
RUNS = 5
_DAY = timedelta(hours=24)
_NEARLY_USED = 0.9
_PATIENCE = {
    "gate": 300,
    "parent": 600,
    "turn": 3600,
    "doubt": 3600,
    "pause": 3600,
}  # seconds; these mostly end by themselves
WAITS: dict[str, str] = {
    "gate": "the gate of their run, or a person to release its brake",
    "approval": "an approval",
    "refused": "their deal to be changed: an approval was refused",
    "parent": "what they depend on",
    "turn": "an earlier write of the same record",
    "doubt": "certainty about a lost answer",
    "approval_there": "an approval in the target system, where a draft waits",
    "pause": "their next try",
    "off": "their flow to be switched on",
    "unlinked": "their parent to be linked on the other side",
}
"""What writes wait for, by the reason the hub gives."""
_GRAVITY: dict[str, int] = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class PhaseRuns:
    """The last runs of one phase, the newest first."""

    phase: str
    dag_id: str
    schedule: str | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Open items of the quarantine with one class at one stage."""

    stage: str
    error_class: str
    records: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Matches of one entity that a person has to decide."""

    entity: str
    matches: int


@dataclass(frozen=True, slots=True)
class FlowState:
    """One flow: its mode, and its intents that are not done, by status."""

    mode: FlowMode
    open: dict[str, int]


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """Calls to one system in the last 24 hours; ``budget`` is our share of what the account allows, None without a limit."""

    system: str
    used: int
    allowed: int | None
    budget: int | None

    @property
    def share(self) -> float | None:
        """Part of our budget that is used."""
        return None if not self.budget else self.used / self.budget


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at. ``page`` is one of our pages, with ``query`` after the pairing's name."""

    kind: Kind
    gravity: Gravity
    text: str
    page: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """One pairing at a glance; ``score`` is in percent, None before the first check that compared something."""

    phases: tuple[PhaseRuns, ...]
    flows: tuple[FlowState, ...]
    score: float | None
    measured_at: datetime | None
    failing: tuple[CheckResult, ...]
    troubles: tuple[Trouble, ...]
    waiting: tuple[Waiting, ...]
    quotas: tuple[QuotaUse, ...]
    latency: Latency
    waits: tuple[WaitSummary, ...] = ()
    attention: tuple[Attention, ...] = ()

    @property
    def quarantined(self) -> int:
        """Open items of the quarantine, conflicts left out."""
        return sum(one.records for one in self.troubles if one.error_class != "conflict")

    @property
    def conflicts(self) -> int:
        """Open items where both sides changed and a person decides."""
        return sum(one.records for one in self.troubles if one.error_class == "conflict")

    @property
    def matches(self) -> int:
        """Pairs that wait for a person."""
        return sum(one.matches for one in self.waiting)


STATEMENTS: dict[str, str] = {
    "runs": f"""
        select {", ".join(Run.__dataclass_fields__)} from hub.run
         where pairing = %(pairing)s and phase = %(phase)s order by started_at desc limit {RUNS}""",
    "troubles": """
        select stage, error_class, count(*) as records, min(first_seen) as since from hub.quarantine
         where pairing = %(pairing)s and status = 'open' and ignored_at is null group by 1, 2 order by 3 desc, 1, 2""",
    "waiting": """
        select entity, count(*) as matches from hub.match_candidate
         where pairing = %(pairing)s and status = 'open' group by 1 order by 2 desc, 1""",
    "intents": """
        select flow, status, count(*) from hub.intent
         where pairing = %(pairing)s and status in ('planned', 'held', 'sending', 'in_doubt', 'waiting') group by 1, 2""",
    "calls": """
        select coalesce(sum(calls), 0)::bigint from hub.quota_usage where system = %(system)s and bucket > %(since)s""",
}


def overview(connection: Connection, pairing: Pairing, *, now: datetime) -> Overview:
    """Return one pairing at a glance."""
    wanted: dict[str, Any] = {"pairing": pairing.name}
    checks = results_of(connection, pairing.name)
    state = Overview(
        phases=tuple(_phase(connection, pairing, name) for name in pairing.phases),
        flows=_flows(connection, pairing, wanted),
        score=score_of(checks),
        measured_at=max((check.measured_at for check in checks), default=None),
        failing=tuple(sorted((one for one in checks if not one.success), key=_grave)),
        troubles=_rows(connection, "troubles", Trouble, wanted),
        waiting=_rows(connection, "waiting", Waiting, wanted),
        quotas=tuple(_quota(connection, pairing, side, now) for side in SIDES),
        latency=latency(connection, pairing.name, now=now),
        waits=tuple(wait_summary(connection, pairing.name, now=now)),
    )
    return replace(state, attention=tuple(sorted(attention(state), key=lambda one: _GRAVITY[one.gravity])))


def score_of(checks: list[CheckResult]) -> float | None:
    """Return the share of compared records that are in order, in percent; None when nothing was compared."""
    population = sum(check.population for check in checks)
    wrong = sum(min(check.violations, check.population) for check in checks)
    return 100.0 * (population - wrong) / population if population else None


def attention(state: Overview) -> list[Attention]:
    """Return what a person should look at. Pure."""
    return [*_trouble_attention(state), *_check_attention(state), *_flow_attention(state), *_quota_attention(state)]


def _trouble_attention(state: Overview) -> list[Attention]:
    found = []
    if state.conflicts:
        found.append(
            Attention(
                "conflict",
                "critical",
                f"{_count(state.conflicts, 'conflict')} that only a person can decide",
                "quarantine",
                "error_class=conflict",
            )
        )
    for one in state.troubles:
        if one.error_class == "conflict":
            continue
        told = f"{_count(one.records, 'record')} in quarantine at {one.stage}: {one.error_class.replace('_', ' ')}"
        grave: Gravity = "critical" if one.stage in ("deliver", "pull") else "warning"
        query = f"stage={one.stage}&error_class={one.error_class}"
        found.append(Attention("quarantine", grave, told, "quarantine", query))
    for pairs in state.waiting:
        told = f"{_count(pairs.matches, 'pair')} of {pairs.entity.replace('_', ' ')}s may be the same and wait for a decision"
        found.append(Attention("matches", "info", told, "matches", f"entity={pairs.entity}"))
    return found


def _check_attention(state: Overview) -> list[Attention]:
    return [
        Attention(
            "check_failed",
            "critical" if check.severity == "critical" else "warning",
            f"{check.title}: {'could not run' if check.error else _count(check.violations, 'difference')}",
            "consistency/check" if check.violations else "consistency",
            f"check={check.check_id}" if check.violations else "",
        )
        for check in state.failing
    ]


def _flow_attention(state: Overview) -> list[Attention]:
    found = []
    for flow in state.flows:
        name = flow.mode.flow.replace("_", " ")
        if doubt := flow.open.get("in_doubt", 0):
            told = f"{_count(doubt, 'write')} of {name} in doubt: the answer was lost"
            found.append(Attention("in_doubt", "critical", told, "quarantine"))
    for wait in state.waits:
        if wait.age_seconds >= _PATIENCE.get(wait.reason, 0):
            name, what = wait.flow.replace("_", " "), WAITS.get(wait.reason, wait.reason)
            told = f"{_count(wait.intents, 'write')} of {name} {_waiting(wait.intents)} for {what}"
            gravity: Gravity = "info" if wait.reason in ("refused", "approval_there") else "warning"
            found.append(Attention("held", gravity, told, "overview", "#waits"))
    return found


def _waiting(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _quota_attention(state: Overview) -> list[Attention]:
    return [
        Attention(
            "calls_used",
            "critical" if one.share >= 1 else "warning",
            f"{one.system}: {one.share:.0%} of a day's calls are used",
            "overview",
        )
        for one in state.quotas
        if one.share is not None and one.share >= _NEARLY_USED
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,}".replace(",", "\u202f") + f" {noun}{'' if number == 1 else 's'}"


def _grave(check: CheckResult) -> tuple[int, int, str]:
    return _GRAVITY.get(check.severity, 1), -check.violations, check.check_id


def _phase(connection: Connection, pairing: Pairing, name: Any) -> PhaseRuns:
    wanted = {"pairing": pairing.name, "phase": DAGS[name]}
    runs = _rows(connection, "runs", Run, wanted)
    return PhaseRuns(name, f"{pairing.name}__{DAGS[name]}", pairing.phases[name].schedule, runs)


def _flows(connection: Connection, pairing: Pairing, wanted: dict[str, Any]) -> tuple[FlowState, ...]:
    waiting: dict[str, dict[str, int]] = {}
    for flow, status, count in connection.execute(STATEMENTS["intents"].encode(), wanted):
        waiting.setdefault(flow, {})[status] = count
    return tuple(FlowState(mode, waiting.get(mode.flow, {})) for mode in flow_modes(connection, pairing))


def _quota(connection: Connection, pairing: Pairing, side: Literal["crm", "erp"], now: datetime) -> QuotaUse:
    one = pairing.side(side)
    row = connection.execute(STATEMENTS["calls"].encode(), {"system": one.system, "since": now - _DAY}).fetchone()
    allowed = one.requests_per_day
    return QuotaUse(
        one.system, int(row[0]) if row else 0, allowed, None if allowed is None else int(allowed * one.share)
    )


def _rows(connection: Connection, name: str, row: type[Any], wanted: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return tuple(cursor.execute(STATEMENTS[name].encode(), wanted).fetchall())
