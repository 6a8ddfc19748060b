"""What travels: native records from a system, images in canonical fields, writes and receipts.

Native values are typed by the connector (wire form stays behind it): ``str`` (never empty), ``Decimal``, ``int``, ``bool``,
``date``, aware UTC ``datetime`` or ``None``. Canonical values are the Python types named in :class:`crosswalk.model.entities.Kind`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from crosswalk.model.errors import CrosswalkError

Value = str | int | bool | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class NativeField:
    """A native field the mapping asks for. ``kind`` is a :class:`crosswalk.model.entities.Kind` value: it tells the connector the type to return."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read of one entity: the native object (as the mapping names it) and its fields.

    ``where`` is an optional restriction in the platform's own language, from the mapping file. ``expected`` is about how many records
    a full read will bring, when the caller knows: a connector may choose its way by it, never what it reads.
    """

    entity: str
    native: str
    fields: tuple[NativeField, ...]
    where: str | None = None
    expected: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NativeRecord:
    """One record as the system has it, keyed by native field path (``BillingCity``, ``Account.Name``)."""

    key: str
    version: str  # whatever the system offers to detect a change; empty when it offers nothing
    modified: datetime | None  # the system's stamp, UTC; None where it has none
    deleted: bool
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Image:
    """One record in canonical fields."""

    system: str
    entity: str
    key: str
    version: str
    modified: datetime | None
    deleted: bool
    values: Mapping[str, Value]
    extras: Mapping[str, Value] = field(default_factory=dict)
    fingerprint: int = 0  # signed 64-bit, over the mapped fields and extras


class Operation(StrEnum):
    """What a write does in its target."""

    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Write:
    """One write in the target's native fields, ready for :meth:`Connector.deliver`.

    ``intent_key`` is stored in the target for creates so that it can be found again.
    ``lines`` are the sub-records of a document. ``expected_version`` is the version the plan was made against (law 3).
    """

    intent_key: str
    entity: str
    operation: Operation
    values: Mapping[str, Value]
    native_id: str | None = None
    lines: tuple[Mapping[str, Value], ...] = ()
    expected_version: str | None = None


class Outcome(StrEnum):
    """How a write ended."""

    DONE = "done"
    REJECTED = "rejected"  # the target answered no; nothing was written
    RETRY = "retry"  # surely nothing was written; worth another try (429, refused before the body was read)
    IN_DOUBT = "in_doubt"  # sent, outcome unknown
    WAITING = "waiting"  # the target keeps it until people there approve it; it is asked again, and never sent twice


NOT_APPROVED = "APPROVAL_REFUSED"
"""``error_code`` of a rejection that people in the target decided: it waited for their approval, and they refused it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the target said about one write."""

    intent_key: str
    outcome: Outcome
    native_id: str | None = None
    adopted: bool = False  # the record was there already, under this key
    error_class: str | None = None
    error_code: str | None = None
    message: str | None = None
    field: str | None = None
    hint: str | None = None
    retry_after: float | None = None

    @classmethod
    def of_error(
        cls, intent_key: str, outcome: Outcome, error: CrosswalkError, *, native_id: str | None = None
    ) -> Receipt:
        """Return the receipt of a write that ended in ``error``, in the error's own words."""
        return cls(
            intent_key,
            outcome,
            native_id=native_id,
            error_class=str(error.error_class),
            error_code=error.code,
            message=error.message,
            field=error.field,
            hint=error.hint,
            retry_after=getattr(error, "retry_after", None),
        )
