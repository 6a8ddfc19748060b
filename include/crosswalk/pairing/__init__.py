"""A pairing: one CRM and one ERP kept in step, described by one YAML file."""

from crosswalk.pairing.checks import CheckPolicy, ReportMail
from crosswalk.pairing.document import (
    ChoiceRule,
    LinkRule,
    OrderPolicy,
    Pairing,
    Phase,
    SystemSide,
    load_pairing,
    load_pairings,
)
from crosswalk.pairing.lifecycle import LifecyclePolicy
from crosswalk.pairing.products import Brake, ProductPolicy
from crosswalk.pairing.selling import AmendPolicy, ApprovalPolicy, CreditPolicy, DiscountPolicy

__all__ = [
    "AmendPolicy",
    "ApprovalPolicy",
    "Brake",
    "CheckPolicy",
    "ChoiceRule",
    "CreditPolicy",
    "DiscountPolicy",
    "LifecyclePolicy",
    "LinkRule",
    "OrderPolicy",
    "Pairing",
    "Phase",
    "ProductPolicy",
    "ReportMail",
    "SystemSide",
    "load_pairing",
    "load_pairings",
]
