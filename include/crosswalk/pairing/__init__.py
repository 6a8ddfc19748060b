"""A pairing: one CRM and one ERP kept in step, described by one YAML file."""

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
from crosswalk.pairing.products import Brake, ProductPolicy

__all__ = [
    "Brake",
    "ChoiceRule",
    "LinkRule",
    "OrderPolicy",
    "Pairing",
    "Phase",
    "ProductPolicy",
    "SystemSide",
    "load_pairing",
    "load_pairings",
]
