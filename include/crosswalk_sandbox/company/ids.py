"""Names and numbers that both vendors' emulators must agree on without asking each other.

A CRM account that stores the ERP's internal id, or an ERP customer whose external id holds a Salesforce id, can only
be generated when every record's vendor id follows from its place in the demo company. So each fact carries an integer
``sequence`` and the functions here turn it into the vendor's id. Records that the emulators create later take higher
ids.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD: Final = "dM0"  # instance and reserved character, the same for every id of the demo org
_DIGITS: Final = 9

# Salesforce key prefixes (Salesforce §12).
ACCOUNT: Final = "001"
CONTACT: Final = "003"
USER: Final = "005"
OPPORTUNITY: Final = "006"
ORGANIZATION: Final = "00D"
OPPORTUNITY_LINE: Final = "00k"
PRICEBOOK: Final = "01s"
PRODUCT: Final = "01t"
PRICEBOOK_ENTRY: Final = "01u"

# NetSuite internal ids: one number space for entities, one for items, one for transactions.
NETSUITE_EMPLOYEE_BASE: Final = 10
NETSUITE_CUSTOMER_BASE: Final = 1_000
NETSUITE_CONTACT_BASE: Final = 100_000_000
NETSUITE_ITEM_BASE: Final = 100
NETSUITE_TRANSACTION_BASE: Final = 10_000

# How many sequence numbers one owner reserves for what belongs to it.
CONTACTS_PER_PARTY: Final = 10
LINES_PER_DEAL: Final = 20
TRANSACTIONS_PER_ORDER: Final = 10


def salesforce_checksum(id15: str) -> str:
    """The three characters that make a 15-character id an 18-character one (Salesforce §12)."""
    if len(id15) != 15:
        raise ValueError(f"A Salesforce id has 15 characters before its checksum, this one has {len(id15)}: {id15!r}")
    return "".join(
        _CHECKSUM[sum(1 << place for place, char in enumerate(id15[start : start + 5]) if "A" <= char <= "Z")]
        for start in (0, 5, 10)
    )


def salesforce_id(prefix: str, sequence: int) -> str:
    """The 18-character Salesforce id of the record with this key prefix (three characters) and sequence (>= 0)."""
    upper, lower = divmod(sequence, _PAIR)
    front, checks, bits = _front(prefix, upper)
    last, capitals = _PAIRS[lower]
    return f"{front}{last}{checks}{_CHECKSUM[bits | capitals << 3]}"


def _capitals(text: str) -> tuple[str, int]:
    """The text with the places of its capitals as bits, the first place lowest."""
    return text, sum(1 << place for place, char in enumerate(text) if "A" <= char <= "Z")


# Ids are minted by the million, and mostly one after the other: all but their last two characters are remembered.
_PAIR: Final = 62**2
_PAIRS: Final = tuple(_capitals(first + second) for first in BASE62 for second in BASE62)


@lru_cache(maxsize=1 << 14)
def _front(prefix: str, upper: int) -> tuple[str, str, int]:
    """The first thirteen characters, two of the checksum and what the last of them says about the third."""
    digits, rest = "", upper
    for _ in range(_DIGITS - 2):
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    if rest:
        raise ValueError(f"Sequence {upper * _PAIR} and above does not fit into a Salesforce id")
    front = prefix + _POD + digits
    return front, salesforce_checksum(front + "00")[:2], _capitals(front[10:])[1]


def netsuite_customer_id(sequence: int) -> int:
    """NetSuite internal id of the customer made from the party with this sequence."""
    return NETSUITE_CUSTOMER_BASE + sequence


def netsuite_contact_id(sequence: int) -> int:
    """NetSuite internal id of the contact with this sequence."""
    return NETSUITE_CONTACT_BASE + sequence


def netsuite_item_id(sequence: int) -> int:
    """NetSuite internal id of the product with this sequence."""
    return NETSUITE_ITEM_BASE + sequence


def netsuite_employee_id(sequence: int) -> int:
    """NetSuite internal id of the salesperson with this sequence."""
    return NETSUITE_EMPLOYEE_BASE + sequence


def netsuite_transaction_id(sequence: int) -> int:
    """NetSuite internal id of the order, shipment, invoice or payment with this sequence."""
    return NETSUITE_TRANSACTION_BASE + sequence


def account_external_id(sequence: int) -> str:
    """External id of an ERP customer that came from the CRM account of the party with this sequence."""
    return f"SF-ACC-{salesforce_id(ACCOUNT, sequence)}"


def contact_external_id(sequence: int) -> str:
    """External id of an ERP contact that came from the CRM."""
    return f"SF-CON-{salesforce_id(CONTACT, sequence)}"


def product_external_id(sequence: int) -> str:
    """External id of an ERP item that came from the CRM."""
    return f"SF-PRD-{salesforce_id(PRODUCT, sequence)}"


def order_external_id(deal_sequence: int, revision: int = 1) -> str:
    """External id of the ERP order made from a won CRM deal."""
    return f"SF-OPP-{salesforce_id(OPPORTUNITY, deal_sequence)}-R{revision}"
