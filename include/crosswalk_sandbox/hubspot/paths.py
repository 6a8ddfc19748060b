"""Both families of paths to one table: dated and alias paths become numbered ones (HubSpot §1)."""

from __future__ import annotations

import re
from typing import Final

EDITIONS: Final = ("2025-09", "2026-03", "2026-09", "2027-03-beta")
_V: Final = "(?P<v>" + "|".join(EDITIONS) + ")"

_RULES: Final = tuple(
    (re.compile(pattern), target)
    for pattern, target in (
        (rf"/crm/objects/{_V}/([^/]+/[^/]+/associations/.+)", r"/crm/v4/objects/\2"),
        (rf"/crm/objects/{_V}/(.+)", r"/crm/v3/objects/\2"),
        (rf"/crm/associations/{_V}/(.+)", r"/crm/v4/associations/\2"),
        (rf"/crm/properties/{_V}/(.+)", r"/crm/v3/properties/\2"),
        (rf"/crm/pipelines/{_V}/(.+)", r"/crm/v3/pipelines/\2"),
        (rf"/crm/owners/{_V}(/.*)?", r"/crm/v3/owners\2"),
        (rf"/crm-object-schemas/{_V}/schemas(/.*)?", r"/crm-object-schemas/v3/schemas\2"),
        (rf"/oauth/{_V}/(.+)", r"/oauth/v3/\2"),
        (rf"/account-info/{_V}/(.+)", r"/account-info/v3/\2"),
        (rf"/settings/currencies/{_V}/(.+)", r"/settings/v3/currencies/\2"),
        (rf"/integrators/timeline/{_V}/(events(?:/batch)?/?)", r"/integrators/timeline/app/\2"),
        (rf"/webhooks-journal/(?:journal|journal-local)/{_V}/(.+)", r"/webhooks-journal/journal/\2"),
        (rf"/webhooks-journal/subscriptions/{_V}(/.*)?", r"/webhooks-journal/subscriptions\2"),
        (rf"/webhooks-journal/snapshots/{_V}/(.+)", r"/webhooks-journal/snapshots/\2"),
        (r"/webhooks/(?P<v>2026-03)/(.+)", r"/webhooks/v3/\2"),
        (r"/app-webhooks/(?P<v>2025-09|2026-09)/(.+)", r"/webhooks/v3/\2"),
        (r"(?P<v>)/crm/v3/schemas(/.*)?", r"/crm-object-schemas/v3/schemas\2"),
        (r"(?P<v>)/crm/v3/timeline/(.+)", r"/integrators/timeline/v3/\2"),
        (r"(?P<v>)/crm/v4/objects/([^/]+(?:/[^/]+)?/?)", r"/crm/v3/objects/\2"),
    )
)


def numbered(path: str) -> tuple[str, str]:
    """The numbered path, and the dated version it was asked under (empty for none)."""
    for pattern, target in _RULES:
        match = pattern.fullmatch(path)
        if match is not None:
            return match.expand(target), match["v"] or ""
    return path, ""
