"""What every connector can do, and the shapes that cross its border."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from crosswalk.model.records import NativeRecord, Receipt, Selection, Write


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the platform offers; the engine plans by this, never by the system's name."""

    write_batch: Mapping[str, int] = field(default_factory=dict)  # records per write request, by entity; 1 when absent
    updates_alone: bool = False  # ``write_batch`` is of creates: an update is a request of its own
    parallel_requests: int = 1  # how many requests the account bears at once
    key_is_unique: bool = True  # the target refuses a second record with the same intent key
    longest_request_seconds: int = 900  # after this a request sent earlier can no longer commit
    tracks_deletes: bool = True
    creates_nothing: str = ""  # why the connector can create nothing that preflight misses; empty for a `Creator`
    prepared_seconds: float = 0.0  # how long what `prepare` read is good; 0 where it reads nothing
    prepared_records: int = 1_000  # how many records one call of `prepare`'s tells


@dataclass(frozen=True, slots=True)
class Page:
    """Some records and the watermark that holds once they are landed.

    ``watermark`` is JSON-ready and opaque to the engine. It is None on pages after which a resumed pull must start from the old one.

    ``whole_until`` is on the last page of a pull of rows that bear their parent's stamp (lines whose removal no feed tells): of every
    parent saved up to then, by the source's clock, all rows have come that there are, so that one with an older stamp is gone.

    ``everything`` is on the last page of a pull from a watermark that read all there is nevertheless: what did not come is gone. So a
    system tells deletions that keeps no trace of them; ``sighted`` are keys of records that are there, and of which no more was read.
    """

    records: tuple[NativeRecord, ...]
    watermark: Mapping[str, object] | None
    whole_until: datetime | None = None
    everything: bool = False
    sighted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """One native field as the system describes it, in canonical form, for drift detection and preflight."""

    name: str
    type: str
    length: int | None = None
    required: bool = False
    unique: bool = False
    createable: bool = True
    updateable: bool = True
    values: tuple[str, ...] = ()
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityDescription:
    """One native object as this user sees it."""

    entity: str
    native: str
    fields: Mapping[str, FieldDescription]


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of the account's allowance is used, as the system says or as the transport counted."""

    window: str  # "day", "concurrent"
    used: int
    limit: int | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing preflight found wrong, with the remedy."""

    subject: str
    problem: str
    remedy: str
    blocking: bool = True


@dataclass(frozen=True, slots=True)
class Creation:
    """One thing that would be created for what preflight found missing; ``what`` is a sentence a person can agree to."""

    subject: str
    what: str


class Connector(Protocol):
    """One system. Raises :mod:`crosswalk.model.errors` only; wire errors never escape."""

    system: str
    capabilities: Capabilities

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        """Yield everything that changed since ``watermark`` (everything there is, for None), deletions included.

        Overlaps with the previous pull; the landing is idempotent. Pages hold at most 2,000 records.
        The last page always carries a watermark, also when it is empty.
        """
        ...

    def fetch(self, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
        """Return the records with these native ids by a strongly consistent path; missing ids are absent."""
        ...

    def find(self, entity: str, intent_keys: Sequence[str]) -> dict[str, str]:
        """Return ``{intent key: native id}`` for records created under these keys, by a strongly consistent path."""
        ...

    def prepare(self, writes: Sequence[Write]) -> None:
        """Read ahead, in few requests, what these updates must know of their records; writes nothing.

        :meth:`deliver` then spares itself the asking for ``capabilities.prepared_seconds``. Needed by none: what was not read ahead, or
        no longer counts, is read by the write itself. A record that is saved after it was read ahead may be written over.
        """
        ...

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Send one request's worth of writes (``capabilities.write_batch``) and return a receipt for each, in order.

        Never retries a create whose outcome is unknown: that is an ``IN_DOUBT`` receipt.
        """
        ...

    def describe(self, entity: str, native: str) -> EntityDescription:
        """Return the native object's fields as this user sees them."""
        ...

    def usage(self) -> Usage:
        """Return the account's used allowance."""
        ...

    def preflight(self, selections: Sequence[Selection]) -> list[Finding]:
        """Name what is missing (permission, field, feature) with the remedy; empty when all is well."""
        ...


@runtime_checkable
class Approving(Protocol):
    """What a connector may offer beside :class:`Connector`: of a platform that keeps a create back until people there approve it.

    Such a create ends in a receipt that is ``WAITING``; from then on the engine asks here, and sends nothing until it may.
    """

    def waiting(self, entity: str, intent_keys: Sequence[str]) -> dict[str, Receipt]:
        """Return how creates stand that the target keeps, by intent key; writes nothing. A strongly consistent path.

        ``WAITING``: nobody has decided. ``REJECTED``, with the code ``NOT_APPROVED``: it was refused. ``DONE``: it is made, as
        ``native_id``. ``RETRY``: approved, and :meth:`Connector.deliver` makes it. Absent: the target keeps nothing under that key.
        """
        ...


@runtime_checkable
class Creator(Protocol):
    """What a connector may offer beside :class:`Connector`: to create some of what preflight found missing.

    Nothing of it runs by itself. One that cannot says why in ``capabilities.creates_nothing``.
    """

    def creatable(self, findings: Sequence[Finding]) -> list[Creation]:
        """Return what :meth:`create_missing` would create for these findings. Asks the system nothing, writes nothing."""
        ...

    def create_missing(self, findings: Sequence[Finding]) -> Iterator[str]:
        """Create what can be created, and yield a sentence as each thing is done. Safe to run again, also after a lost reply.

        What exists keeps its definition. Raises PermissionDeniedError when the user may not, ReadOnlyError on a connection that
        may only read.
        """
        ...
