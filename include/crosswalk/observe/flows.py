"""A pairing's flows of writes, and the mode that holds for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from crosswalk.hub.database import Connection
from crosswalk.hub.modes import Mode
from crosswalk.pairing import Pairing
from crosswalk.pairing.document import LIFECYCLE_FLOWS, PRODUCT_FLOWS
from crosswalk.pairing.timeline import TIMELINE

ORDER_FLOWS = ("orders", "write_back")


@dataclass(frozen=True, slots=True)
class FlowMode:
    """The mode of one flow; ``changed_by`` is None while the pairing file's holds."""

    flow: str
    mode: Mode
    changed_by: str | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Set:
    flow: str
    mode: Mode
    changed_by: str
    changed_at: datetime


def flows_of(pairing: Pairing) -> tuple[str, ...]:
    """Return the flows that a pairing has."""
    parents = (pairing.hierarchies.flow,) if pairing.hierarchies else ()
    lifecycle = LIFECYCLE_FLOWS if pairing.lifecycle else ()
    told = (TIMELINE,) if pairing.timeline else ()
    return (*ORDER_FLOWS, *lifecycle, *parents, *told, *(PRODUCT_FLOWS if "products" in pairing.phases else ()))


def flow_modes(connection: Connection, pairing: Pairing) -> tuple[FlowMode, ...]:
    """Return every flow's mode: what was set in the hub, else the pairing file's."""
    query = "select flow, mode, changed_by, changed_at from hub.mode where pairing = %s"
    with connection.cursor(row_factory=class_row(_Set)) as cursor:
        was_set = {one.flow: one for one in cursor.execute(query, (pairing.name,)).fetchall()}
    return tuple(_mode(pairing, flow, was_set.get(flow)) for flow in flows_of(pairing))


def _mode(pairing: Pairing, flow: str, was_set: _Set | None) -> FlowMode:
    if was_set is not None:
        return FlowMode(flow, was_set.mode, was_set.changed_by, was_set.changed_at)
    return FlowMode(flow, pairing.mode_of(flow), None, None)
