"""Contact, Lead, User, Task and AccountContactRelation (Salesforce §14)."""

from __future__ import annotations

from .base import Change, Rules


class PersonRules(Rules):
    """People: ``Name`` is made of the first and last name."""

    def before(self, change: Change) -> None:
        """Derives Name."""
        parts = (change.new.get("FirstName"), change.new.get("LastName"))
        change.new["Name"] = " ".join(part for part in parts if part) or None


class ContactRules(PersonRules):
    """Rules of Contact: with *Contacts to Multiple Accounts* its account makes a direct relation."""

    def after(self, change: Change) -> None:
        """Keeps the direct AccountContactRelation in step with AccountId."""
        if change.org.sobject("AccountContactRelation") is None or not change.changed("AccountId"):
            return
        contact, account = change.new["Id"], change.new.get("AccountId")
        for row in change.rows("AccountContactRelation", '"ContactId" = ? AND "IsDirect" = 1', contact):
            change.writer.erase("AccountContactRelation", row["Id"])
        if account is not None:
            values = {"AccountId": account, "ContactId": contact, "IsActive": 1, "IsDirect": 1}
            change.writer.system_create("AccountContactRelation", values)


class RelationRules(Rules):
    """One relation per account and contact; the direct one belongs to the platform."""

    def before(self, change: Change) -> None:
        """Refuses a second relation."""
        pair = (change.new["AccountId"], change.new["ContactId"], change.new["Id"])
        if change.rows("AccountContactRelation", '"AccountId" = ? AND "ContactId" = ? AND "Id" <> ?', *pair):
            change.refuse("DUPLICATE_VALUE", "This contact already has a relationship with this account.")

    def before_delete(self, change: Change) -> None:
        """Refuses to delete the direct relation by itself."""
        if change.new.get("IsDirect"):
            change.refuse(
                "INVALID_OPERATION", "You can't delete the direct relationship between a contact and its account."
            )


class UserRules(PersonRules):
    """Rules of User: usernames are unique over all orgs, in e-mail form."""

    def before(self, change: Change) -> None:
        """Derives names, refuses odd usernames."""
        super().before(change)
        name = change.new.get("Username") or ""
        if "@" not in name:
            change.refuse("INVALID_EMAIL_ADDRESS", "Username must be in the form of an email address", "Username")
        if change.new.get("CommunityNickname") is None:
            change.new["CommunityNickname"] = name.split("@")[0][:40]
        change.new["UserType"] = change.new.get("UserType") or "Standard"


class TaskRules(Rules):
    """Rules of Task: derived account and status; WhoId and WhatId must fit each other."""

    def before(self, change: Change) -> None:
        """Derives IsClosed, IsHighPriority and AccountId; a lead takes no WhatId."""
        new = change.new
        new["IsClosed"] = int(new.get("Status") == "Completed")
        new["IsHighPriority"] = int(new.get("Priority") == "High")
        new["CompletedDateTime"] = (
            (new.get("CompletedDateTime") or change.org.write_stamp()) if new["IsClosed"] else None
        )
        new["AccountId"] = self._account(change)
        if str(new.get("WhoId") or "").startswith("00Q") and new.get("WhatId"):
            change.refuse("FIELD_INTEGRITY_EXCEPTION", "If the WhoId is a lead, the WhatId must be blank.", "WhatId")

    def _account(self, change: Change) -> str | None:
        what = change.new.get("WhatId")
        if what:
            target = change.org.schema.by_prefix(what)
            if target is not None and target.name == "Account":
                return str(what)
            row = change.fetch(target.name, what) if target else None
            if row and row.get("AccountId"):
                return str(row["AccountId"])
        contact = change.fetch("Contact", change.new.get("WhoId"))
        return contact.get("AccountId") if contact else None
