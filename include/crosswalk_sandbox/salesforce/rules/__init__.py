"""What the platform does around a write, per sObject: defaults, refusals, derived fields, effects on parents (Salesforce §14)."""

from __future__ import annotations

from . import accounts, opportunities, orders, people, pricebooks, setup
from .base import NO_RULES, Change, Rules

_ALL: dict[str, Rules] = {
    "Account": accounts.AccountRules(),
    "Contact": people.ContactRules(),
    "Lead": people.PersonRules(),
    "User": people.UserRules(),
    "AccountContactRelation": people.RelationRules(),
    "Opportunity": opportunities.OpportunityRules(),
    "OpportunityLineItem": opportunities.LineRules(),
    "OpportunityContactRole": opportunities.ContactRoleRules(),
    "Product2": pricebooks.ProductRules(),
    "Pricebook2": pricebooks.BookRules(),
    "PricebookEntry": pricebooks.EntryRules(),
    "Order": orders.OrderRules(),
    "OrderItem": orders.OrderItemRules(),
    "Task": people.TaskRules(),
    "FieldPermissions": setup.FieldPermissionRules(),
    "PermissionSet": setup.PermissionRules(),
    "PermissionSetAssignment": setup.AssignmentRules(),
}


def rules_of(name: str) -> Rules:
    """The rules of an sObject; none for most."""
    return _ALL.get(name, NO_RULES)


__all__ = ["Change", "Rules", "rules_of"]
