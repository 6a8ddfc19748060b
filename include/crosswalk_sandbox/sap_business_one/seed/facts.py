"""What the demo company's facts are called here: codes, numbers, amounts, moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from crosswalk_sandbox.company import ids

from .patterns import OpenNumber, OpenText

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, TaxCode

_CENT: Final = Decimal("0.01")
_NAME_LENGTH: Final = 8


@lru_cache(maxsize=1 << 10)
def card_code(party: int) -> OpenText:
    """CardCode of a party's customer: the number under which a CRM keeps it."""
    return OpenText(str(ids.netsuite_customer_id(party)), "card")


@lru_cache(maxsize=1 << 10)
def entry(transaction: int) -> OpenNumber:
    """DocEntry of an order, delivery, invoice or payment."""
    return OpenNumber(ids.netsuite_transaction_id(transaction), "entry")


def person_code(contact: int) -> OpenNumber:
    """InternalCode of a contact."""
    return OpenNumber(ids.netsuite_contact_id(contact), "person")


def warehouse(location: int) -> str:
    """WarehouseCode of a location."""
    return f"{location:02}"


def tax_code(code: TaxCode) -> str:
    """Code of a tax code: eight characters at most."""
    return code.name[:_NAME_LENGTH].upper()


def price_list(company: Company, level: int, currency: str) -> int:
    """Number of the price list for a level and a currency: a list has one currency here, the first is the base price."""
    levels = [one.sequence for one in company.price_levels]
    codes = [one.code for one in company.currencies]
    return levels.index(level) * len(codes) + codes.index(currency) + 1


def renamed(text: str | None, kind: str, *further: object) -> OpenText | None:
    """A text that a copy says in other words."""
    return None if text is None else OpenText(text, kind, *further)


@lru_cache(maxsize=1 << 16)
def day(one: date | None) -> str | None:
    """A day as it is kept."""
    return None if one is None else f"{one.isoformat()}T00:00:00Z"


def number(amount: Decimal) -> float:
    """An amount as it is kept."""
    return float(amount)


def worth(amount: Decimal, rate: Decimal) -> float:
    """An amount in local currency."""
    return float((amount * rate).quantize(_CENT))


class Stamps:
    """Moments as the server's clock shows them."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._offsets: dict[date, int | None] = {}

    def moved(self, instant: datetime) -> Moved:
        """A moment as it is kept."""
        utc = instant.astimezone(UTC)
        ahead = self.offset(utc.date())
        second = utc.hour * 3600 + utc.minute * 60 + utc.second
        shown = instant.astimezone(self._zone).isoformat()
        return Moved(
            f"{shown[:10]}T00:00:00Z",
            shown[11:19],
            (utc.date().isoformat(), second, self._zone.key if ahead is None else ahead),
        )

    def of_master(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """The four stamps of a partner or item."""
        born, changed = self.moved(created), self.moved(modified)
        return {
            "CreateDate": born.day(),
            "CreateTime": born.time(),
            "UpdateDate": changed.day(),
            "UpdateTime": changed.time(),
        }

    def of_person(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """The four stamps of a person, the last of which holds minutes (§13)."""
        born, changed = self.moved(created), self.moved(modified)
        return {
            "CreateDate": born.day(),
            "CreateTime": born.time(),
            "UpdateDate": changed.day(),
            "UpdateTime": changed.minute(),
        }

    def of_document(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """The stamps of a document; ``DocTime`` holds minutes (§13)."""
        born, changed = self.moved(created), self.moved(modified)
        return {
            "CreationDate": born.day(),
            "DocTime": born.minute(),
            "UpdateDate": changed.day(),
            "UpdateTime": changed.time(),
        }

    def offset(self, on: date) -> int | None:
        """Seconds that the server's clock is ahead all through a UTC day; None where it was put forward or back."""
        if on not in self._offsets:
            begun = datetime(on.year, on.month, on.day, tzinfo=UTC)
            both = {(begun + timedelta(days=ahead)).astimezone(self._zone).utcoffset() for ahead in (0, 1)}
            one = both.pop()
            self._offsets[on] = int(one.total_seconds()) if one is not None and not both else None
        return self._offsets[on]


@dataclass(frozen=True, slots=True)
class Moved:
    """A moment as the server's clock shows it, in copies earlier on the same UTC day."""

    shown_day: str
    shown_time: str
    at: tuple[str, int, int | str]
    """UTC day, its second, and how many seconds the server's clock is ahead, or its zone on a day when it was put forward or back."""

    def day(self) -> OpenText:
        """Its day as it is kept."""
        return OpenText(self.shown_day, "day", *self.at)

    def time(self) -> OpenText:
        """Its time to the second."""
        return OpenText(self.shown_time, "time", *self.at)

    def minute(self) -> OpenText:
        """Its time to the minute."""
        return OpenText(f"{self.shown_time[:5]}:00", "minute", *self.at)
