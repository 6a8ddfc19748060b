"""What updates must know of their records before they are sent: a partner's address rows, which are changed by their whole identity.

All other updates are guarded by an ETag made of the version they were planned against, and ask nothing (SAP Business One §7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.odata import MOST_KEYS, chunks, one_of
from crosswalk.connectors.sap_business_one.pages import MOST_PARTS, Question
from crosswalk.connectors.sap_business_one.rows import ADDRESSES
from crosswalk.connectors.sap_business_one.sources import VERSION
from crosswalk.model.errors import ConfigurationError, NotFoundError, RecordError
from crosswalk.model.records import Operation, Write

if TYPE_CHECKING:
    from crosswalk.connectors.prepared import Prepared
    from crosswalk.connectors.sap_business_one.client import Client

Partner = Mapping[str, Any]
PREPARED_SECONDS = 30.0  # the version is compared again by the server, so that a save in between is never written over
PREPARED_RECORDS = MOST_PARTS * MOST_KEYS
_SELECT = f"CardCode,{VERSION},BPAddresses,BilltoDefault,ShipToDefault"
_PURPOSES = tuple(f"{purpose}." for purpose in ADDRESSES)


def prepare(client: Client, prepared: Prepared[str, Partner], writes: Sequence[Write]) -> None:
    """Read ahead the partners whose rows these updates change; where that is refused, each asks for itself later."""
    updates = [write for write in writes if write.operation is Operation.UPDATE and must_know(write)]
    codes = list(dict.fromkeys(write.native_id for write in updates if write.native_id))
    for begin in range(0, len(codes), PREPARED_RECORDS):
        some = codes[begin : begin + PREPARED_RECORDS]
        sent = prepared.clock()
        with suppress(RecordError, ConfigurationError):
            found = _ask(client, some)
            prepared.put({code: found.get(code) for code in some}, sent)


def partner(client: Client, prepared: Prepared[str, Partner], code: str) -> Partner:
    """Return a partner with its addresses and version; raises NotFoundError when there is none."""
    kept = prepared.take(code)
    found = kept.found if kept else _ask(client, [code]).get(code)
    if found is None:
        raise NotFoundError(
            f"SAP Business One has no business partner {code}.", hint="It was deleted; its link is reviewed."
        )
    return found


def must_know(write: Write) -> bool:
    """Tell whether a write changes addresses of a partner."""
    return write.entity == "customer" and any(path.startswith(_PURPOSES) for path in write.values)


def _ask(client: Client, codes: Sequence[str]) -> dict[str, Partner]:
    asked = [
        Question("BusinessPartners", len(part), {"select": _SELECT, "filter": one_of("CardCode", part)})
        for part in chunks("CardCode", codes)
    ]
    return {str(there["CardCode"]): there for answer in client.ask_in_batches(asked) for there in answer.rows}
