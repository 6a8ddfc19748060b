"""What is known while a document is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.values import HUNDRED, rounded
from crosswalk_sandbox.sap_business_one.errors import LOGIC, NO_MATCH, NOT_FOUND, Refusal, no_match
from crosswalk_sandbox.sap_business_one.moments import day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind


@dataclass(frozen=True, slots=True)
class Trade:
    """A document being written: its kind, its partner, its header."""

    desk: Desk
    kind: Kind
    partner: Row
    header: Row

    @property
    def posting_day(self) -> date:
        """``DocDate``."""
        found = day(self.header["DocDate"])
        assert found is not None
        return found

    @property
    def kept_share(self) -> Decimal:
        """What the header's discount leaves of an amount."""
        return 1 - exact(self.header.get("DiscountPercent")) / HUNDRED

    def places(self, name: str, default: int) -> int:
        """One of the company's accuracies, such as ``TotalsAccuracy`` (SAP Business One §15)."""
        found = self.desk.admin().get(name)
        return int(found) if found is not None else default

    def price(self, value: Decimal) -> Decimal:
        """A price to the company's accuracy."""
        return rounded(value, self.places("PriceAccuracy", 6))

    def percent(self, value: Decimal) -> Decimal:
        """A percentage to the company's accuracy."""
        return rounded(value, self.places("PercentageAccuracy", 6))

    def column(self, name: str) -> str:
        """A header column as refusals name it."""
        return f"{self.kind.table}.{name}"

    def at_line(self, place: int, name: str) -> str:
        """A line's column as refusals name it; lines count from 1 there."""
        return f"[{self.kind.lines}.{name}][line: {place + 1}]"

    def refuse(self, number: int, text: str, place: int, name: str) -> Refusal:
        """-10 with a second code in front and the line behind (§10)."""
        return Refusal(400, LOGIC, f"{number} - {text}  {self.at_line(place, name)}")

    def known(self, column: str, entity_set: str, *key: str | int) -> Row:
        """The entity that a code in the header names; -2028 where there is none (§10)."""
        found = self.desk.read(entity_set, *key)
        if found is None:
            raise self.unknown(column)
        return found

    def unknown(self, column: str) -> Refusal:
        """A code in the header names nothing."""
        return Refusal(self.desk.options.missing_reference_status, NOT_FOUND, no_match(self.column(column)).message)

    def unknown_at(self, place: int, name: str) -> Refusal:
        """A code in a line names nothing."""
        return Refusal(
            self.desk.options.missing_reference_status, NOT_FOUND, f"{self.at_line(place, name)} , '{NO_MATCH}'"
        )
