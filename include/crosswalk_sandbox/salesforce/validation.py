"""Validation rules an admin of the org wrote: a SOQL condition that must not hold (Salesforce §6 FIELD_CUSTOM_VALIDATION_EXCEPTION).

An option value ``"Opportunity | Amount > 1000000 | Ask the board first. | Amount"`` names sObject, condition, message
and, if the message belongs to one, the field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import RowError
from .schema import SObject

if TYPE_CHECKING:
    from .org import Org


def check_rules(org: Org, user_id: str, sobject: SObject, record_id: str) -> None:
    """Raises RowError when a rule's condition holds for the record just written."""
    for rule in org.options.validation_rules:
        name, condition, message, *field = (part.strip() for part in rule.split("|"))
        if name.lower() != sobject.name.lower():
            continue
        text = f"SELECT COUNT() FROM {sobject.name} WHERE Id = '{record_id}' AND ({condition})"
        plan = org.runner.plan(text, org.viewer(user_id))
        if org.store.connection.execute(plan.rows_sql, plan.parameters).fetchone()[0]:
            raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, field)
