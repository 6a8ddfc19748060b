"""Rows of a large company's blocks: kept as what they are copies of, written out when somebody reads them.

The body of such a row is two numbers, of its block and of its pattern. A pattern is the text of a row of the first block with gaps where
blocks differ: numbers, codes, names, moments. A gap says how it is filled: ``[kind, what the first block has, …]``. What a million
accounts have in common is then stored once, and so is what only they have: in the numbers it is worked out from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import orjson

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.company.blocks import NAME_LENGTH, Blocks, Copy, customer_key, order_memo
from crosswalk_sandbox.company.customers import entity_number
from crosswalk_sandbox.company.model import Size

if TYPE_CHECKING:
    from crosswalk_sandbox.company.renaming import Renaming

Gap = Sequence[Any]
TABLE: Final = "CREATE TABLE IF NOT EXISTS pattern (id INTEGER PRIMARY KEY, text TEXT NOT NULL, gaps TEXT NOT NULL);"
PARCELS_LENGTH: Final = 30
_COPIES_KEPT: Final = 256
_PATTERNS_KEPT: Final = 2_048
_DAY: Final = 86_400


class Copies:
    """Writes out copied rows. ``rows`` finds rows of the store by SQL."""

    def __init__(self, rows: Callable[[str], Sequence[tuple[Any, ...]]]) -> None:
        self._rows = rows
        self._blocks: Blocks | None = None
        self._copy = lru_cache(_COPIES_KEPT)(self._made)
        self._patterns: dict[int, tuple[str, Mapping[str, Gap]]] = {}

    @property
    def are_there(self) -> bool:
        """Whether there can be any."""
        return self._blocks is not None

    def remember(self, told: str | None) -> None:
        """Know the blocks that the company consists of, as :func:`told_of` tells."""
        if told is not None:
            count, *size = orjson.loads(told)
            self._blocks = Blocks(count, Size(*size))
            self._copy.cache_clear()

    def whole(self, body: str) -> str:
        """A row's text."""
        if body[0] == "{":
            return body
        number, _, pattern = body.partition(" ")
        text, gaps = self._patterns.get(int(pattern)) or self.patterns({int(pattern)})[int(pattern)]
        copy = self._copy(int(number))
        if copy is None:
            return text % {name: _written(gap[1]) for name, gap in gaps.items()}
        return text % {name: _written(_FILLINGS[gap[0]](copy, *gap[1:])) for name, gap in gaps.items()}

    def row(self, body: str) -> dict[str, Any]:
        """A row."""
        found: dict[str, Any] = orjson.loads(self.whole(body))
        return found

    def place(self, body: str) -> tuple[Copy | None, int] | None:
        """Copy and pattern of a row; None for one that is kept whole."""
        if body[0] == "{":
            return None
        number, _, pattern = body.partition(" ")
        return self._copy(int(number)), int(pattern)

    def patterns(self, numbers: AbstractSet[int]) -> Mapping[int, tuple[str, Mapping[str, Gap]]]:
        """Texts and gaps of patterns, read at once."""
        found = {number: self._patterns[number] for number in numbers if number in self._patterns}
        missing = numbers - found.keys()
        if missing:
            rows = self._rows(f"SELECT id, text, gaps FROM pattern WHERE id IN ({', '.join(map(str, missing))})")
            read = {number: (text, _gaps(gaps)) for number, text, gaps in rows}
            if len(self._patterns) + len(read) > _PATTERNS_KEPT:
                self._patterns = {}
            self._patterns.update(read)
            found |= read
        return found

    def _made(self, number: int) -> Copy | None:
        assert self._blocks is not None
        return Copy(self._blocks, number) if number else None


def told_of(blocks: Blocks) -> str:
    """The blocks of a company as they are kept."""
    return orjson.dumps([blocks.count, blocks.size.accounts, blocks.size.products, blocks.size.deals]).decode()


def filled(copy: Copy | None, gap: Gap) -> str | int:
    """What stands in a gap in a copy; None is the first block."""
    found: str | int = gap[1] if copy is None else _FILLINGS[gap[0]](copy, *gap[1:])
    return found


def _gaps(text: str) -> Mapping[str, Gap]:
    return {name: tuple(gap) for name, gap in orjson.loads(text).items()}


def _written(value: str | int) -> str | int:
    return value if value.__class__ is int else orjson.dumps(value).decode()


# moments


@lru_cache(maxsize=4)  # a row says a moment's day and its time
def moment(copy: Copy, day: str, second: int, ahead: int | str) -> tuple[str, str]:
    """Day and time in a copy of a UTC day's second, on a clock that is so many seconds ahead, or in a zone whose clock was put forward or back."""
    moved = copy.renaming.second(second)
    if isinstance(ahead, str):
        local = (datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(seconds=moved)).astimezone(ZoneInfo(ahead))
        return f"{local.date().isoformat()}T00:00:00Z", local.strftime("%H:%M:%S")
    days, second_shown = divmod(moved + ahead, _DAY)
    return _day(day, days), _clock(second_shown)


@lru_cache(maxsize=1 << 14)
def _day(one: str, later: int) -> str:
    return f"{(date.fromisoformat(one) + timedelta(days=later)).isoformat()}T00:00:00Z"


@lru_cache(maxsize=1 << 17)
def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


# kinds of gaps


def _renamed(how: Callable[..., str | None]) -> Callable[..., str]:
    """A text that a copy says in other words."""
    return lambda copy, first, *further: how(copy.renaming, first, *further) or ""


def _company(new: Renaming, name: str, group: int) -> str:
    return new.company(name, group)[:NAME_LENGTH]


def _person(new: Renaming, name: str, first: str | None) -> str:
    return f"{new.first_name(first) or ''}{name[len(first or '') :]}"


_FILLINGS: Final[Mapping[str, Callable[..., str | int]]] = {
    "card": lambda copy, first: str(int(first) + copy.parties),
    "entry": lambda copy, first: first + copy.transactions,
    "order": lambda copy, first: first + copy.orders,
    "person": lambda copy, first: first + copy.contacts,
    "alias": lambda copy, _, party: entity_number(party + copy.parties),
    "customer key": lambda copy, first, party: customer_key(first, party + copy.parties),
    "person key": lambda copy, _, contact: ids.contact_external_id(contact + copy.contacts),
    "deal key": lambda copy, _, deal: ids.order_external_id(deal + copy.deals),
    "company": _renamed(_company),
    "full name": _renamed(_person),
    "first name": _renamed(lambda new, first: new.first_name(first)),
    "mail": _renamed(lambda new, first, group: new.mail(first, group)),
    "site": _renamed(lambda new, first, group: new.site(first, group)),
    "phone": _renamed(lambda new, first: new.phone(first)),
    "digits": _renamed(lambda new, first: new.digits(first)),
    "street": _renamed(lambda new, first: new.street(first)),
    "memo": _renamed(order_memo),
    "parcels": _renamed(lambda new, _, parcels: str(new.parcels(parcels))[:PARCELS_LENGTH]),
    "day": lambda copy, _, *at: moment(copy, *at)[0],
    "time": lambda copy, _, *at: moment(copy, *at)[1],
    "minute": lambda copy, _, *at: f"{moment(copy, *at)[1][:5]}:00",
}
