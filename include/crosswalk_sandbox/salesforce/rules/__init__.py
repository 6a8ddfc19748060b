"""What the platform does around a write, per sObject: defaults, refusals, derived fields, effects on parents (Salesforce §14)."""

from __future__ import annotations

from . import accounts, opportunities, orders, people, places, pricebooks, quotes, setup
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
    "Quote": quotes.QuoteRules(),
    "QuoteLineItem": quotes.QuoteLineRules(),
    "Order": orders.OrderRules(),
    "OrderItem": orders.OrderItemRules(),
    "Task": people.TaskRules(),
    "FieldPermissions": setup.FieldPermissionRules(),
    "ObjectPermissions": setup.ObjectPermissionRules(),
    "PermissionSet": setup.PermissionRules(),
    "PermissionSetAssignment": setup.AssignmentRules(),
}


def rules_of(name: str) -> Rules:
    """The rules of an sObject; none for most."""
    return _ALL.get(name, NO_RULES)


def check_places(change: Change) -> None:
    """State and country of every address block, where the org has picklists for them."""
    if change.org.options.state_country_picklists:
        places.settle_places(change)


__all__ = ["Change", "Rules", "check_places", "rules_of"]
