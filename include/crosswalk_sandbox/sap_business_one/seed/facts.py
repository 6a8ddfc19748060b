"""What the demo company's facts are called here: codes, numbers, amounts, moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from crosswalk_sandbox.company import ids

from .patterns import OpenNumber, OpenText

if TYPE_CHECKING:
    from crosswalk_sandbox.company.blocks import Copy
    from crosswalk_sandbox.company.model import Company, TaxCode
    from crosswalk_sandbox.company.renaming import Renaming

_CENT: Final = Decimal("0.01")
_NAME_LENGTH: Final = 8
_DAY: Final = 86_400


@lru_cache(maxsize=1 << 10)
def card_code(party: int) -> OpenText:
    """CardCode of a party's customer: the number under which a CRM keeps it."""
    number = ids.netsuite_customer_id(party)
    return OpenText(str(number), lambda copy: str(number + copy.parties))


@lru_cache(maxsize=1 << 10)
def entry(transaction: int) -> OpenNumber:
    """DocEntry of an order, delivery, invoice or payment."""
    number = ids.netsuite_transaction_id(transaction)
    return OpenNumber(number, lambda copy: number + copy.transactions)


def person_code(contact: int) -> OpenNumber:
    """InternalCode of a contact."""
    number = ids.netsuite_contact_id(contact)
    return OpenNumber(number, lambda copy: number + copy.contacts)


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


def renamed(text: str | None, how: Callable[[Renaming, str], str | None]) -> OpenText | None:
    """A text that a copy says in other words."""
    return None if text is None else OpenText(text, lambda copy: how(copy.renaming, text) or "")


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
        return Moved(self, instant)

    def shown(self, instant: datetime) -> tuple[str, str]:
        """Day and time that the server's clock shows."""
        local = instant.astimezone(self._zone).isoformat()
        return f"{local[:10]}T00:00:00Z", local[11:19]

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


class Moved:
    """A moment as the server's clock shows it, in copies earlier on the same UTC day."""

    __slots__ = ("_copy", "_found", "_instant", "_offset", "_own", "_stamps")

    def __init__(self, stamps: Stamps, instant: datetime) -> None:
        self._stamps = stamps
        self._instant = instant.astimezone(UTC)
        self._offset = stamps.offset(self._instant.date())
        self._own = self._found = stamps.shown(instant)
        self._copy: Copy | None = None

    def day(self) -> OpenText:
        """Its day as it is kept."""
        return OpenText(self._own[0], lambda copy: self._split(copy)[0])

    def time(self) -> OpenText:
        """Its time to the second."""
        return OpenText(self._own[1], lambda copy: self._split(copy)[1])

    def minute(self) -> OpenText:
        """Its time to the minute."""
        return OpenText(f"{self._own[1][:5]}:00", lambda copy: f"{self._split(copy)[1][:5]}:00")

    def _split(self, copy: Copy) -> tuple[str, str]:
        if self._copy is not copy:
            self._copy, self._found = copy, self._in(copy)
        return self._found

    def _in(self, copy: Copy) -> tuple[str, str]:
        one = self._instant
        if self._offset is None:
            return self._stamps.shown(datetime.fromisoformat(copy.renaming.moment(one.isoformat())))
        second = copy.renaming.second(one.hour * 3600 + one.minute * 60 + one.second) + self._offset
        return _kept_day(one.date(), second // _DAY), _clock(second % _DAY)


@lru_cache(maxsize=1 << 14)
def _kept_day(one: date, ahead: int) -> str:
    return f"{(one + timedelta(days=ahead)).isoformat()}T00:00:00Z"


@lru_cache(maxsize=1 << 17)
def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
