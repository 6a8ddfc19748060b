"""Intents to writes to receipts (law 1), on as many requests at once as the target bears.

Every batch goes: claim with a lease → mark as sending, committed → one request → record the receipt. A worker that dies leaves
intents ``sending``; when their lease has run out another worker claims them in doubt, looks them up by key and adopts what it
finds. What it does not find is sent again only after the target's longest request is over and a second look-up was in vain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crosswalk.connectors.protocol import Connector
from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.intents import Claimed, claim, finish, mark_sending, release
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    ErrorClass,
    InDoubtError,
    ReadOnlyError,
    RecordError,
    RetryableError,
)
from crosswalk.model.records import Outcome, Receipt, Write

LEASE_SECONDS = 90
RETRY_SECONDS = 30
MOST_WAITING_SECONDS = 1200  # for a slot and for Retry-After, before the last attempt of one request begins
CLAIM_FACTOR = 8
RECORDERS = 2  # workers beyond the requests at once: they record receipts meanwhile


@dataclass
class Tally:
    """What a delivery did, by outcome, and the keys it created or adopted. Counted from several threads."""

    done: list[str] = field(default_factory=list)
    adopted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    postponed: int = 0
    fenced: int = 0
    connection_error: CrosswalkError | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, receipt: Receipt | None) -> None:
        """Add one answer; None is an intent that another worker owns by now."""
        with self._lock:
            if receipt is None:
                self.fenced += 1
            elif receipt.outcome is Outcome.DONE:
                self.done.append(receipt.intent_key)
                self.adopted += receipt.adopted
            elif receipt.outcome is Outcome.RETRY:
                self.postponed += 1
            elif receipt.outcome is Outcome.IN_DOUBT:
                self.in_doubt += 1
            else:
                self.rejected += 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One flow's delivery into one system. ``write_of`` turns a claimed intent into the target's native write."""

    hub: Hub
    connector: Connector
    pairing: str
    flow: str
    run_id: str
    write_of: Callable[[Claimed], Write]
    now: Callable[[], datetime | None] = lambda: None  # the hub's clock, unless a test sets one

    def run(self) -> Tally:
        """Deliver until nothing is claimable; raises what the connection (not a record) is ill with, after recording everything.

        There are more workers than requests at once, and more is claimed before the last is sent: no request waits for bookkeeping.
        """
        tally, slots = Tally(), self.connector.capabilities.parallel_requests
        requests, workers = threading.Semaphore(slots), slots + RECORDERS
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(workers, thread_name_prefix="deliver") as pool:
            while True:
                if len(under_way) < workers and tally.connection_error is None:
                    under_way |= {pool.submit(self._send, batch, tally, requests) for batch in self._next(tally)}
                if not under_way:
                    break
                ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for one in ended:
                    one.result()
        if tally.connection_error is not None:
            raise tally.connection_error
        return tally

    def _next(self, tally: Tally) -> list[list[Claimed]]:
        """Claim what there is, settle what is in doubt, and return the requests to make."""
        claimed = self._claim()
        doubtful = [intent for intent in claimed if intent.in_doubt]
        fresh = [intent for intent in claimed if not intent.in_doubt] + self._look_up(doubtful, tally)
        return self._batches(fresh)

    def _claim(self) -> list[Claimed]:
        room = (
            self.connector.capabilities.parallel_requests
            * max([1, *self.connector.capabilities.write_batch.values()])
            * CLAIM_FACTOR
        )
        with self.hub.connection() as connection:
            return claim(
                connection,
                pairing=self.pairing,
                flow=self.flow,
                limit=room,
                lease_seconds=LEASE_SECONDS,
                now=self.now(),
            )

    def _batches(self, intents: Sequence[Claimed]) -> list[list[Claimed]]:
        """Cut the claimed intents into requests: one entity and one operation each, no larger than the platform takes."""
        kinds: dict[tuple[str, str], list[Claimed]] = {}
        for intent in intents:
            kinds.setdefault((intent.entity, intent.operation), []).append(intent)
        batches = []
        for (entity, _), members in kinds.items():
            size = self.connector.capabilities.write_batch.get(entity, 1)
            batches += [members[start : start + size] for start in range(0, len(members), size)]
        return batches

    def _look_up(self, doubtful: Sequence[Claimed], tally: Tally) -> list[Claimed]:
        """Adopt what arrived after all, keep waiting for the rest; return those that may be sent again."""
        resend = []
        for entity in {intent.entity for intent in doubtful}:
            members = [intent for intent in doubtful if intent.entity == entity]
            created = [key_in_target(intent) for intent in members if intent.operation == "create"]
            found = self.connector.find(entity, created)
            for intent in members:
                if intent.operation == "create" and (there := found.get(key_in_target(intent))) is not None:
                    self._record(intent, Receipt(intent.key, Outcome.DONE, native_id=there, adopted=True), tally)
                elif intent.may_send:
                    resend.append(intent)
                else:
                    waiting = Receipt(
                        intent.key,
                        Outcome.IN_DOUBT,
                        message="Not found under its key yet; waiting until the request can no longer commit.",
                    )
                    self._record(intent, waiting, tally)
        return resend

    def _send(self, batch: Sequence[Claimed], tally: Tally, requests: threading.Semaphore) -> None:
        """Send one request's worth when its turn comes, then record every receipt while others send theirs."""
        writes = self._writes(batch, tally)
        with requests:
            if tally.connection_error is not None:  # the others would fail alike: leave them planned
                self._postpone([intent for intent, _ in writes], tally.connection_error, tally)
                return
            mine = self._marked(writes, tally)
            receipts = self._deliver([write for _, write in mine], tally) if mine else []
        for (intent, _), receipt in zip(mine, receipts, strict=True):
            self._record(intent, receipt, tally)

    def _marked(self, writes: Sequence[tuple[Claimed, Write]], tally: Tally) -> list[tuple[Claimed, Write]]:
        """Commit that these are about to be sent; return those that are still ours."""
        with self.hub.connection() as connection:
            mine = [(intent, write) for intent, write in writes if self._mark(connection, intent)]
        for _ in range(len(writes) - len(mine)):
            tally.count(None)
        return mine

    def _mark(self, connection: Connection, intent: Claimed) -> bool:
        """Commit the sending; it may be repeated only when no attempt of this request can commit any more."""
        longest = self.connector.capabilities.longest_request_seconds + MOST_WAITING_SECONDS
        return mark_sending(
            connection,
            intent.key,
            intent.epoch,
            lease_seconds=LEASE_SECONDS,
            longest_request_seconds=longest,
            run_id=self.run_id,
            now=self.now(),
        )

    def _postpone(self, batch: Sequence[Claimed], error: CrosswalkError, tally: Tally) -> None:
        for intent in batch:
            self._record(intent, receipt_of(intent.key, Outcome.RETRY, error), tally)

    def _writes(self, batch: Sequence[Claimed], tally: Tally) -> list[tuple[Claimed, Write]]:
        writes: list[tuple[Claimed, Write]] = []
        for intent in batch:
            try:
                writes.append((intent, self.write_of(intent)))
            except RecordError as error:
                self._record(intent, receipt_of(intent.key, Outcome.REJECTED, error), tally)
        return writes

    def _deliver(self, writes: Sequence[Write], tally: Tally) -> list[Receipt]:
        """Call the connector; an error of the connection becomes a receipt for each write, so that every lease ends properly."""
        try:
            return self.connector.deliver(writes)
        except InDoubtError as error:
            return [receipt_of(write.intent_key, Outcome.IN_DOUBT, error) for write in writes]
        except (ConfigurationError, RetryableError, ReadOnlyError) as error:
            tally.connection_error = error
            return [receipt_of(write.intent_key, Outcome.RETRY, error) for write in writes]

    def _record(self, intent: Claimed, receipt: Receipt, tally: Tally) -> None:
        """Commit what became of one write; how long doubt lasts is the hub's to reckon."""
        known: dict[str, Any] = {"run_id": self.run_id, "now": self.now()}
        with self.hub.connection() as connection:
            if receipt.outcome is Outcome.RETRY:
                pause = timedelta(seconds=receipt.retry_after or RETRY_SECONDS)
                later = (self.now() or datetime.now(UTC)) + pause
                mine = release(connection, intent.key, intent.epoch, later, receipt=receipt, **known)
            else:
                mine = finish(connection, intent.key, intent.epoch, receipt, **known)
        if receipt.outcome is Outcome.RETRY and receipt.error_class == ErrorClass.AUTHENTICATION:
            tally.connection_error = _refused_login(receipt)
        tally.count(receipt if mine else None)


def _refused_login(receipt: Receipt) -> AuthenticationError:
    return AuthenticationError(
        receipt.message or "The login was refused.", hint=receipt.hint or "", code=receipt.error_code
    )


def key_in_target(intent: Claimed) -> str:
    """Return the key that the target keeps of a record created by ``intent``: its own, or the source's id where the plan says so."""
    return str(intent.payload.get("stored_key") or intent.key)


def receipt_of(key: str, outcome: Outcome, error: CrosswalkError) -> Receipt:
    """Return the receipt for a write that ended in ``error``."""
    return Receipt(
        key,
        outcome,
        error_class=str(error.error_class),
        error_code=error.code,
        message=error.message,
        field=error.field,
        hint=error.hint,
        retry_after=getattr(error, "retry_after", None),
    )
