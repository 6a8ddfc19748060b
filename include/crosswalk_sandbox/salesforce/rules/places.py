"""State/Country picklists: texts must match the list, codes and texts follow each other (Salesforce §14)."""

from __future__ import annotations

from ..places import countries, country_name, state_name, states_of
from .base import Change

PROBLEM = "There's a problem with this {0}, even though it may appear correct. Please select a {0} from the list of valid {1}."


def settle_places(change: Change) -> None:
    """Checks and completes every address block of the record that was written to."""
    for item in change.sobject.fields.values():
        if item.type == "address":
            _settle(change, item.name.removesuffix("Address"))


def _settle(change: Change, prefix: str) -> None:
    names = [f"{prefix}{part}" for part in ("Country", "CountryCode", "State", "StateCode")]
    if not any(name in change.given for name in names):
        return
    country, country_code, state, state_code = names
    new = change.new
    code = _chosen(change, country, country_code)
    found = countries().get(code.lower()) if code else None
    if code and found is None:
        change.refuse(
            "FIELD_INTEGRITY_EXCEPTION", f"{PROBLEM.format('country', 'countries')}: {prefix} Country", country
        )
        return
    new[country], new[country_code] = (country_name(found), found) if found else (None, None)
    wanted = _chosen(change, state, state_code)
    if not wanted:
        new[state], new[state_code] = None, None
        return
    known = states_of(found or "").get(wanted.lower())
    if known is None:
        change.refuse(
            "FIELD_INTEGRITY_EXCEPTION", f"{PROBLEM.format('state', 'states')}: {prefix} State/Province", state
        )
        return
    new[state], new[state_code] = state_name(str(found), known), known


def _chosen(change: Change, text: str, code: str) -> str | None:
    """What the caller asked for: the code where given, else the text, else what was stored."""
    for name in (code, text):
        if name in change.given:
            return change.new.get(name)
    return change.new.get(code)
