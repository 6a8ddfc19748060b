"""The company above a company: one at most, so that a new one takes the old one's place (HubSpot §16, §17).

HubSpot refuses a second parent: the old one goes first. A pair that nothing else labels is taken apart altogether, or the companies
would go on being associated without a word why; of a pair with labels of the account's own only the parent's label goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosswalk.connectors.hubspot.associating import exclusive_ends
from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.errors import error_of
from crosswalk.connectors.hubspot.objects import CHILD_TO_PARENT, COMPANY_TO_COMPANY, DEFINED
from crosswalk.connectors.hubspot.receipts import Numbered, Receipts, receipt
from crosswalk.model.errors import CrosswalkError, InDoubtError, RetryableError, ValidationError
from crosswalk.model.records import Outcome

COMPANIES = "companies"
_TYPE = {"associationCategory": DEFINED, "associationTypeId": CHILD_TO_PARENT}
_OWN = {(DEFINED, CHILD_TO_PARENT), (DEFINED, COMPANY_TO_COMPANY)}
_HINT = "Look at both companies in HubSpot: a company has one parent, and none below itself."


@dataclass(frozen=True, slots=True)
class NewParent:
    """What has to be done so that a company has this parent, or none: parents to go, with all or by their label, and whether it is new."""

    child: str
    parent: str | None
    apart: tuple[str, ...]
    unlabelled: tuple[str, ...]
    missing: bool

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.apart or self.unlabelled or self.missing)


def new_parents(client: Client, wanted: Mapping[str, str | None]) -> dict[str, NewParent]:
    """Compare the parents that companies shall have with those they have: 1,000 companies a call."""
    there = client.associations(COMPANIES, COMPANIES, list(wanted)) if wanted else {}
    return {child: _new_parent(child, parent, there.get(child, ())) for child, parent in wanted.items()}


def _new_parent(child: str, parent: str | None, ends: Sequence[Mapping[str, Any]]) -> NewParent:
    there = exclusive_ends(ends)
    plain = {
        str(end["toObjectId"])
        for end in ends
        if {(one["category"], one["typeId"]) for one in end["associationTypes"]} <= _OWN
    }
    old = [one for one in there if one != parent]
    return NewParent(
        child,
        parent,
        tuple(one for one in old if one in plain),
        tuple(one for one in old if one not in plain),
        parent is not None and parent not in there,
    )


def replace(client: Client, rows: Sequence[tuple[Numbered, NewParent]], receipts: Receipts) -> None:
    """Give companies their new parents, a call for each step; a receipt changes only where that failed."""
    try:
        if inputs := [_ends(one, old) for _, one in rows for old in one.apart]:
            client.separate(COMPANIES, COMPANIES, inputs)
        if inputs := [_pair(one, old) for _, one in rows for old in one.unlabelled]:
            client.unlabel(COMPANIES, COMPANIES, inputs)
        if inputs := [_pair(one, one.parent) for _, one in rows if one.missing and one.parent]:
            refused = client.associate(COMPANIES, COMPANIES, inputs).body.get("errors") or ()
            if refused:
                _tell_refused(client, rows, error_of(refused[0]), receipts)
    except InDoubtError as error:
        receipts |= {number: receipt(write, Outcome.IN_DOUBT, error) for (number, write), _ in rows}
    except CrosswalkError as error:
        outcome = Outcome.RETRY if isinstance(error, RetryableError) else Outcome.REJECTED
        receipts |= {number: receipt(write, outcome, error) for (number, write), _ in rows}


def _tell_refused(
    client: Client, rows: Sequence[tuple[Numbered, NewParent]], error: CrosswalkError, receipts: Receipts
) -> None:
    """Say of which rows HubSpot spoke: those whose company has not the parent that it was to get."""
    left = new_parents(client, {one.child: one.parent for _, one in rows})
    refusal = ValidationError(error.message, hint=_HINT, code=error.code, field=COMPANIES)
    for (number, write), one in rows:
        if left[one.child].changes:
            receipts[number] = receipt(write, Outcome.REJECTED, refusal)


def _ends(one: NewParent, old: str) -> dict[str, Any]:
    return {"from": {"id": one.child}, "to": [{"id": old}]}


def _pair(one: NewParent, to: str | None) -> dict[str, Any]:
    return {"from": {"id": one.child}, "to": {"id": to}, "types": [_TYPE]}
