"""Stages of life only go forward: a step back is answered with success and ignored, so that it is not sent (HubSpot §17).

The platform moves the stage by itself as well, when a deal is made or won. A stage further on than ours stands therefore, and is no
difference worth another write. Going back would be two requests, empty and new: that is for a person.
"""

from __future__ import annotations

PROPERTY = "lifecyclestage"
ORDER = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
_HAVING = frozenset({"contacts", "companies"})


def would_be_ignored(native: str, name: str, sent: str, stored: str | None) -> bool:
    """Tell whether HubSpot would leave the stage where it is; of the account's own stages only HubSpot knows the order."""
    if native not in _HAVING or name != PROPERTY or sent not in ORDER or stored not in ORDER:
        return False
    return ORDER.index(sent) < ORDER.index(stored)
