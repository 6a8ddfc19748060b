"""Approval procedures: a document becomes a draft, is decided on, and becomes a document after all (SAP Business One §16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.sap_business_one.desk import exact
from crosswalk_sandbox.sap_business_one.documents.posting import number
from crosswalk_sandbox.sap_business_one.documents.templates import BUILT_IN, user_key
from crosswalk_sandbox.sap_business_one.errors import LOGIC, Diverted, Refusal
from crosswalk_sandbox.sap_business_one.moments import shown_day

if TYPE_CHECKING:
    from crosswalk_sandbox.sap_business_one.desk import Desk, Row
    from crosswalk_sandbox.sap_business_one.documents.kinds import Kind

PENDING: Final = "arsPending"
_DRAFT_OBJECT: Final = "112"
_DRAFT_STATES: Final = {"arsApproved": "dasApproved", "arsNotApproved": "dasRejected", "arsGenerated": "dasGenerated"}
_DECIDED: Final = ("ardApproved", "ardNotApproved")


def divert(desk: Desk, kind: Kind, document: Row, template: Row) -> Diverted:
    """Keep a document as draft with a request; what comes back is the vendor's answer to it."""
    draft = document | {"DocObjectCode": kind.object_name, "AuthorizationStatus": "dasPending"}
    number(desk, "Drafts", draft)
    desk.save("Drafts", draft)
    stages = sorted(template.get("ApprovalTemplateStages") or [{}], key=lambda row: exact(row.get("SortID")))
    stage = int(exact(stages[0].get("ApprovalStageCode")))
    now = desk.now()
    request = {
        "Code": desk.next_entry("ApprovalRequests"), "ApprovalTemplatesID": template.get("Code", BUILT_IN),
        "ObjectType": str(kind.code), "IsDraft": "Y", "ObjectEntry": draft["DocEntry"], "DraftEntry": draft["DocEntry"],
        "DraftType": _DRAFT_OBJECT, "Status": PENDING, "CurrentStage": stage, "Remarks": document.get("Comments"),
        "OriginatorID": user_key(desk, desk.user), "CreationDate": shown_day(now.date()), "CreationTime": f"{now:%H:%M:00}",
        "ApprovalRequestLines": _lines(desk, stage),
    }  # fmt: skip
    desk.save("ApprovalRequests", request)
    return Diverted(int(draft["DocEntry"]))


def request_of(desk: Desk, draft: int) -> Row | None:
    """The newest approval request of a draft."""
    found = desk.find("ApprovalRequests", DraftEntry=draft)
    return found[-1] if found else None


def decide(request: Row, changes: Mapping[str, Any], desk: Desk) -> Row:
    """Let approvers decide; enough of them move the request to the next stage, or to its end."""
    decisions = changes.get("ApprovalRequestDecisions") or []
    if decisions and request.get("Status") != PENDING:
        raise Refusal(400, LOGIC, "The approval request is not pending")
    for decision in decisions:
        _write_decision(desk, request, decision)
        _settle(desk, request)
    if changes.get("Remarks"):
        request["Remarks"] = changes["Remarks"]
    if request["Status"] in _DRAFT_STATES:
        mark_draft(desk, request)
    return desk.save("ApprovalRequests", request)


def act_on_request(request: Row, action: str, desk: Desk) -> None:
    """``CancelApprovalRequest`` and ``RestoreApprovalRequest`` (§8)."""
    wanted, result = {
        "CancelApprovalRequest": (PENDING, "arsCancelled"),
        "RestoreApprovalRequest": ("arsCancelled", PENDING),
    }[action]
    if request.get("Status") != wanted:
        raise Refusal(400, LOGIC, f"The approval request is {request.get('Status')}")
    desk.save("ApprovalRequests", request | {"Status": result})
    mark_draft(desk, request | {"Status": result})


def check_approved(desk: Desk, draft: Row) -> Row | None:
    """The request that lets a draft become a document, None where none was asked for; refused while it does not."""
    request = request_of(desk, int(draft["DocEntry"]))
    if request is None:
        return None
    if request.get("Status") != "arsApproved":
        raise Refusal(400, LOGIC, f"Document draft cannot be added; its approval request is {request.get('Status')}")
    return request


def mark_draft(desk: Desk, request: Row) -> None:
    """Let the draft say how its request stands."""
    draft = desk.read("Drafts", int(request["DraftEntry"]))
    if draft is not None:
        states = _DRAFT_STATES | {PENDING: "dasPending", "arsCancelled": "dasCancelled"}
        desk.save("Drafts", draft | {"AuthorizationStatus": states[request["Status"]]})


def _lines(desk: Desk, stage: int) -> list[Row]:
    """A line for each approver of a stage; the administrator alone where the company has no stages."""
    now = desk.now()
    row = desk.read("ApprovalStages", stage) if stage else None
    users = [each.get("UserID") for each in (row or {}).get("ApprovalStageApprovers") or []] or [
        user_key(desk, "manager")
    ]
    stamp = {"CreationDate": shown_day(now.date()), "CreationTime": f"{now:%H:%M:00}"}
    return [{"StageCode": stage, "UserID": user, "Status": "ardPending"} | stamp for user in users]


def _write_decision(desk: Desk, request: Row, decision: Row) -> None:
    status = decision.get("Status", "ardPending")
    who = user_key(desk, str(decision.get("ApproverUserName") or desk.user))
    stage = request.get("CurrentStage")
    lines = [line for line in request["ApprovalRequestLines"] if line.get("StageCode") == stage]
    line = next((each for each in lines if each.get("UserID") == who), None)
    if line is None or status not in _DECIDED:
        raise Refusal(400, LOGIC, "You are not authorized to decide on this approval request")
    now = desk.now()
    line |= {"Status": status, "Remarks": decision.get("Remarks"), "UpdateDate": shown_day(now.date()),
             "UpdateTime": f"{now:%H:%M:00}"}  # fmt: skip


def _settle(desk: Desk, request: Row) -> None:
    stage = int(exact(request.get("CurrentStage")))
    told = [line["Status"] for line in request["ApprovalRequestLines"] if line.get("StageCode") == stage]
    if "ardNotApproved" in told:
        request["Status"] = "arsNotApproved"
        return
    needed = int(exact((desk.read("ApprovalStages", stage) or {}).get("NoOfApproversRequired"), 1)) if stage else 1
    if told.count("ardApproved") < max(needed, 1):
        return
    template = desk.read("ApprovalTemplates", int(exact(request.get("ApprovalTemplatesID")))) or {}
    stages = sorted(template.get("ApprovalTemplateStages") or [], key=lambda row: exact(row.get("SortID")))
    codes = [int(exact(row.get("ApprovalStageCode"))) for row in stages]
    following = codes[codes.index(stage) + 1 :] if stage in codes else []
    if following:
        request["CurrentStage"] = following[0]
        request["ApprovalRequestLines"] += _lines(desk, following[0])
    else:
        request["Status"] = "arsApproved"
