"""How an intent's sending ends, or the asking about one that waits. Each step is fenced: it changes nothing and returns False unless the epoch owns the intent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from psycopg.rows import class_row

from crosswalk.hub import ledger, quarantine
from crosswalk.hub.codec import storable
from crosswalk.hub.database import Connection
from crosswalk.hub.dependants import free_dependants, hold_dependants
from crosswalk.model.errors import (
    AuthenticationError,
    ConflictError,
    CrosswalkError,
    ErrorClass,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    SchemaError,
    TransientError,
    ValidationError,
)
from crosswalk.model.records import Outcome, Receipt

STAGE = "deliver"
"""The quarantine stage of what a target refused."""

MOST_TRIES = 10
"""So often a write is postponed before it shows up in quarantine; it goes on being tried."""

MOST_DOUBTS = 3
"""So many attempts end in doubt before the write shows up in quarantine."""

MOST_TROUBLE = timedelta(hours=6)
"""So long a write is postponed or in doubt before it shows up in quarantine, however seldom it is tried."""

_LOOKUP_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Finishing:
    """An intent whose sending ends at this instant, and the record that it comes from."""

    key: str
    pairing: str
    source_system: str
    source_entity: str
    source_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Owned(Finishing):
    """What the deciding needs of an intent that this epoch owns; the row is locked."""

    flow: str
    entity: str
    operation: str
    status: str
    target_system: str
    attempt: int
    run_id: str


_INTENT = """
select key, pairing, flow, entity, operation, status, source_system, source_entity, source_key, target_system, attempt, run_id,
       coalesce(%(now)s, clock_timestamp()) as at
  from hub.intent
"""

_OWN = f"""
{_INTENT}
 where key = %(key)s and epoch = %(epoch)s and lease_until is not null and status in ('planned', 'sending', 'in_doubt', 'waiting')
   for update
"""

_UNREAD = f"{_INTENT} where key = %(key)s and status = 'done' and settled_at is null for update"

_DONE = """
update hub.intent
   set status = 'done', target_key = coalesce(%(native_id)s, target_key), finished_at = %(at)s, lease_until = null, not_before = null,
       resend_after = null, error_class = null, error_code = null, message = null, hint = null
 where key = %(key)s
"""

# A target that says no to a request has written nothing. Refused before sending, an earlier attempt's doubt stays.
_REJECTED = """
update hub.intent
   set status = 'rejected', finished_at = %(at)s, lease_until = null, not_before = null,
       resend_after = case when status = 'sending' then null else resend_after end,
       error_class = %(error_class)s, error_code = %(error_code)s, message = %(message)s, hint = %(hint)s
 where key = %(key)s
"""

# The first look-up comes at once (an update has none and waits, see claim), the next when nothing sent can commit any more.
_IN_DOUBT = """
update hub.intent
   set status = 'in_doubt', lease_until = null, resend_after = greatest(resend_after, %(not_before)s),
       not_before = case when status = 'sending' then null
                         else greatest(resend_after, %(not_before)s, %(at)s + make_interval(secs => %(pause)s)) end,
       error_class = %(error_class)s, error_code = %(error_code)s, message = %(message)s, hint = %(hint)s
 where key = %(key)s
"""

# The target has it, so that no doubt is left of any attempt.
_WAITING = """
update hub.intent
   set status = 'waiting', lease_until = null, not_before = %(not_before)s, resend_after = null,
       error_class = %(error_class)s, error_code = %(error_code)s, message = %(message)s, hint = %(hint)s
 where key = %(key)s
"""

# Released after sending means that surely nothing was written; released during a look-up, the doubt stays.
_RELEASE = """
update hub.intent
   set status = case when status in ('in_doubt', 'waiting') then status else 'planned' end, lease_until = null, not_before = %(not_before)s,
       resend_after = case when status = 'sending' then null else resend_after end,
       error_class = %(error_class)s, error_code = %(error_code)s, message = %(message)s, hint = %(hint)s
 where key = %(key)s
"""


def finish(
    connection: Connection,
    key: str,
    epoch: int,
    receipt: Receipt,
    *,
    run_id: str | None = None,
    not_before: datetime | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> bool:
    """Record what became of a claimed intent: done, rejected (then also in quarantine), in doubt or waiting; a retry is a release.

    One that waits is claimed again after the receipt's ``retry_after``. ``not_before`` is when a request in doubt can surely commit no more; the hub's own reckoning stands where that is later.
    Raises ValueError for an outcome that a request never recorded as sending cannot have.
    """
    owned = _own(connection, key, epoch, now)
    if owned is None:
        return False
    receipt = _storable(receipt)
    if owned.status == "planned" and (
        receipt.outcome in (Outcome.IN_DOUBT, Outcome.WAITING)
        or (receipt.outcome is Outcome.DONE and not receipt.adopted)
    ):
        raise ValueError(f"Intent {key} is {receipt.outcome} without ever being marked as sending (law 1).")
    match receipt.outcome:
        case Outcome.DONE:
            _done(connection, owned, receipt, run_id, actor)
        case Outcome.REJECTED:
            _rejected(connection, owned, receipt, run_id, actor)
        case Outcome.IN_DOUBT:
            values = {**_trouble(owned, receipt), "not_before": not_before, "pause": _LOOKUP_PAUSE}
            connection.execute(_IN_DOUBT, values)
            _tell(connection, "in_doubt", owned, receipt, run_id, actor)
            _show_if_stuck(connection, owned, receipt, run_id, actor)
        case Outcome.WAITING:
            _waits(connection, owned, receipt, run_id, actor)
        case Outcome.RETRY:
            _release(connection, owned, not_before, receipt, run_id, actor)
    return True


def refuse_untaken(
    connection: Connection,
    receipt: Receipt,
    *,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> bool:
    """Record that a target took a write and did not do it, as reading it back showed: it is rejected, and in quarantine, like any refusal.

    ``receipt`` says what is wrong and what to do. False when the write is not one that waits to be read back.
    """
    with connection.cursor(row_factory=class_row(_Owned)) as cursor:
        unread = cursor.execute(_UNREAD, {"key": receipt.intent_key, "now": now}).fetchone()
    if unread is None:
        return False
    _rejected(connection, unread, _storable(receipt), run_id, actor)
    return True


def release(
    connection: Connection,
    key: str,
    epoch: int,
    not_before: datetime | None,
    *,
    pause: float = 0,
    receipt: Receipt | None = None,
    run_id: str | None = None,
    actor: str = ledger.ENGINE,
    now: datetime | None = None,
) -> bool:
    """Give a claimed intent back; only when this sending surely wrote nothing.

    It is claimed again from ``not_before`` on, or ``pause`` seconds from now by the hub's clock where that is None. One that is given
    back again and again shows up in quarantine.
    """
    owned = _own(connection, key, epoch, now)
    if owned is None:
        return False
    if not_before is None and pause:
        not_before = owned.at + timedelta(seconds=pause)
    _release(connection, owned, not_before, _storable(receipt or Receipt(key, Outcome.RETRY)), run_id, actor)
    return True


def _storable(receipt: Receipt) -> Receipt:
    """Return the receipt with the target's words as the hub can keep them."""
    words = {name: storable(getattr(receipt, name)) for name in ("error_code", "message", "field", "hint")}
    return replace(receipt, **words)


def _own(connection: Connection, key: str, epoch: int, now: datetime | None) -> _Owned | None:
    with connection.cursor(row_factory=class_row(_Owned)) as cursor:
        return cursor.execute(_OWN, {"key": key, "epoch": epoch, "now": now}).fetchone()


def _done(connection: Connection, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    connection.execute(_DONE, {"key": owned.key, "at": owned.at, "native_id": receipt.native_id})
    _tell(connection, "done", owned, receipt, run_id, actor)
    leave_quarantine(connection, owned, run_id, actor)
    free_dependants(connection, owned.key, run_id=run_id, now=owned.at)


def leave_quarantine(connection: Connection, intent: Finishing, run_id: str | None, actor: str) -> None:
    """Close what was in quarantine because of an intent that is delivered now."""
    quarantine.resolve(
        connection,
        pairing=intent.pairing,
        system=intent.source_system,
        entity=intent.source_entity,
        key=intent.source_key,
        stage=STAGE,
        intent=intent.key,
        actor=actor,
        reason="delivered",
        run_id=run_id,
        now=intent.at,
    )


def _rejected(connection: Connection, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    connection.execute(_REJECTED, _trouble(owned, receipt))
    _tell(connection, "rejected", owned, receipt, run_id, actor)
    _quarantine(connection, owned, receipt, run_id, actor)
    hold_dependants(connection, owned.key, receipt.message, run_id=run_id, now=owned.at)


def _waits(connection: Connection, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    """Let the target keep it; the ledger tells it once, however often the target is asked."""
    again = owned.at + timedelta(seconds=receipt.retry_after or _LOOKUP_PAUSE)
    connection.execute(_WAITING, {**_trouble(owned, receipt), "not_before": again})
    if owned.status != "waiting":
        _tell(connection, "waiting", owned, receipt, run_id, actor)
        leave_quarantine(connection, owned, run_id, actor)


def _release(
    connection: Connection, owned: _Owned, not_before: datetime | None, receipt: Receipt, run_id: str | None, actor: str
) -> None:
    connection.execute(_RELEASE, {**_trouble(owned, receipt), "not_before": not_before})
    _tell(connection, "postponed", owned, receipt, run_id, actor)
    _show_if_stuck(connection, owned, receipt, run_id, actor)


_TROUBLE = """
select count(*) filter (where kind = 'postponed'), count(*) filter (where kind = 'sending'), min(at) from hub.ledger
 where intent_key = %(key)s and kind in ('postponed', 'in_doubt', 'sending')
   and id > coalesce((select max(id) from hub.ledger where intent_key = %(key)s and kind in ('planned', 'replayed')), 0)
"""


def _show_if_stuck(connection: Connection, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    """Put into quarantine, for a person to see, what has been tried for too long; it leaves when it is delivered."""
    row = connection.execute(_TROUBLE, {"key": owned.key}).fetchone()
    assert row is not None
    postponed, sent, since = row
    doubtful = receipt.outcome is Outcome.IN_DOUBT and sent >= MOST_DOUBTS
    if since is not None and (postponed >= MOST_TRIES or doubtful or owned.at - since >= MOST_TROUBLE):
        known = receipt.error_class if receipt.error_class in _ERRORS else str(ErrorClass.TIMEOUT)
        message = receipt.message or f"{owned.target_system} has not taken it yet."
        hint = " ".join(filter(None, (receipt.hint, f"It is still being tried, since {since:%Y-%m-%d %H:%M} UTC.")))
        _quarantine(connection, owned, replace(receipt, error_class=known, message=message, hint=hint), run_id, actor)


def _quarantine(connection: Connection, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    quarantine.put(
        connection,
        pairing=owned.pairing,
        system=owned.source_system,
        entity=owned.source_entity,
        key=owned.source_key,
        stage=STAGE,
        error=_error(owned, receipt),
        payload={
            "intent": owned.key,
            "flow": owned.flow,
            "target": owned.target_system,
            "entity": owned.entity,
            "code": receipt.error_code,
        },
        run_id=run_id or owned.run_id,
        actor=actor,
        now=owned.at,
    )


def _trouble(owned: _Owned, receipt: Receipt) -> dict[str, object]:
    trouble = {
        "error_class": receipt.error_class,
        "error_code": receipt.error_code,
        "message": receipt.message,
        "hint": receipt.hint,
    }
    return {"key": owned.key, "at": owned.at, **trouble}


def _tell(connection: Connection, kind: str, owned: _Owned, receipt: Receipt, run_id: str | None, actor: str) -> None:
    said = {
        "attempt": owned.attempt,
        "from": owned.status,
        "target_key": receipt.native_id,
        "adopted": receipt.adopted or None,
        "class": receipt.error_class,
        "code": receipt.error_code,
        "message": receipt.message,
    }
    entry = ledger.Entry(
        kind,
        owned.pairing,
        run_id or owned.run_id,
        actor,
        owned.source_system,
        owned.source_entity,
        owned.source_key,
        intent_key=owned.key,
        detail={name: value for name, value in said.items() if value is not None},
    )
    ledger.write(connection, [entry], now=owned.at)


_ERRORS: dict[str, type[CrosswalkError]] = {
    ErrorClass.VALIDATION: ValidationError,
    ErrorClass.CONFLICT: ConflictError,
    ErrorClass.NOT_FOUND: NotFoundError,
    ErrorClass.PERMISSION: PermissionDeniedError,
    ErrorClass.SCHEMA: SchemaError,
    ErrorClass.AUTHENTICATION: AuthenticationError,
    ErrorClass.RATE_LIMIT: RateLimitedError,
    ErrorClass.TIMEOUT: TransientError,
}


def _error(owned: _Owned, receipt: Receipt) -> CrosswalkError:
    """Return the target's no as one of our errors."""
    kind = _ERRORS.get(receipt.error_class or "", CrosswalkError)
    return kind(
        receipt.message or f"{owned.target_system} refused it without a reason.",
        hint=receipt.hint or "",
        system=owned.target_system,
        record=owned.key,
        field=receipt.field,
        code=receipt.error_code,
    )
