"""Rule tables and customers for tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from crosswalk.lifecycle import Standing
from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.pairing import LifecyclePolicy

SHIPPED = {
    "to_erp": {"sales_qualified": "lead", "customer": "customer", "won_deal": "customer"},
    "to_crm": {"lead": "sales_qualified", "customer": "customer"},
}
THREE_KINDS = {
    "to_erp": {"lead": "lead", "opportunity": "prospect", "won_deal": "customer"},
    "to_crm": {"lead": "lead", "prospect": "opportunity", "customer": "evangelist"},
    "traded": False,
    "inactive": "move",
}
STAGES_SEEN, KINDS_SEEN = (None, *STAGES, "other"), (None, *CUSTOMER_KINDS, "other")


def allowed(table: dict[str, Any]) -> LifecyclePolicy | None:
    """Return the table, unless a pairing file could not say it."""
    try:
        return LifecyclePolicy(**table)
    except ValidationError:
        return None


_TABLES = st.fixed_dictionaries(
    {
        "to_erp": st.dictionaries(st.sampled_from((*STAGES, "won_deal")), st.sampled_from(CUSTOMER_KINDS), max_size=4),
        "to_crm": st.dictionaries(st.sampled_from(CUSTOMER_KINDS), st.sampled_from(STAGES), max_size=3),
        "traded": st.booleans(),
        "inactive": st.sampled_from(("leave", "move")),
    }
)
POLICIES = _TABLES.map(allowed).filter(lambda policy: policy is not None)
STANDINGS = st.builds(
    Standing,
    stage=st.sampled_from(STAGES_SEEN),
    kind=st.sampled_from(KINDS_SEEN),
    active=st.booleans(),
    won=st.booleans(),
    traded=st.booleans(),
)
