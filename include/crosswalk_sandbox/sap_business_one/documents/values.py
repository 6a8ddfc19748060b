"""Plain values of documents."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.sap_business_one.moments import day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Row

YES: Final = "tYES"
NO: Final = "tNO"
ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)
OPEN: Final = "bost_Open"
CLOSED: Final = "bost_Close"


def rounded(value: Decimal, places: int) -> Decimal:
    """Half away from zero, to the company's accuracy (SAP Business One §15)."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def is_yes(value: object) -> bool:
    """Whether a BoYesNoEnum says yes."""
    return value == YES


def within(on: date, first: object, last: object) -> bool:
    """Whether a day lies in a range whose ends may be open."""
    begins, ends = day(first), day(last)
    return (begins is None or begins <= on) and (ends is None or on <= ends)


def is_given(row: Row, name: str) -> bool:
    """Whether a property was sent with a value."""
    return row.get(name) not in (None, "")
