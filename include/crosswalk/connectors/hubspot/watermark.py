"""How far a pull got, and what is still owed: a look at late index entries, at archived records, at everything.

==============  ==============================================================================================================
``since``       all changes before it that the search index knew were read
``late``        before it, nothing can turn up in the index any more that was not read
``archived``    when archived records were read last, for HubSpot cannot be asked for new ones only; ``bin``, how many there were
``binned``      their ids, of a bin that is not too large: one that is gone from it later was restored, which moves no stamp
``whole``       when everything was read last
``began``, ``after``  within a pull: when it began, and the id or the page behind which it goes on
==============  ==============================================================================================================

All instants are the server's (law 7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from crosswalk.connectors.remembered import instant, sequence
from crosswalk.model.errors import ConfigurationError

Watermark = Mapping[str, object]

SETTLED = timedelta(hours=1)  # after this no entry of the search index is late any more (field reports)
LOOK_BACK = 2 * SETTLED  # a look at late entries is due once an hour
_PAGE_A_MINUTE = timedelta(minutes=1)
_BIN_PAGE = 100
MOST_BINNED = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """What a watermark says. ``since`` None: everything is being read, and ``after`` is the page it goes on with."""

    since: datetime | None
    late: datetime | None = None
    archived: datetime | None = None
    whole: datetime | None = None
    began: datetime | None = None
    after: str | None = None
    bin: int = 0
    binned: tuple[str, ...] = ()

    def bin_due(self, now: datetime) -> bool:
        """Tell whether archived records are to be read: each time while they fit on a page, else about a page a minute."""
        pause = _PAGE_A_MINUTE * (max(0, self.bin - 1) // _BIN_PAGE)
        return self.archived is None or now - self.archived >= pause

    def late_due(self, now: datetime) -> bool:
        """Tell whether late entries are to be looked for."""
        return self.late is not None and now - self.late >= LOOK_BACK

    def whole_due(self, now: datetime, period: timedelta) -> bool:
        """Tell whether everything is to be read; a period of nothing means never."""
        return bool(period) and self.whole is not None and now - self.whole >= period

    def as_watermark(self) -> Watermark:
        """Return it JSON-ready."""
        found: dict[str, object] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, datetime):
                found[one.name] = value.isoformat()
            elif value:
                found[one.name] = list(value) if isinstance(value, tuple) else value
        return found


def mark_of(watermark: Watermark | None) -> Mark | None:
    """Read a watermark; None for a full load. One given by hand needs ``since`` only: its periods begin there.

    Raises ConfigurationError for one we did not write.
    """
    if not watermark:
        return None
    try:
        since = _instant(watermark.get("since"))
        began, after = _instant(watermark.get("began")), watermark.get("after")
        if since is None and (began is None or after is None):
            raise ValueError("it neither begins nor goes on anywhere")
        return Mark(
            since,
            _instant(watermark.get("late")) or since,
            _instant(watermark.get("archived")),
            _instant(watermark.get("whole")) or since,
            began,
            None if after is None else str(after),
            int(str(watermark.get("bin") or 0)),
            tuple(str(key) for key in sequence(watermark.get("binned") or ())),
        )
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"The watermark {dict(watermark)!r} is none of HubSpot's.",
            hint="Reset it: the next pull then reads everything.",
        ) from None


def _instant(value: object) -> datetime | None:
    return None if value is None else instant(value)
