"""What updates must know of their records before they are sent: a partner's address rows, which are changed by their whole identity.

All other updates are guarded by an ETag made of the version they were planned against, and ask nothing (SAP Business One §7).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.odata import chunks, one_of
from crosswalk.connectors.sap_business_one.rows import ADDRESSES
from crosswalk.connectors.sap_business_one.sources import VERSION
from crosswalk.model.errors import ConfigurationError, NotFoundError, RecordError
from crosswalk.model.records import Operation, Write

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

PREPARED_SECONDS = 30.0  # the version is compared again by the server, so that a save in between is never written over
MOST_KEPT = 2_000
_SELECT = f"CardCode,{VERSION},BPAddresses,BilltoDefault,ShipToDefault"


class Prepared:
    """Partners that were read ahead, by code, shared by threads; each is taken once. ``clock`` tells monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Mapping[str, Any], float]] = {}

    def put(self, partners: Sequence[Mapping[str, Any]], read_at: float) -> None:
        """Keep what was read by a request sent at ``read_at``; the oldest give way."""
        with self._lock:
            self._kept |= {str(partner["CardCode"]): (partner, read_at) for partner in partners}
            for code in list(self._kept)[: max(0, len(self._kept) - MOST_KEPT)]:
                del self._kept[code]

    def take(self, code: str) -> Mapping[str, Any] | None:
        """Return what is known of a partner and forget it; None when nothing fresh is."""
        with self._lock:
            kept = self._kept.pop(code, None)
        return kept[0] if kept and self.clock() - kept[1] <= PREPARED_SECONDS else None


def prepare(client: Client, prepared: Prepared, writes: Sequence[Write]) -> None:
    """Read ahead the partners whose rows these updates change; where that is refused, each asks for itself later."""
    codes = [
        write.native_id
        for write in writes
        if write.operation is Operation.UPDATE and must_know(write) and write.native_id
    ]
    for part in chunks("CardCode", list(dict.fromkeys(codes))):
        sent = prepared.clock()
        with suppress(RecordError, ConfigurationError):
            prepared.put(_ask(client, part), sent)


def partner(client: Client, prepared: Prepared, code: str) -> Mapping[str, Any]:
    """Return a partner with its addresses and version; raises NotFoundError when there is none."""
    found = prepared.take(code) or next(iter(_ask(client, [code])), None)
    if found is None:
        raise NotFoundError(
            f"SAP Business One has no business partner {code}.", hint="It was deleted; its link is reviewed."
        )
    return found


def must_know(write: Write) -> bool:
    """Tell whether a write changes addresses of a partner."""
    return write.entity == "customer" and any(path.startswith(_PURPOSES) for path in write.values)


_PURPOSES = tuple(f"{purpose}." for purpose in ADDRESSES)


def _ask(client: Client, codes: Sequence[str | int]) -> list[Mapping[str, Any]]:
    answer = client.rows("BusinessPartners", len(codes), select=_SELECT, filter=one_of("CardCode", codes))
    return answer.rows
