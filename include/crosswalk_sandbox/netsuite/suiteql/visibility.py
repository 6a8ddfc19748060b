"""The rows a role sees: those of other subsidiaries are invisible, not refused (NetSuite §13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp, parse_one

from crosswalk_sandbox.netsuite.schema.enumerations import TRANSACTION_TYPES

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Role
    from crosswalk_sandbox.netsuite.schema.language import Table

_BY_SUBSIDIARY: Final = {
    "customer": "subsidiary IN ({ids})",
    "contact": "subsidiary IN ({ids})",
    "transaction": "subsidiary IN ({ids})",
    "subsidiary": "id IN ({ids})",
    "location": "subsidiary IN ({ids})",
    "transactionline": 'EXISTS (SELECT 1 FROM "transaction" v WHERE v.id = "transaction" AND v.subsidiary IN ({ids}))',
    "item": "EXISTS (SELECT 1 FROM itemsubsidiarymap v WHERE v.item = id AND v.subsidiary IN ({ids}))",
}
_TYPE_PERMISSIONS: Final = {
    "SalesOrd": "Sales Order",
    "CustInvc": "Invoice",
    "CustPymt": "Customer Payment",
    "ItemShip": "Item Fulfillment",
    "CustCred": "Credit Memo",
    "Estimate": "Estimate",
}


def condition(source: str, role: Role) -> str | None:
    """SQLite condition on a table's rows; None when the role sees all of them."""
    conditions = []
    if role.subsidiaries is not None and source in _BY_SUBSIDIARY:
        ids = ", ".join(str(number) for number in role.subsidiaries) or "NULL"
        conditions.append(_BY_SUBSIDIARY[source].format(ids=ids))
    if source == "transaction":
        hidden = [
            kind for kind in TRANSACTION_TYPES if not role.may(_TYPE_PERMISSIONS.get(kind, "Transactions"), "View")
        ]
        if hidden:
            conditions.append("type NOT IN (" + ", ".join(f"'{kind}'" for kind in hidden) + ")")
    return " AND ".join(conditions) or None


def visible_rows(table: Table, role: Role, alias: str) -> exp.Expr:
    """The FROM item for a table: itself, or a sub-query of what the role sees."""
    name = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    limited = condition(table.source, role)
    if limited is None:
        return exp.Table(this=exp.to_identifier(table.source, quoted=True), alias=name)
    inner = parse_one(f'SELECT * FROM "{table.source}" WHERE {limited}', read="sqlite")
    return exp.Subquery(this=inner, alias=name)
