"""Account: hierarchy without cycles, delete refused while closed-won deals or activated orders hang on it (Salesforce §14)."""

from __future__ import annotations

from .base import Change, Rules


class AccountRules(Rules):
    """Rules of Account."""

    def before(self, change: Change) -> None:
        """Refuses a cycle in the hierarchy."""
        parent, own = change.new.get("ParentId"), change.new["Id"]
        if parent is None or not change.changed("ParentId"):
            return
        seen = {own}
        while parent is not None:
            if parent in seen:
                change.refuse(
                    "CIRCULAR_DEPENDENCY",
                    f"circular dependency on field: ParentId with value: {parent[:15]}",
                    "ParentId",
                )
                return
            seen.add(parent)
            row = change.fetch("Account", parent)
            parent = row.get("ParentId") if row else None

    def before_delete(self, change: Change) -> None:
        """Refuses while closed-won opportunities or activated orders exist."""
        own = change.new["Id"]
        won = change.rows("Opportunity", '"AccountId" = ? AND "IsWon" = 1 LIMIT 1', own)
        orders = change.rows("Order", '"AccountId" = ? AND "StatusCode" = ? LIMIT 1', own, "Activated")
        for rows, label in ((won, "closed won opportunities"), (orders, "activated orders")):
            if rows:
                name = change.new.get("Name")
                text = f"Your attempt to delete {name} could not be completed because it is associated with the following {label}.: {rows[0]['Name']}"
                change.refuse("DELETE_FAILED", text)
