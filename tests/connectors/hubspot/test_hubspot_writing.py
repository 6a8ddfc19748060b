"""What is written, how each row of a batch ends, and what is made for a first run (HubSpot §9, §11, §12, §16, §17, §22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crosswalk.connectors.hubspot.setup import PropertyMissing
from crosswalk.connectors.protocol import Finding
from crosswalk.model.errors import PermissionDeniedError, ReadOnlyError
from crosswalk.model.records import NativeField, Operation, Outcome, Selection, Value, Write
from tests.connectors.hubspot.portal import Portal, refusal, running, told

NAMES = Selection("deal", "deals", (NativeField("dealname", "text"),))


def creation(key: str, entity: str = "deal", **values: Value) -> Write:
    return Write(key, entity, Operation.CREATE, {path.replace("__", "."): value for path, value in values.items()})


def update(key: str, entity: str = "deal", version: str | None = None, **values: Value) -> Write:
    given = {path.replace("__", "."): value for path, value in values.items()}
    return Write(f"U-{key}", entity, Operation.UPDATE, given, key, expected_version=version)


def sent(portal: Portal, part: str) -> list[dict[str, object]]:
    return [body for call, body in zip(portal.calls, portal.bodies, strict=True) if part in call]


def test_a_record_is_created_with_its_key_and_its_associations_in_one_call() -> None:
    portal = Portal()
    portal.definitions["deals"] = [{"name": "closedate", "type": "datetime"}]
    write = creation(
        "K-1", dealname="Big", amount=Decimal("1500.50"), closedate=date(2026, 3, 31), dealtype=None, companies__id="31"
    )
    with running(portal) as (connector, _):
        [receipt] = connector.deliver([write])
        assert connector.find("deal", ["K-1", "K-2"]) == {"K-1": receipt.native_id}
    [body] = sent(portal, "batch/create")
    [row] = body["inputs"]
    assert row["properties"] == {
        "erp_key": "K-1",
        "dealname": "Big",
        "amount": "1500.50",
        "closedate": "2026-03-31T16:00:00.000Z",
    }
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number} for number in (341, 5)]
    assert row["associations"] == [{"to": {"id": "31"}, "types": types}]


def test_every_row_of_a_batch_ends_by_itself_and_one_that_was_done_before_is_adopted() -> None:
    portal = Portal()
    there = portal.save("deals", erp_key="K-2", dealname="There")
    writes = [
        creation("K-1", dealname="a"),
        creation("K-2", dealname="b"),
        creation("K-3", bad="x"),
        creation("K-4", dealname="d"),
    ]
    with running(portal) as (connector, _):
        receipts = connector.deliver(writes)
    assert [(one.outcome, one.adopted) for one in receipts] == [(Outcome.DONE, False), (Outcome.DONE, True), (Outcome.REJECTED, False), (Outcome.DONE, False)]  # fmt: skip
    assert receipts[1].native_id == there
    assert (receipts[2].error_code, receipts[2].field) == ("PROPERTY_DOESNT_EXIST", "bad")
    assert portal.records["deals"][there].properties["dealname"] == "There", "what is there is not written over"


def test_a_batch_refused_as_a_whole_is_halved_until_the_culprit_stands_alone() -> None:
    portal = Portal()

    def refuse(request: object) -> object:
        body = getattr(request, "body", b"")
        return (
            refusal(400, "VALIDATION_ERROR", "no")
            if b"batch/create" in request.target.encode() and b"K-3" in body
            else None
        )

    portal.faults.append(refuse)
    with running(portal) as (connector, _):
        receipts = connector.deliver([creation(f"K-{number}", dealname="x") for number in range(6)])
    assert [one.outcome for one in receipts] == [
        Outcome.REJECTED if number == 3 else Outcome.DONE for number in range(6)
    ]


def test_only_what_differs_is_written_and_nothing_where_nothing_does() -> None:
    portal = Portal()
    one, other = (portal.save("deals", dealname="Same", amount="5", dealstage="55") for _ in range(2))
    with running(portal) as (connector, _):
        versions = {record.key: record.version for record in connector.fetch(NAMES, [one, other])}
        portal.now += timedelta(minutes=1)
        writes = [
            update(one, version=versions[one], dealname="Same", amount=Decimal("5.0")),
            update(other, version=versions[other], dealname="New", amount=None),
        ]
        receipts = connector.deliver(writes)
        assert {receipt.outcome for receipt in receipts} == {Outcome.DONE}
        [body] = sent(portal, "batch/update")
        assert [row["properties"] for row in body["inputs"]] == [{"dealname": "New", "amount": ""}]
        [stale] = connector.deliver([update(other, version=versions[other], dealname="Stale")])
        assert (stale.outcome, stale.error_code) == (Outcome.REJECTED, "VERSION_MOVED")
        assert connector.deliver([update(other, version=versions[other], dealname="New")])[0].outcome is Outcome.DONE
    assert portal.records["deals"][other].properties["dealname"] == "New"


@pytest.mark.parametrize(("held", "wanted", "left"), [("lead", "customer", "customer"), ("customer", "lead", "customer"), ("customer", "55512", "55512"), (None, "lead", "lead")])  # fmt: skip
def test_a_stage_of_life_only_goes_forward_and_the_rest_of_the_write_goes(
    held: str | None, wanted: str, left: str
) -> None:
    portal = Portal()
    key = portal.save("companies", name="Old", lifecyclestage=held)
    with running(portal) as (connector, _):
        [receipt] = connector.deliver([update(key, "customer", lifecyclestage=wanted, name="New")])
    assert receipt.outcome is Outcome.DONE
    assert portal.records["companies"][key].properties == {"name": "New", "lifecyclestage": left}
    assert all("lifecyclestage" not in row["properties"] for body in sent(portal, "batch/update") for row in body["inputs"]) == (held == "customer" and wanted == "lead")  # fmt: skip


def test_a_merged_or_archived_target_is_not_found_and_stops_no_other() -> None:
    portal = Portal()
    keys = [portal.save("deals", dealname=str(number)) for number in range(4)]
    portal.merge("deals", keys[0], keys[1])
    portal.archive("deals", keys[2])
    with running(portal) as (connector, _):
        receipts = connector.deliver(
            [update(key, dealname="New") for key in keys]
            + [update("nonsense", dealname="x"), update(keys[3], companies__id=None)]
        )
    assert [one.error_class for one in receipts[:5]] == ["not_found", "not_found", "not_found", None, "validation"]
    assert receipts[5].outcome is Outcome.REJECTED


def test_an_update_associates_after_it_wrote() -> None:
    portal = Portal()
    keys = [portal.save("deals", dealname="Old") for _ in range(2)]
    with running(portal) as (connector, _):
        receipts = connector.deliver([update(key, dealname="New", companies__id="77") for key in keys])
        [record] = connector.fetch(Selection("deal", "deals", (NativeField("companies.id", "reference"),)), keys[:1])
    assert {one.outcome for one in receipts} == {Outcome.DONE}
    assert record.values["companies.id"] == "77"
    calls = [call for call in portal.calls if call.startswith("POST")]
    assert [call.rsplit("/", 1)[1] for call in calls] == ["read", "update", "create", "read", "read"], (
        "a call each for both"
    )


def below(portal: Portal, key: str) -> list[tuple[int, list[int]]]:
    ends = portal.associations.get(("companies", "companies"), {}).get(key, [])
    return [(end["toObjectId"], [one["typeId"] for one in end["associationTypes"]]) for end in ends]


def test_a_new_parent_takes_the_old_ones_place_and_what_else_joins_the_companies_stays() -> None:
    portal, name = Portal(), "companies[Parent Company].id"
    keys = [portal.save("companies", name=str(number)) for number in range(5)]
    for key, types in zip(keys[:4], [(450, 14), (450, 14, 99), (450,), (450, 14)], strict=True):
        portal.associate("companies", key, "companies", "7", *types)
    stale = portal.records["companies"][keys[4]].stamp.replace(year=2030).isoformat()
    writes = [Write(f"U-{key}", "customer", Operation.UPDATE, {name: "8"}, key) for key in keys]
    writes[3] = Write("U-3", "customer", Operation.UPDATE, {name: None}, keys[3])
    writes[4] = Write("U-4", "customer", Operation.UPDATE, {name: "8"}, keys[4], expected_version=stale)
    with running(portal) as (connector, _):
        receipts = connector.deliver(writes)
        first = [below(portal, key) for key in keys]
        again = connector.deliver(writes[:4])
        made = connector.deliver([Write("K-9", "customer", Operation.CREATE, {"name": "New", name: "8"})])
    assert [one.outcome for one in receipts] == [Outcome.DONE] * 4 + [Outcome.REJECTED]
    assert receipts[4].error_code == "VERSION_MOVED"
    assert first == [
        [(8, [14])],
        [(7, [450, 99]), (8, [14])],
        [(7, [450]), (8, [14])],
        [],
        [],
    ]
    assert [below(portal, key) for key in keys] == first, "asking twice changes nothing"
    assert {one.outcome for one in [*again, *made]} == {Outcome.DONE}
    [body] = sent(portal, "companies/batch/create")[-1:]
    child_to_parent = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 14}
    assert body["inputs"][0]["associations"] == [{"to": {"id": "8"}, "types": [child_to_parent]}]


def test_an_association_that_is_refused_stops_no_other_and_is_told() -> None:
    portal = Portal()
    keys = [portal.save("deals", dealname="Old") for _ in range(3)]
    answers = [
        refusal(400, "VALIDATION_ERROR", "invalid from object type 0-3"),
        told({"results": [{"fromObjectId": int(keys[0]), "toObjectId": 77}]}, 201),
        told(
            {
                "results": [{"fromObjectId": int(keys[1]), "toObjectId": 77}],
                "errors": [
                    {"category": "VALIDATION_ERROR", "message": "other", "context": {"INVALID_OBJECT_IDS": ["COMPANY=1"]}},
                    {"category": "VALIDATION_ERROR", "message": "mine", "context": {"INVALID_OBJECT_IDS": ["COMPANY=78 is not valid"]}},
                ],
            },
            207,
        ),
    ]  # fmt: skip
    portal.faults.append(lambda one: answers.pop(0) if "companies/batch/create" in one.path else None)
    with running(portal) as (connector, _):
        receipts = connector.deliver(
            [update(key, dealname="New", companies__id=to) for key, to in zip(keys, ("77", "77", "78"), strict=True)]
        )
    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.DONE, Outcome.REJECTED]
    assert receipts[2].message == "mine"
    assert answers == []
    assert [len(body["inputs"]) for body in sent(portal, "companies/batch/create")] == [3, 1, 2]


def test_two_writes_for_one_record_go_in_two_requests() -> None:
    portal = Portal()
    key = portal.save("deals", dealname="Old")
    with running(portal) as (connector, _):
        receipts = connector.deliver([update(key, dealname="First"), update(key, dealname="Second")])
    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.RETRY]


# --- timelines --------------------------------------------------------------------------------------

EVENT = creation("INV-7", "timeline_event", at=datetime(2026, 3, 30, 10, tzinfo=UTC), title="Invoice <7>", body="30.00\npaid", companies__id="31")  # fmt: skip


def test_an_invoice_is_a_note_told_once_for_whoever_has_no_app() -> None:
    portal = Portal()
    with running(portal) as (connector, _):
        first, again = (connector.deliver([EVENT])[0] for _ in range(2))
    assert (first.outcome, again.outcome, again.adopted, again.native_id) == (
        Outcome.DONE,
        Outcome.DONE,
        True,
        first.native_id,
    )
    [note] = portal.records["notes"].values()
    assert note.properties["hs_note_body"] == "<strong>Invoice &lt;7&gt;</strong><br>30.00<br>paid"
    assert note.properties["hs_timestamp"] == "2026-03-30T10:00:00.000Z"
    assert portal.associations["notes", "linked"][note.key][0]["associationTypes"][0]["typeId"] == 190


def test_preflight_says_how_events_are_told_and_what_they_lack() -> None:
    portal, about = Portal(), [Selection("timeline_event", "timeline_event", ())]
    portal.definitions["notes"] = [{"name": "erp_key", "hasUniqueValue": True}]
    with running(portal) as (connector, _):
        assert [(one.subject, one.blocking) for one in connector.preflight(about)] == [("timeline", False)]
        portal.definitions["notes"].clear()
    with running(portal) as (connector, _):
        assert next((one.subject, one.blocking) for one in connector.preflight(about)) == ("notes.erp_key", True)
    with running(portal, extra={"access_token": portal.access, "event_template": "1003"}) as (connector, _):
        [lacking] = connector.preflight(about)
    assert (lacking.subject, lacking.blocking) == ("event_template", True)
    assert "refresh_token" in lacking.remedy


def test_an_app_with_a_template_tells_an_event_under_the_intents_key_once() -> None:
    portal = Portal()
    with running(portal, event_template="1003") as (connector, _):
        first, again = (connector.deliver([EVENT])[0] for _ in range(2))
        [lost] = connector.deliver([replace(EVENT, intent_key="INV-8", values={"title": "about nothing"})])
    assert [(one.outcome, one.adopted) for one in (first, again)] == [(Outcome.DONE, False), (Outcome.DONE, True)]
    assert lost.outcome is Outcome.REJECTED
    [event] = portal.events
    assert (event["id"], event["objectId"], event["eventTemplateId"]) == ("INV-7", "31", "1003")


# --- the first run ----------------------------------------------------------------------------------


def test_what_is_missing_is_named_made_once_and_then_there() -> None:
    portal = Portal()
    portal.definitions["companies"] = [{"name": "name", "type": "string"}, {"name": "loose", "type": "string"}]
    asked = Selection(
        "customer",
        "companies",
        (NativeField("name", "text"), NativeField("erp_number", "text"), NativeField("of_my_own", "text")),
    )
    with running(portal) as (connector, _):
        found = connector.preflight([asked])
        assert {one.subject for one in found if isinstance(one, PropertyMissing)} == {
            "companies.erp_number",
            "companies.of_my_own",
            "companies.erp_key",
        }
        assert [one.subject for one in connector.creatable(found)] == ["companies.erp_number", "companies.erp_key"]
        done = list(connector.create_missing(found))
        assert [line for line in done if line.startswith("Created companies")] == [
            "Created companies.erp_number.",
            "Created companies.erp_key.",
        ]
        assert list(connector.create_missing(found)) == [], "once more does nothing"
    made = {one["name"]: one for one in portal.definitions["companies"]}
    assert made["erp_key"]["hasUniqueValue"] is True
    assert {made[name]["groupName"] for name in ("erp_key", "erp_number")} == {"crosswalk"}, "none of the platform's"
    with running(portal) as (connector, _):
        assert [one.subject for one in connector.preflight([asked])] == ["companies.of_my_own"]


def test_preflight_names_scopes_and_pipelines_that_win_nothing_and_keys_that_are_not_unique() -> None:
    portal = Portal()
    portal.definitions["deals"] = [
        {"name": name, "type": "string"} for name in ("dealname", "amount", "erp_key", "dealstage")
    ]
    scope = {"errors": [{"message": "x", "context": {"requiredGranularScopes": ["crm.objects.deals.write"]}}]}
    portal.faults.append(
        lambda request: refusal(403, "MISSING_SCOPES", "x", **scope) if "batch/update" in request.path else None
    )
    portal.faults.append(lambda request: refusal(200, "", "", results=[]) if "pipelines" in request.path else None)
    fields = tuple(NativeField(name, "text") for name in ("dealname", "amount", "dealstage.label"))
    with running(portal) as (connector, _):
        found: list[Finding] = connector.preflight([Selection("deal", "deals", fields)])
    told = {one.subject: one for one in found}
    assert set(told) == {"deals.erp_key", "deals.deal_currency_code", "pipelines of deals", "deals"}
    assert "crm.objects.deals.write" in told["deals"].remedy
    assert not told["deals"].blocking


def test_a_label_chooses_the_type_of_an_association_and_an_unknown_one_is_refused() -> None:
    portal = Portal()
    labels = [{"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}, {"category": "USER_DEFINED", "typeId": 77, "label": "Buyer"}]  # fmt: skip
    portal.faults.append(lambda one: told({"results": labels}) if one.path.endswith("/labels") else None)
    writes = [creation("K-1", dealname="a"), creation("K-2", dealname="b")]
    writes = [replace(one, values={**one.values, f"companies[{label}].id": "31"}) for one, label in zip(writes, ("Buyer", "Payer"), strict=True)]  # fmt: skip
    with running(portal) as (connector, _):
        made, refused = connector.deliver(writes)
    assert (made.outcome, refused.outcome, refused.error_class) == (Outcome.DONE, Outcome.REJECTED, "validation")
    [row] = sent(portal, "batch/create")[0]["inputs"]
    assert row["associations"][0]["types"] == [{"associationCategory": "USER_DEFINED", "associationTypeId": 77}]
    assert sum(call.endswith("/labels") for call in portal.calls) == 1, "asked for once"


def test_what_was_not_written_is_not_associated() -> None:
    portal = Portal()
    one, other = (portal.save("deals", dealname="Old") for _ in range(2))
    stale = update(one, version="2000-01-01T00:00:00.000Z", dealname="New", companies__id="77")
    with running(portal) as (connector, _):
        receipts = connector.deliver([stale, update(other, dealname="New", companies__id="77")])
    assert [receipt.outcome for receipt in receipts] == [Outcome.REJECTED, Outcome.DONE]
    [body] = sent(portal, "companies/batch/create")
    assert [pair["from"]["id"] for pair in body["inputs"]] == [other]


def test_a_connection_that_may_only_read_asks_nothing_about_targets() -> None:
    portal = Portal()
    key = portal.save("deals", dealname="Old")
    with running(portal, read_only=True) as (connector, _):
        for write in (update(key, dealname="New"), creation("K-1", dealname="New")):
            with pytest.raises(ReadOnlyError, match="may only read"):
                connector.deliver([write])
    assert portal.calls == []


def test_ids_that_a_batch_could_not_find_are_told_by_its_errors() -> None:
    portal = Portal()
    there, lost = (portal.save("deals", dealname="Old") for _ in range(2))
    error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some DEAL objects", "context": {"ids": [lost]}}  # fmt: skip
    answer = told({"results": [{"id": there, "properties": {}}], "numErrors": 1, "errors": [error]}, 207)
    portal.faults.append(lambda one: answer if one.path.endswith("deals/batch/update") else None)
    with running(portal) as (connector, _):
        receipts = connector.deliver([update(lost, dealname="New"), update(there, dealname="New")])
    assert (receipts[0].outcome, receipts[0].message) == (Outcome.REJECTED, "Could not get some DEAL objects")
    assert receipts[1].outcome is Outcome.DONE, "told by its id where no trace id came"


def test_lines_are_planned_as_writes_of_their_own() -> None:
    portal = Portal()
    with running(portal) as (connector, _):
        [receipt] = connector.deliver([replace(creation("K-1", dealname="x"), lines=({"quantity": Decimal(1)},))])
    assert (receipt.outcome, receipt.error_class, portal.calls) == (Outcome.REJECTED, "validation", [])


@pytest.mark.parametrize("first", [True, False])
def test_trouble_of_the_connection_is_raised_only_while_nothing_was_written(first: bool) -> None:
    portal = Portal()
    key = portal.save("companies", name="Old")
    portal.faults.append(
        lambda one: refusal(403, "MISSING_SCOPES", "x") if "companies/batch/read" in one.path else None
    )
    writes = [creation("K-1", dealname="a")] * first + [update(key, "customer", name="New")]
    with running(portal) as (connector, _):
        if first:
            assert [one.outcome for one in connector.deliver(writes)] == [Outcome.DONE, Outcome.RETRY]
        else:
            with pytest.raises(PermissionDeniedError):
                connector.deliver(writes)


def test_a_target_that_is_read_from_the_bin_is_not_there() -> None:
    portal = Portal()
    key = portal.save("deals", dealname="Old")
    binned = {"id": key, "archived": True, "properties": {}, "updatedAt": "2030-01-01T00:00:00Z"}
    portal.faults.append(lambda one: told({"results": [binned]}) if "batch/read" in one.path else None)
    with running(portal) as (connector, _):
        [receipt] = connector.deliver([update(key, dealname="New")])
    assert receipt.error_class == "not_found"
    assert not sent(portal, "batch/update")


def test_what_was_done_before_but_cannot_be_looked_up_is_tried_again() -> None:
    portal = Portal()
    portal.save("deals", erp_key="K-1")
    portal.faults.append(lambda one: refusal(403, "MISSING_SCOPES", "x") if "batch/read" in one.path else None)
    with running(portal) as (connector, _):
        receipts = connector.deliver([creation("K-1", dealname="a"), creation("K-2", dealname="b")])
    assert [one.outcome for one in receipts] == [Outcome.RETRY, Outcome.DONE]


def test_a_row_that_an_update_does_not_speak_of_was_merged_away_meanwhile() -> None:
    portal = Portal()
    there, merged = (portal.save("deals", dealname="Old") for _ in range(2))
    answer = told({"status": "COMPLETE", "results": [{"id": there, "properties": {}}]})
    portal.faults.append(lambda one: answer if one.path.endswith("deals/batch/update") else None)
    with running(portal) as (connector, _):
        receipts = connector.deliver([update(there, dealname="New"), update(merged, dealname="New")])
    assert [(one.outcome, one.error_class) for one in receipts] == [(Outcome.DONE, None), (Outcome.REJECTED, "not_found")]  # fmt: skip


def test_what_the_first_half_of_a_refused_batch_did_is_known_whatever_becomes_of_the_second() -> None:
    portal = Portal()
    answers = [refusal(400, "VALIDATION_ERROR", "no"), None, refusal(403, "MISSING_SCOPES", "x")]
    portal.faults.append(lambda one: answers.pop(0) if "batch/create" in one.path else None)
    with running(portal) as (connector, _):
        receipts = connector.deliver([creation(f"K-{number}", dealname="x") for number in range(2)])
    assert [one.outcome for one in receipts] == [Outcome.DONE, Outcome.REJECTED]
    assert receipts[1].error_class == "permission"
