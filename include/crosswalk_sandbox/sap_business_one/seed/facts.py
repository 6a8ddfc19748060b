"""What the demo company's facts are called here: codes, numbers, amounts, moments."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from crosswalk_sandbox.company import ids

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, TaxCode

_CENT: Final = Decimal("0.01")
_NAME_LENGTH: Final = 8


def card_code(party: int) -> str:
    """CardCode of a party's customer: the number under which a CRM keeps it."""
    return str(ids.netsuite_customer_id(party))


def entry(transaction: int) -> int:
    """DocEntry of an order, delivery, invoice or payment."""
    return ids.netsuite_transaction_id(transaction)


def person_code(contact: int) -> int:
    """InternalCode of a contact."""
    return ids.netsuite_contact_id(contact)


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

    def split(self, instant: datetime) -> tuple[str, str]:
        """Day and time as they are kept."""
        local = instant.astimezone(self._zone).isoformat()
        return f"{local[:10]}T00:00:00Z", local[11:19]

    def of_master(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """The four stamps of a partner or item."""
        born, changed = self.split(created), self.split(modified)
        return {"CreateDate": born[0], "CreateTime": born[1], "UpdateDate": changed[0], "UpdateTime": changed[1]}

    def of_document(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """The stamps of a document; ``DocTime`` holds minutes (§13)."""
        born, changed = self.split(created), self.split(modified)
        return {
            "CreationDate": born[0],
            "DocTime": f"{born[1][:5]}:00",
            "UpdateDate": changed[0],
            "UpdateTime": changed[1],
        }
