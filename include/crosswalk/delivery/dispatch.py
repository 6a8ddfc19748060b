"""Intents to writes to receipts (law 1), on as many requests at once as the target bears.

Every batch goes: claim with a lease → mark as sending, committed → one request → record the receipt. Between the first two the
connector may read ahead, for all that was claimed, what each write would else have to ask for. A worker that dies leaves
intents ``sending``; when their lease has run out another worker claims them in doubt, looks them up by key and adopts what it
finds. What it does not find is sent again only after the target's longest request is over and a second look-up was in vain.

What the target keeps until people there approve it is asked about, in one request for all, and sent on only when it is approved. Where
nothing of it is left there, somebody took it away: that is a refusal, too, and it is never made again by itself.

A request that is refused as a whole for what is in it, without a word on which row, is sent again in halves until the bad rows are
found. Nothing of a request was written whose :meth:`~crosswalk.connectors.protocol.Connector.deliver` raises anything but an
InDoubtError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any

from crosswalk.connectors.protocol import Approving, Connector
from crosswalk.delivery.batches import batches, first_of_each, key_in_target
from crosswalk.delivery.slots import Slots
from crosswalk.delivery.tally import Tally
from crosswalk.hub.arrivals import Arrival, arrived, finish_all
from crosswalk.hub.database import Hub
from crosswalk.hub.intents import Claimed, claim, finish, mark_all_sending, release
from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    ErrorClass,
    InDoubtError,
    ReadOnlyError,
    RecordError,
    RetryableError,
    TransientError,
)
from crosswalk.model.records import NOT_APPROVED, Operation, Outcome, Receipt, Write

__all__ = ["Delivery", "Tally", "key_in_target"]

LEASE_SECONDS = 90
RETRY_SECONDS = 30
MOST_WAITING_SECONDS = 1200  # for a slot and for Retry-After, before the last attempt of one request begins
MOST_ROUNDS = 8  # claimed ahead for each slot, where requests are fast enough
ROUNDS_AHEAD = (
    2.5  # requests a slot has ready while versions of the next are read: one for the wait, one for the reading
)
_SETTLED_THERE = (Outcome.DONE, Outcome.WAITING, Outcome.REJECTED)
RECORDERS = 2  # workers beyond the requests at once: they record receipts meanwhile


def _threads(workers: int) -> Executor:
    return ThreadPoolExecutor(workers, thread_name_prefix="deliver")


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
    executor: Callable[[int], Executor] = (
        _threads  # for so many workers; one that runs each job at once makes it all repeatable
    )

    def run(self) -> Tally:
        """Deliver until nothing is claimable; raises what the connection (not a record) is ill with, after recording everything.

        There are more workers than requests at once, and more is claimed before the last is sent: no request waits for bookkeeping.
        """
        tally, slots = Tally(), self.connector.capabilities.parallel_requests
        requests, workers = Slots(slots), slots + RECORDERS
        under_way: set[Future[None]] = set()
        with self.executor(workers) as pool:
            while True:
                if len(under_way) < self._ahead(tally) and tally.connection_error is None:
                    batches_to_send = self._next(tally, requests, len(under_way))
                    under_way |= {pool.submit(self._send, batch, tally, requests) for batch in batches_to_send}
                    if batches_to_send:
                        continue
                if not under_way:
                    break
                ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for one in ended:
                    one.result()
        if tally.connection_error is not None:
            raise tally.connection_error
        return tally

    def _ahead(self, tally: Tally) -> int:
        """Return how many requests are kept ready: where versions are read ahead, so many that no slot idles meanwhile."""
        capabilities = self.connector.capabilities
        many = tally.usual_rounds(capabilities.prepared_seconds, MOST_ROUNDS, 1) > 1
        rounds = ROUNDS_AHEAD if capabilities.prepared_seconds and many else 1
        return int(capabilities.parallel_requests * rounds) + RECORDERS

    def _rounds(self, tally: Tally) -> int:
        """Return how many requests a slot makes of one claim.

        They are made while the lease is young, and of what is read ahead while that is fresh and was told by one call.
        """
        capabilities = self.connector.capabilities
        rounds, fresh = tally.rounds(LEASE_SECONDS / 2, MOST_ROUNDS), capabilities.prepared_seconds
        if not fresh:
            return rounds
        told = capabilities.prepared_records // self._round or 1
        return min(rounds, tally.usual_rounds(fresh, MOST_ROUNDS, ROUNDS_AHEAD), told)

    @property
    def _round(self) -> int:
        """The records that go at once, when each slot makes one request."""
        return self.connector.capabilities.parallel_requests * self._batch

    @property
    def _batch(self) -> int:
        return max([1, *self.connector.capabilities.write_batch.values()])

    def _first(self, tally: Tally) -> int | None:
        """Return how many requests a claim is for at first, so that they begin while the next are claimed; None from then on.

        What is read ahead is read for a whole claim: such claims are whole from the first one on.
        """
        capabilities = self.connector.capabilities
        return None if tally.timed or capabilities.prepared_seconds else max(1, capabilities.parallel_requests // 2)

    def _next(self, tally: Tally, requests: Slots, under_way: int) -> list[list[Claimed]]:
        """Claim what there is, settle what is in doubt, ask about what waits, read ahead for the rest; return the requests."""
        first = self._first(tally)
        claimed = self._claim(self._batch * first if first else self._round * self._rounds(tally))
        doubtful = [intent for intent in claimed if intent.in_doubt]
        kept = [intent for intent in claimed if intent.waiting]
        ready = [intent for intent in claimed if not intent.in_doubt and not intent.waiting]
        ready += self._look_up(doubtful, tally) + self._ask_about(kept, tally)
        fresh, later = first_of_each(ready)
        for intent in later:
            behind = "Another write for the same record goes first."
            self._record(intent, Receipt(intent.key, Outcome.RETRY, message=behind), tally)
        self._prepare(fresh, requests)
        capabilities = self.connector.capabilities
        free = max(1, first or capabilities.parallel_requests - under_way)
        return batches(fresh, capabilities.write_batch, free, updates_alone=capabilities.updates_alone)

    def _prepare(self, claimed: Sequence[Claimed], requests: Slots) -> None:
        """Let the connector read ahead what the updates must know; what it cannot read, each write asks for by itself."""
        if not self.connector.capabilities.prepared_seconds:
            return
        updates = []
        for intent in claimed:
            if intent.operation == Operation.UPDATE:
                with suppress(RecordError):
                    updates.append(self.write_of(intent))
        if updates:
            with requests.turn(first=True), suppress(CrosswalkError):
                self.connector.prepare(updates)

    def _claim(self, room: int) -> list[Claimed]:
        """Claim no more than can be sent in half a lease, as far as the requests before tell: the rest is for other workers."""
        with self.hub.connection() as connection:
            return claim(
                connection,
                pairing=self.pairing,
                flow=self.flow,
                limit=room,
                lease_seconds=LEASE_SECONDS,
                now=self.now(),
            )

    def _look_up(self, doubtful: Sequence[Claimed], tally: Tally) -> list[Claimed]:
        """Adopt what arrived after all, keep waiting for the rest; return those that may be sent again."""
        resend: list[Claimed] = []
        for entity in {intent.entity: None for intent in doubtful}:
            members = [intent for intent in doubtful if intent.entity == entity]
            try:
                found = self._found(entity, members)
                kept = self._kept(entity, [intent for intent in members if intent.key not in found])
            except (ConfigurationError, RetryableError) as error:  # the doubt stays
                tally.connection_error = error
                self._postpone(members, error, tally)
                continue
            for intent in members:
                if (there := found.get(intent.key)) is not None:
                    self._record(intent, Receipt(intent.key, Outcome.DONE, native_id=there, adopted=True), tally)
                elif (stands := kept.get(intent.key)) and stands.outcome in _SETTLED_THERE:
                    self._record(intent, stands, tally)
                elif intent.may_send:
                    resend.append(intent)
                else:
                    waiting = "Not found under its key yet; waiting until the request can no longer commit."
                    self._record(intent, Receipt(intent.key, Outcome.IN_DOUBT, message=waiting), tally)
        return resend

    def _ask_about(self, waiting: Sequence[Claimed], tally: Tally) -> list[Claimed]:
        """Ask how those stand that the target keeps; return those that are approved and go on."""
        approved: list[Claimed] = []
        for entity in {intent.entity: None for intent in waiting}:
            members = [intent for intent in waiting if intent.entity == entity]
            try:
                stands = self._kept(entity, members)
            except (ConfigurationError, RetryableError) as error:
                tally.connection_error = error
                self._postpone(members, error, tally)
                continue
            for intent in members:
                there = stands.get(intent.key) or _taken_away(intent)
                if there.outcome is Outcome.RETRY:
                    approved.append(intent)
                else:
                    self._record(intent, there, tally)
        return approved

    def _kept(self, entity: str, intents: Sequence[Claimed]) -> dict[str, Receipt]:
        """Return what the target says of creates that it keeps for an approval, by intent key."""
        keys = {intent.key: key_in_target(intent) for intent in intents if intent.operation == "create"}
        if not keys or not isinstance(self.connector, Approving):
            return {}
        stands = self.connector.waiting(entity, list(keys.values()))
        return {key: replace(stands[stored], intent_key=key) for key, stored in keys.items() if stored in stands}

    def _found(self, entity: str, intents: Sequence[Claimed]) -> dict[str, str]:
        """Return the target's ids of those creates that arrived, by intent key."""
        keys = {intent.key: key_in_target(intent) for intent in intents if intent.operation == "create"}
        found = self.connector.find(entity, list(keys.values())) if keys else {}
        return {key: found[stored] for key, stored in keys.items() if stored in found}

    def _send(self, batch: Sequence[Claimed], tally: Tally, requests: Slots) -> None:
        """Send one request's worth when its turn comes, then record every receipt while others send theirs.

        Where requests are fast, it is marked as sending while it waits for its turn, which then is the request's alone.
        """
        writes = self._writes(batch, tally)
        begun = monotonic()
        mine = self._marked(writes, tally) if tally.rounds(LEASE_SECONDS / 2, 2) > 1 else None
        with requests.turn():
            if tally.connection_error is not None:  # the others would fail alike: leave them planned
                self._postpone(
                    [intent for intent, _ in (writes if mine is None else mine)], tally.connection_error, tally
                )
                return
            turn = monotonic()
            if mine is None:
                begun, mine = turn, self._marked(writes, tally)
            receipts = self._deliver([write for _, write in mine], tally, begun + LEASE_SECONDS) if mine else []
            tally.took(monotonic() - turn)
        answers = zip(mine, receipts, strict=True)
        self._record_all([(intent, _with_an_id(write, receipt)) for (intent, write), receipt in answers], tally)

    def _marked(self, writes: Sequence[tuple[Claimed, Write]], tally: Tally) -> list[tuple[Claimed, Write]]:
        """Commit that these are about to be sent; return those that are still ours.

        One may be sent again only when no attempt of this request can commit any more.
        """
        with self.hub.connection() as connection:
            mine = mark_all_sending(
                connection,
                {intent.key: intent.epoch for intent, _ in writes},
                lease_seconds=LEASE_SECONDS,
                longest_request_seconds=self.connector.capabilities.longest_request_seconds + MOST_WAITING_SECONDS,
                run_id=self.run_id,
                now=self.now(),
            )
        for _ in range(len(writes) - len(mine)):
            tally.count(None)
        return [(intent, write) for intent, write in writes if intent.key in mine]

    def _postpone(self, batch: Sequence[Claimed], error: CrosswalkError, tally: Tally) -> None:
        for intent in batch:
            self._record(intent, Receipt.of_error(intent.key, Outcome.RETRY, error), tally)

    def _writes(self, batch: Sequence[Claimed], tally: Tally) -> list[tuple[Claimed, Write]]:
        writes: list[tuple[Claimed, Write]] = []
        for intent in batch:
            try:
                writes.append((intent, self.write_of(intent)))
            except RecordError as error:
                self._record(intent, Receipt.of_error(intent.key, Outcome.REJECTED, error), tally)
        return writes

    def _deliver(self, writes: Sequence[Write], tally: Tally, deadline: float) -> list[Receipt]:
        """Call the connector; an error becomes a receipt for each write, so that every lease ends properly.

        No request begins after ``deadline`` (monotonic seconds), the end of the lease: the worker may have been asleep since.
        """
        if monotonic() >= deadline:
            late = TransientError("The lease was over before the request began; it is sent in the next round.")
            return [Receipt.of_error(write.intent_key, Outcome.RETRY, late) for write in writes]
        try:
            return self.connector.deliver(writes)
        except InDoubtError as error:
            return [Receipt.of_error(write.intent_key, Outcome.IN_DOUBT, error) for write in writes]
        except RecordError as error:
            if len(writes) == 1:
                return [Receipt.of_error(writes[0].intent_key, Outcome.REJECTED, error)]
            middle = len(writes) // 2
            halves = (writes[:middle], writes[middle:])
            return [receipt for half in halves for receipt in self._deliver(half, tally, deadline)]
        except (ConfigurationError, RetryableError, ReadOnlyError) as error:
            tally.connection_error = error
            return [Receipt.of_error(write.intent_key, Outcome.RETRY, error) for write in writes]

    def _record_all(self, answers: Sequence[tuple[Claimed, Receipt]], tally: Tally) -> None:
        """Commit what became of one request: what is done all at once, every other write by itself."""
        done = [Arrival(intent.key, intent.epoch, receipt) for intent, receipt in answers if arrived(receipt)]
        if done:
            with self.hub.connection() as connection:
                mine = finish_all(connection, done, run_id=self.run_id, now=self.now())
            for arrival in done:
                tally.count(arrival.receipt if arrival.key in mine else None)
        for intent, receipt in answers:
            if not arrived(receipt):
                self._record(intent, receipt, tally)

    def _record(self, intent: Claimed, receipt: Receipt, tally: Tally) -> None:
        """Commit what became of one write; how long doubt and pauses last is the hub's to reckon."""
        known: dict[str, Any] = {"run_id": self.run_id, "now": self.now()}
        with self.hub.connection() as connection:
            if receipt.outcome is Outcome.RETRY:
                pause = receipt.retry_after or RETRY_SECONDS
                mine = release(connection, intent.key, intent.epoch, None, pause=pause, receipt=receipt, **known)
            else:
                mine = finish(connection, intent.key, intent.epoch, receipt, **known)
        if receipt.outcome is Outcome.RETRY and receipt.error_class == ErrorClass.AUTHENTICATION:
            tally.connection_error = _refused_login(receipt)
        tally.count(receipt if mine else None)


def _taken_away(intent: Claimed) -> Receipt:
    return Receipt(
        intent.key,
        Outcome.REJECTED,
        error_class=str(ErrorClass.VALIDATION),
        error_code=NOT_APPROVED,
        message=f"What waited for an approval in {intent.target_system} is not there any more, and nothing was made of it.",
        hint="Somebody removed it there. Is it still wanted? Replay it: it is then put up for approval anew.",
    )


def _refused_login(receipt: Receipt) -> AuthenticationError:
    return AuthenticationError(
        receipt.message or "The login was refused.", hint=receipt.hint or "", code=receipt.error_code
    )


def _with_an_id(write: Write, receipt: Receipt) -> Receipt:
    """Doubt a create that is said to be done without saying as what: what depends on it could not name its parent."""
    if receipt.outcome is Outcome.DONE and write.operation is Operation.CREATE and not receipt.native_id:
        nameless = "The target created it without telling its id; it is looked up by its key."
        return replace(receipt, outcome=Outcome.IN_DOUBT, message=nameless)
    return receipt
