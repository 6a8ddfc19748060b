"""Approval procedures, drafts and the credit limit."""

from __future__ import annotations

from typing import Any

import pytest
from b1_shop import DUE, Shop, amounts, refused

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import Row
from crosswalk_sandbox.sap_business_one.errors import Diverted

PLAIN = {"ItemCode": "A1", "TaxCode": "EX"}


def template(shop: Shop, *terms: Row, **more: Any) -> None:
    """An active template for orders; with terms it fires where one holds."""
    shop.put("ApprovalTemplates", Code=1, Name="Orders", IsActive="tYES", UseTerms="tYES" if terms else "tNO",
             ApprovalTemplateDocuments=[{"DocumentType": "atdtOrder"}], ApprovalTemplateTerms=list(terms), **more)  # fmt: skip


def term(condition: str, operation: str, value: object) -> Row:
    """A condition of a template."""
    return {"ConditionType": condition, "OperationType": operation, "Value": str(value)}


def diverted(shop: Shop, *lines: dict[str, Any], **header: Any) -> int:
    """Entry of the draft that an order became."""
    with pytest.raises(Diverted) as told:
        shop.sell(*(lines or (PLAIN,)), **header)
    assert (told.value.status, told.value.code) == (400, -2028)
    return told.value.draft


def decide(shop: Shop, draft: int, status: str, **more: Any) -> None:
    """Decide on a draft's request."""
    request = shop.desk.find("ApprovalRequests", DraftEntry=draft)[-1]
    documents.decide(request, {"ApprovalRequestDecisions": [{"Status": status, **more}]}, shop.desk)


def test_an_approval_procedure_makes_a_draft_and_a_request_of_an_order(shop: Shop) -> None:
    """SAP Business One §16: -2028 although the draft was stored; a retry makes another."""
    template(shop)
    draft = shop.get("Drafts", diverted(shop, NumAtCard="PO-1", U_CrosswalkKey="d-1"))
    told = {
        "DocObjectCode": "oOrders",
        "NumAtCard": "PO-1",
        "U_CrosswalkKey": "d-1",
        "AuthorizationStatus": "dasPending",
        "CardCode": "C1",
    }
    assert told.items() <= draft.items()
    request = shop.desk.find("ApprovalRequests", DraftEntry=draft["DocEntry"])[0]
    assert {
        "Status": "arsPending",
        "IsDraft": "Y",
        "ObjectType": "17",
        "DraftType": "112",
        "OriginatorID": 1,
    }.items() <= request.items()
    assert shop.desk.find("Orders") == []
    assert shop.stock() == (50, 0)
    assert diverted(shop, NumAtCard="PO-1") != draft["DocEntry"]


def test_other_kinds_users_and_inactive_templates_do_not_fire(shop: Shop) -> None:
    """SAP Business One §16: an active template matches the user and the document."""
    template(shop, ApprovalTemplateUsers=[{"UserID": 2}])
    assert shop.sell()["DocEntry"]
    template(shop, ApprovalTemplateUsers=[{"UserID": 1}])
    assert shop.sell(kind="Quotations")["DocEntry"]
    assert diverted(shop)
    template(shop)
    shop.edit("ApprovalTemplates", 1, IsActive="tNO")
    assert shop.sell()["DocEntry"]


@pytest.mark.parametrize(
    ("told", "fires", "does_not"),
    [
        (term("atctTotalDocument", "opcodeGreaterThan", 200), {"Quantity": 3}, {"Quantity": 2}),
        (term("atctTotalDocument", "opcodeInRange", "200;300"), {"Quantity": 2}, {"Quantity": 4}),
        (term("atctDiscountPercent", "opcodeGreaterOrEqual", 10), {"DiscountPercent": 10}, {"DiscountPercent": 9}),
        (term("atctItemCode", "opcodeEqual", "A2"), {"ItemCode": "A2"}, {"ItemCode": "A1"}),
        (term("atctQuantity", "opcodeGreaterThan", 5), {"Quantity": 6}, {"Quantity": 5}),
        (term("atctTotalLine", "opcodeLessThan", 50), {"ItemCode": "A2"}, {"ItemCode": "A1"}),
    ],
)
def test_terms_look_at_totals_discount_items_and_quantities(
    shop: Shop, told: Row, fires: dict[str, Any], does_not: dict[str, Any]
) -> None:
    """SAP Business One §16: conditions of approval templates (ApprovalTemplateConditionTypeEnum)."""
    template(shop, told)
    for sent, expected in ((fires, True), (does_not, False)):
        header = {"DiscountPercent": sent.get("DiscountPercent", 0)}
        line = PLAIN | {name: value for name, value in sent.items() if name != "DiscountPercent"}
        found = documents.approval_templates(
            "Orders", {"CardCode": "C1", "DocDueDate": DUE, "DocumentLines": [line], **header}, shop.desk
        )
        assert bool(found["Document_ApprovalRequests"]) == expected
        if expected:
            assert diverted(shop, line, **header)
        else:
            assert shop.sell(line, **header)["DocEntry"]


def test_an_approved_draft_becomes_an_order_with_its_own_key(shop: Shop) -> None:
    """SAP Business One §16: DraftsService_SaveDraftToDocument; draft and order keys are unrelated."""
    shop.sell()
    template(shop)
    entry = diverted(shop, {"ItemCode": "A1", "Quantity": 3, "UnitPrice": 70, "TaxCode": "EX"}, NumAtCard="PO-1")
    with refused(-10, "arsPending"):
        documents.save_draft(shop.get("Drafts", entry), shop.desk)
    decide(shop, entry, "ardApproved", Remarks="fine")
    assert shop.get("Drafts", entry)["AuthorizationStatus"] == "dasApproved"
    order = documents.save_draft(shop.get("Drafts", entry), shop.desk)
    assert (order["DocEntry"], order["NumAtCard"], amounts(order, "DocTotal")) == (2, "PO-1", [210])
    assert shop.stock() == (50, 4)
    request = shop.desk.find("ApprovalRequests", DraftEntry=entry)[0]
    assert {"Status": "arsGenerated", "IsDraft": "N", "ObjectEntry": 2}.items() <= request.items()
    draft = shop.get("Drafts", entry)
    assert (draft["AuthorizationStatus"], draft["DocumentStatus"]) == ("dasGenerated", "bost_Close")
    with refused(-10, "already closed"):
        documents.save_draft(draft, shop.desk)


def test_a_rejected_draft_stays_one(shop: Shop) -> None:
    """SAP Business One §16: arsNotApproved."""
    template(shop)
    entry = diverted(shop)
    decide(shop, entry, "ardNotApproved", Remarks="too cheap")
    assert shop.get("Drafts", entry)["AuthorizationStatus"] == "dasRejected"
    with refused(-10, "arsNotApproved"):
        documents.save_draft(shop.get("Drafts", entry), shop.desk)
    with refused(-10, "not pending"):
        decide(shop, entry, "ardApproved")
    documents.remove("Drafts", shop.get("Drafts", entry), shop.desk)
    assert shop.desk.read("Drafts", entry) is None


def test_stages_need_their_approvers_and_only_them(shop: Shop) -> None:
    """SAP Business One §16: ApprovalRequestLines, CurrentStage, ApproverUserName."""
    shop.put("ApprovalStages", Code=1, NoOfApproversRequired=2, ApprovalStageApprovers=[{"UserID": 1}, {"UserID": 2}])
    shop.put("ApprovalStages", Code=2, NoOfApproversRequired=1, ApprovalStageApprovers=[{"UserID": 1}])
    template(
        shop, ApprovalTemplateStages=[{"SortID": 1, "ApprovalStageCode": 1}, {"SortID": 2, "ApprovalStageCode": 2}]
    )
    entry = diverted(shop)
    viewer = str(shop.get("Users", 2)["UserCode"])
    decide(shop, entry, "ardApproved")
    assert shop.desk.find("ApprovalRequests", DraftEntry=entry)[0]["CurrentStage"] == 1
    decide(shop, entry, "ardApproved", ApproverUserName=viewer)
    assert shop.desk.find("ApprovalRequests", DraftEntry=entry)[0]["CurrentStage"] == 2
    with refused(-10, "not authorized"):
        decide(shop, entry, "ardApproved", ApproverUserName=viewer)
    decide(shop, entry, "ardApproved")
    assert shop.desk.find("ApprovalRequests", DraftEntry=entry)[0]["Status"] == "arsApproved"


def test_a_request_can_be_cancelled_and_restored(shop: Shop) -> None:
    """SAP Business One §8: CancelApprovalRequest, RestoreApprovalRequest."""
    template(shop)
    entry = diverted(shop)
    for action, status in (("CancelApprovalRequest", "dasCancelled"), ("RestoreApprovalRequest", "dasPending")):
        documents.act_on_request(shop.desk.find("ApprovalRequests", DraftEntry=entry)[0], action, shop.desk)
        assert shop.get("Drafts", entry)["AuthorizationStatus"] == status
    with refused(-10):
        documents.act_on_request(
            shop.desk.find("ApprovalRequests", DraftEntry=entry)[0], "RestoreApprovalRequest", shop.desk
        )


def test_a_change_can_need_approval_too(shop: Shop) -> None:
    """SAP Business One §16.5: PATCH of an order starts approval; approved, the order is changed."""
    template(shop, term("atctTotalDocument", "opcodeGreaterThan", 500))
    entry = shop.sell(PLAIN)["DocEntry"]
    assert shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 6}])
    shop.edit("ApprovalTemplates", 1, IsActiveWhenUpdatingDocuments="tYES")
    with pytest.raises(Diverted) as told:
        shop.amend("Orders", entry, DocumentLines=[{"LineNum": 0, "Quantity": 7}])
    assert amounts(shop.get("Orders", entry), "DocTotal") == [600]
    decide(shop, told.value.draft, "ardApproved")
    documents.save_draft(shop.get("Drafts", told.value.draft), shop.desk)
    assert amounts(shop.get("Orders", entry), "DocTotal") == [700]
    assert shop.stock() == (50, 7)


def test_the_companys_option_puts_up_a_procedure_for_orders_above_an_amount(shop: Shop) -> None:
    """SAP Business One §18.10: approval mode."""
    shop.options(approval=True, approval_above=150)
    assert shop.sell(PLAIN)["DocEntry"]
    assert diverted(shop, PLAIN | {"Quantity": 2})


def test_a_plain_draft_says_what_it_is_to_become_and_changes_nothing(shop: Shop) -> None:
    """SAP Business One §16: POST Drafts with DocObjectCode, as number or name."""
    order = shop.sell({"ItemCode": "A1", "Quantity": 5})
    line = {"BaseType": 17, "BaseEntry": order["DocEntry"], "BaseLine": 0}
    for told in ("15", "oDeliveryNotes"):
        given = {"CardCode": "C1", "DocObjectCode": told, "DocumentLines": [line]}
        draft = documents.add("Drafts", given, shop.desk)
        assert (draft["DocObjectCode"], shop.stock()) == ("oDeliveryNotes", (50, 5))
    draft = shop.amend("Drafts", draft["DocEntry"], DocumentLines=[{"LineNum": 0, "Quantity": 2}])
    delivery = documents.save_draft(draft, shop.desk)
    assert shop.get("DeliveryNotes", delivery["DocEntry"])["DocumentLines"][0]["BaseEntry"] == order["DocEntry"]
    assert shop.stock() == (48, 3)
    with refused(-1000, "DocObjectCode"):
        documents.add("Drafts", {"CardCode": "C1", "DocumentLines": [PLAIN]}, shop.desk)


def test_a_draft_may_lack_a_due_date_until_it_becomes_an_order(shop: Shop) -> None:
    """SAP Business One §8: SaveDraftToDocument may bring what was missing."""
    draft = documents.add("Drafts", {"CardCode": "C1", "DocObjectCode": "17", "DocumentLines": [PLAIN]}, shop.desk)
    with refused(-5002, "DocDueDate"):
        documents.save_draft(draft, shop.desk)
    assert (
        documents.save_draft(draft, shop.desk, {"DocEntry": draft["DocEntry"], "DocDueDate": DUE})["DocDueDate"] == DUE
    )


def test_the_credit_limit_is_not_enforced_unless_the_company_does(shop: Shop) -> None:
    """SAP Business One §16: ignore by default; notification -1116 with (13000316); approval; a limit of 0 is none."""
    shop.edit("BusinessPartners", "C1", CreditLimit=150, CurrentAccountBalance=60)
    assert shop.sell(PLAIN)["DocEntry"]
    shop.act("Orders", 1, "Close")
    shop.options(credit="notification")
    told = "(13000316) Credit Limit Exceeded! Current Limit is 150.00, Balance Amount is 60.00"
    with refused(-1116, told):
        shop.sell(PLAIN)
    shop.options(credit="approval")
    assert diverted(shop)
    shop.edit("BusinessPartners", "C1", CreditLimit=160)
    assert shop.sell(PLAIN)["DocEntry"]
    assert diverted(shop)
    shop.edit("BusinessPartners", "C1", CreditLimit=0)
    assert shop.sell(PLAIN)["DocEntry"]


def test_the_commitment_limit_is_a_condition_of_its_own(shop: Shop) -> None:
    """SAP Business One §16: deviation from obligo: balance, checks and this document against MaxCommitment."""
    template(shop, term("atctDeviationFromObligo", "opcodeGreaterThan", 0))
    shop.edit("BusinessPartners", "C1", MaxCommitment=150, OpenChecksBalance=50, OpenOrdersBalance=900)
    assert shop.sell(PLAIN)["DocEntry"]
    shop.edit("BusinessPartners", "C1", CurrentAccountBalance=1)
    assert diverted(shop)
