"""Numbered paths, which hubspot-api-client 12.0.0 speaks, and their dated twins (HubSpot §1). No other file writes a version.

The client and we ask by the numbered path. A connection with `api_version: "2026-03"` has each turned into the dated one on its way
out: one line here when HubSpot ends the numbered ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crosswalk.model.errors import ConfigurationError

NUMBERED = "v3"
_DATED = re.compile(r"20\d\d-(03|09)(-beta)?")

OBJECTS = "/crm/v3/objects"
PROPERTIES = "/crm/v3/properties"
ACCOUNT = "/account-info/v3/details"
DAILY_USE = "/account-info/v3/api-usage/daily/private-apps"
TOKEN = "/oauth/v3/token"  # noqa: S105 - a path
EVENTS = "/integrators/timeline/v3/events"

_TWINS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(numbered), dated)
    for numbered, dated in (
        (r"^/crm/v[34]/objects/", "/crm/objects/{}/"),
        (r"^/crm/v4/associations/", "/crm/associations/{}/"),
        (r"^/crm/v3/properties/", "/crm/properties/{}/"),
        (r"^/crm/v3/pipelines/", "/crm/pipelines/{}/"),
        (r"^/crm/v3/owners", "/crm/owners/{}"),
        (r"^/account-info/v3/", "/account-info/{}/"),
        (r"^/oauth/v[13]/", "/oauth/{}/"),
        (r"^/integrators/timeline/v3/", "/integrators/timeline/{}/"),
    )
)


def version_of(given: str | None) -> str:
    """Return the version a connection asks for, the numbered ones by default; raises ConfigurationError for what is none."""
    version = given or NUMBERED
    if version != NUMBERED and not _DATED.fullmatch(version):
        raise ConfigurationError(
            f"{version!r} is no version of HubSpot's API.",
            hint="Give `api_version` as v3, or as a dated one such as 2026-03.",
            field="api_version",
        )
    return version


def versioned(path: str, version: str) -> str:
    """Return a numbered path as this version spells it; a path that no version has stays as it is."""
    if version == NUMBERED:
        return path
    for numbered, dated in _TWINS:
        if found := numbered.match(path):
            return dated.format(version) + path[found.end() :]
    return path
