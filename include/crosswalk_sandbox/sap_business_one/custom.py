"""What a company makes for itself besides fields and tables: objects and unique keys (SAP Business One §11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .desk import Desk, Row
from .errors import business, exists, no_match
from .schema.fields import type_of_table
from .schema.model import Model, vendor_model

if TYPE_CHECKING:
    from .account import Account

_KINDS: Final = {"boud_MasterData": "bott_MasterData", "boud_Document": "bott_Document"}


def checked(model: Model, desk: Desk, row: Row) -> Row:
    """A new row of ``UserObjectsMD``. Raises Refusal for a table that is not there, is taken, or is of another kind."""
    code, table = str(row.get("Code", "")), desk.read("UserTablesMD", str(row.get("TableName", "")))
    if table is None:
        raise no_match("OUDO.TableName")
    if not re.fullmatch(r"[A-Za-z]\w*", code) or code in vendor_model().sets:
        raise business("Enter an object code of letters, digits and underscores that is not one of the service's own")
    if code in model.sets or desk.find("UserObjectsMD", TableName=row["TableName"]):
        raise exists()
    row.setdefault("ObjectType", "boud_MasterData")
    if table.get("TableType") != _KINDS[row["ObjectType"]]:
        raise business("The type of the object does not fit the type of its table")
    return row


def numbered(desk: Desk, row: Row, before: Row | None) -> Row:
    """A row of ``UserKeysMD`` with its number among the keys of its table."""
    if before is None:
        taken = {one["KeyIndex"] for one in desk.find("UserKeysMD", TableName=row.get("TableName"))}
        row["KeyIndex"] = next(number for number in range(len(taken) + 1) if number not in taken)
    return row


def check_unique(account: Account, entity_set: str, row: Row) -> None:
    """Raises Refusal -2035 where another entity of the set has the same values under a unique key of its table."""
    model = account.model
    own = account.key_of(entity_set, row) if all(name in row for name in model.sets[entity_set].key) else ()
    for _, key in account.all("UserKeysMD"):
        if key.get("Unique") != "tYES" or type_of_table(str(key["TableName"])) != model.sets[entity_set].type:
            continue
        names = [f"U_{one['ColumnAlias']}" for one in key.get("UserKeysMD_Elements", [])]
        wanted = {name: row.get(name) for name in names}
        if not wanted or None in wanted.values():
            continue
        found = account.desk().find(entity_set, **wanted)
        if any(account.key_of(entity_set, one) != own for one in found):
            raise exists()
