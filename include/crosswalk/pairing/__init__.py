"""A pairing: one CRM and one ERP kept in step, described by one YAML file."""

from crosswalk.pairing.document import (
    Brake,
    ChoiceRule,
    LinkRule,
    OrderPolicy,
    Pairing,
    Phase,
    SystemSide,
    load_pairing,
    load_pairings,
)

__all__ = [
    "Brake",
    "ChoiceRule",
    "LinkRule",
    "OrderPolicy",
    "Pairing",
    "Phase",
    "SystemSide",
    "load_pairing",
    "load_pairings",
]
