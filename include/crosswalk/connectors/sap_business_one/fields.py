"""User fields: the one that bears an intent's key, which of them are there, and making those that are ours (SAP Business One §11).

Creating one locks its table and may take minutes; nothing here runs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crosswalk.connectors.protocol import Creation, Finding
from crosswalk.connectors.sap_business_one.errors import AlreadyExistsError
from crosswalk.connectors.sap_business_one.odata import behind, one_of

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

PREFIX = "U_"
KEY_SIZE = 64
TABLES: Mapping[str, str] = {"customer": "OCRD", "contact": "OCPR", "product": "OITM", "order": "ORDR"}
MARKETING = ("ORDR", "OINV", "ODLN", "OQUT", "ODRF")  # documents share their user fields
_MARKETING_LINES = ("RDR1", "INV1", "DLN1", "QUT1", "DRF1")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class FieldMissing(Finding):
    """A user field of a table that is not there, and that is ours to make."""

    table: str = ""
    field: str = ""


def user_fields(client: Client, tables: Sequence[str]) -> dict[str, dict[str, int | None]]:
    """Return the user fields of tables with their size in characters: table → ``U_`` name → size."""
    related = {name for table in tables for name in relatives(table)}
    found: dict[str, dict[str, int | None]] = {}
    after: tuple[str | int, ...] = ()
    more = True
    while more:
        conditions = [one_of("TableName", sorted(related)), behind(("TableName", "FieldID"), after)]
        answer = client.rows(
            "UserFieldsMD",
            _PAGE,
            select="TableName,FieldID,Name,Type,EditSize",
            filter=" and ".join(one for one in conditions if one),
            orderby="TableName,FieldID",
        )
        for row in answer.rows:
            size = row.get("EditSize") if row.get("Type") == "db_Alpha" else None
            found.setdefault(str(row["TableName"]), {})[f"{PREFIX}{row['Name']}"] = int(size) if size else None
        if answer.rows:
            after = (str(answer.rows[-1]["TableName"]), int(answer.rows[-1]["FieldID"]))
        more = answer.more
    return {
        table: {name: size for one in relatives(table) for name, size in found.get(one, {}).items()} for table in tables
    }


def relatives(table: str) -> tuple[str, ...]:
    """Return the tables that share their user fields with this one."""
    return next((family for family in (MARKETING, _MARKETING_LINES) if table in family), (table,))


def creatable(findings: Sequence[Finding]) -> list[Creation]:
    """Return what `create_missing` would make for these findings. Pure."""
    return [
        Creation(
            one.subject,
            f"New user field {one.field} of {one.table}: text, {KEY_SIZE} characters. It locks the table while it is made.",
        )
        for one in _ours(findings)
    ]


def create_missing(client: Client, findings: Sequence[Finding]) -> Iterator[str]:
    """Make the missing user fields, and yield a sentence as each is done; what is there stays as it is."""
    for one in _ours(findings):
        body = {
            "TableName": one.table,
            "Name": one.field.removeprefix(PREFIX),
            "Description": "Crosswalk key",
            "Type": "db_Alpha",
            "SubType": "st_None",
            "EditSize": KEY_SIZE,
            "Mandatory": "tNO",
        }
        try:
            client.create("UserFieldsMD", body)
        except AlreadyExistsError:
            continue
        yield f"Created {one.subject}."


def _ours(findings: Sequence[Finding]) -> list[FieldMissing]:
    return list({one.subject: one for one in findings if isinstance(one, FieldMissing)}.values())
