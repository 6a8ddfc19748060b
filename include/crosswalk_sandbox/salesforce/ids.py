"""Record ids: 15 case-sensitive characters, answered in 18 (Salesforce §12)."""

from __future__ import annotations

from crosswalk_sandbox.company.ids import BASE62, salesforce_checksum, salesforce_id

_ALPHABET = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SCATTER = 0x2B5

checksum = salesforce_checksum
mint = salesforce_id


def scatter(number: int) -> int:
    """The row number of a record: a permutation inside blocks of 1,024, so that scan order is not Id order (§5)."""
    return number ^ SCATTER


def number_of(record_id: str) -> int:
    """The number that an id was minted from."""
    number = 0
    for char in record_id[6:15]:
        number = number * 62 + BASE62.index(char)
    return number


def normalise(value: object) -> str | None:
    """The 18-character form of a 15- or 18-character id; None when it is no id or its checksum is wrong."""
    if not isinstance(value, str) or len(value) not in (15, 18) or not _ALPHABET.issuperset(value):
        return None
    if len(value) == 15:
        return value + checksum(value)
    if checksum(value[:15]) == value[15:]:
        return value
    return _restore_case(value)


def _restore_case(value: str) -> str | None:
    """18-character ids compare case-insensitively: rebuild the case from the checksum, or None (§12)."""
    letters = []
    for group in range(3):
        bits = CHECKSUM.find(value[15 + group].upper())
        if bits < 0:
            return None
        for place in range(5):
            char = value[group * 5 + place]
            letters.append(char.upper() if bits >> place & 1 else char.lower())
    id15 = "".join(letters)
    return id15 + checksum(id15) if checksum(id15) == value[15:].upper() else None
