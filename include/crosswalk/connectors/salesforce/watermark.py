"""How far a pull got, and when everything was read last (Salesforce §11).

A stamp moves with the record's own fields only. Formulas, roll-ups that are computed later and fields of parents (``Owner.Name``) change
under a stamp that stands still. An entity that maps such a field is therefore read whole once a period, a day by default, inside
an ordinary pull; all others never are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crosswalk.connectors.remembered import instant
from crosswalk.connectors.salesforce.client import Client
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import Selection

Watermark = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a watermark says. All instants are the server's (law 7).

    ``since``: all changes before it were read. ``whole``: when the last read of everything began; None when nobody knows.
    ``records``: how many that read brought, for choosing the way of the next one.
    """

    since: datetime
    whole: datetime | None = None
    records: int | None = None

    def is_due(self, period: timedelta) -> bool:
        """Tell whether a period has passed since everything was read; a period of nothing means never."""
        return bool(period) and self.whole is not None and self.since - self.whole >= period

    def as_watermark(self) -> Watermark:
        """Return it JSON-ready."""
        found: dict[str, object] = {"since": self.since.isoformat()}
        if self.whole is not None:
            found["whole"] = self.whole.isoformat()
        if self.records is not None:
            found["records"] = self.records
        return found


def mark_of(watermark: Watermark | None) -> Mark | None:
    """Read a watermark; None for a full load. One given by hand needs ``since`` only: its period begins there.

    Raises ConfigurationError for one we did not write.
    """
    if not watermark:
        return None
    try:
        since = instant(watermark["since"])
        records = watermark.get("records")
        return Mark(
            since, instant(watermark.get("whole") or since.isoformat()), None if records is None else int(str(records))
        )
    except (KeyError, ValueError):
        raise ConfigurationError(
            f"The watermark {dict(watermark)!r} is none of Salesforce's.",
            hint="Reset it: the next pull then reads everything.",
        ) from None


def unstamped(client: Client, selection: Selection) -> list[str]:
    """Return the mapped fields that change under a stamp that stands still: those of parents, and formulas.

    Formulas are told by describe (``calculated``, Salesforce §4.2): a call, and none where a parent's field settles it.
    """
    parents = [field.path for field in selection.fields if "." in field.path]
    if parents:
        return parents
    calculated = {
        str(field["name"]).lower() for field in client.describe(selection.native)["fields"] if field["calculated"]
    }
    return [field.path for field in selection.fields if field.path.lower() in calculated]
