"""HubSpot §24: hubspot-api-client 12.0.0, as it is, with client-side validation on; and every operation of the contracts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm import associations, companies, contacts, deals, pipelines, properties, schemas, timeline
from hubspot.webhooks import SettingsChangeRequest, SubscriptionCreateRequest, ThrottlingSettings
from hubspot_account import Client, Opener, to

from crosswalk_sandbox.hubspot.errors import HtmlRefusal
from crosswalk_sandbox.hubspot.paths import numbered

CONTRACTS = Path(__file__).parents[2] / "contracts" / "hubspot" / "operations.json"
# Not offered: account activity logs, filters and batches of the journal, central exchange rates, usage reports.
ABSENT = re.compile(
    r"/activity/|/filters|/portals/|journal(-local)?/2026-03/batch/(latest|read)|central-fx|exchange-rates/(batch/update|update-vis)"
    r"|usage/high|types/projects|schemas/batch|definitions/configurations/.*/batch/purge-all"
)


@pytest.fixture(scope="module")
def shop(hub: Client) -> HubSpot:
    return HubSpot(access_token=hub.access["access_token"], host=hub.url, base_url=hub.url, client_side_validation=True)


def test_records_one_by_one(hub: Client, shop: HubSpot) -> None:
    api = shop.crm.companies.basic_api
    made = api.create(
        companies.SimplePublicObjectInputForCreate(properties={"name": "Ünï", "erp_key": "client:1"}, associations=[])
    )
    assert made.properties["name"] == "Ünï"
    assert made.created_at.tzinfo is not None
    assert (
        api.update(made.id, companies.SimplePublicObjectInput(properties={"city": "Köln"})).properties["city"] == "Köln"
    )
    found = api.get_by_id(
        "client:1", id_property="erp_key", properties=["name", "city"], properties_with_history=["city"], archived=False
    )
    assert (found.id, found.properties_with_history["city"][0].value) == (made.id, "Köln")
    page = api.get_page(limit=5, properties=["name", "domain"], associations=["contacts"])
    assert page.paging.next.link.startswith(hub.url)
    assert len(shop.crm.companies.get_all()) == hub.search("companies")["total"]
    api.archive(made.id)
    with pytest.raises(companies.ApiException) as refused:
        api.get_by_id(made.id)
    assert (refused.value.status, json.loads(refused.value.body)["message"]) == (404, "resource not found")


def test_every_object_lists_with_complete_models(hub: Client, shop: HubSpot) -> None:
    hub.create("orders", hs_order_name="x")
    hub.create("invoices", hs_currency="EUR")
    crm = shop.crm
    for api in (
        crm.contacts,
        crm.companies,
        crm.deals,
        crm.products,
        crm.line_items,
        crm.quotes,
        crm.tickets,
        crm.commerce.invoices_api if hasattr(crm.commerce, "invoices_api") else crm.companies,
    ):
        for record in api.basic_api.get_page(limit=3).results:
            assert record.id
            assert record.updated_at
    assert crm.objects.basic_api.get_page("orders", limit=1).results[0].properties["hs_object_id"]


def test_batches_keep_their_exact_codes(hub: Client, shop: HubSpot) -> None:
    api = shop.crm.companies.batch_api
    new = [
        companies.SimplePublicObjectBatchInputForCreate(properties={"name": f"B{one}"}, associations=[])
        for one in range(2)
    ]
    made = api.create(companies.BatchInputSimplePublicObjectBatchInputForCreate(inputs=new))
    idents = [one.id for one in made.results]
    wanted = companies.BatchReadInputSimplePublicObjectId(
        properties=["name"], properties_with_history=[], inputs=[{"id": one} for one in [*idents, "999"]]
    )
    read = api.read(wanted)
    assert (type(read).__name__, read.num_errors) == ("BatchResponseSimplePublicObjectWithErrors", 1)
    update = [companies.SimplePublicObjectBatchInput(id=one, properties={"city": "x"}) for one in idents]
    assert len(api.update(companies.BatchInputSimplePublicObjectBatchInput(inputs=update)).results) == 2
    upsert = [
        companies.SimplePublicObjectBatchInputUpsert(id="client:up", id_property="erp_key", properties={"name": "U"})
    ]
    assert api.upsert(companies.BatchInputSimplePublicObjectBatchInputUpsert(inputs=upsert)).results[0].new is True
    api.archive(companies.BatchInputSimplePublicObjectId(inputs=[{"id": one} for one in idents]))


def test_search_merge_and_forgetting(hub: Client, shop: HubSpot) -> None:
    request = deals.PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}]}], sorts=["-amount"],
        properties=["dealname", "amount"], limit=5, after="0",
    )  # fmt: skip
    found = shop.crm.deals.search_api.do_search(request)
    amounts = [float(one.properties["amount"]) for one in found.results]
    assert amounts == sorted(amounts, reverse=True)
    assert (
        found.total
        == hub.search(
            "deals",
            {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"},
            {"propertyName": "pipeline", "operator": "EQ", "value": "default"},
        )["total"]
    )
    one, two = (hub.create("contacts", email=f"{name}@client.example") for name in "xy")
    merged = shop.crm.contacts.basic_api.merge(contacts.PublicMergeInput(primary_object_id=one, object_id_to_merge=two))
    assert merged.id not in (one, two)
    shop.crm.contacts.basic_api.purge(contacts.PublicGdprDeleteInput(object_id="x@client.example", id_property="email"))
    with pytest.raises(contacts.ApiException):
        shop.crm.contacts.basic_api.get_by_id(merged.id)


def test_associations_of_both_generations(hub: Client, shop: HubSpot) -> None:
    deal, contact = (
        hub.create("deals", dealname="x", dealstage="contractsent"),
        hub.create("contacts", email="assoc@client.example"),
    )
    v4 = shop.crm.associations.v4
    assert v4.basic_api.create_default("deals", deal, "contacts", contact).status == "COMPLETE"
    spec = [associations.v4.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=3)]
    assert v4.basic_api.create("deals", deal, "contacts", contact, spec).to_object_id == contact
    page = v4.basic_api.get_page("deals", deal, "contacts", limit=500)
    assert (page.results[0].to_object_id, page.results[0].association_types[0].type_id) == (contact, 3)
    read = v4.batch_api.get_page(
        "deals",
        "contacts",
        associations.v4.BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}, {"id": "999"}]),
    )
    assert read.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert v4.schema.definitions_api.get_all("deals", "contacts").results[0].label is None
    assert shop.crm.associations.schema.types_api.get_all("deals", "contacts").results[0].name == "deal_to_contact"
    v4.basic_api.archive("deals", deal, "contacts", contact)
    assert v4.basic_api.get_page("deals", deal, "contacts").results == []


def test_setup_through_the_client(hub: Client, shop: HubSpot) -> None:
    core = shop.crm.properties.core_api
    assert len(core.get_all("deals").results) > 40
    made = core.create(
        "tickets",
        properties.PropertyCreate(
            name="client_made", label="C", type="string", field_type="text", group_name="ticketinformation"
        ),
    )
    assert made.modification_metadata.archivable
    core.archive("tickets", made.name)
    body = pipelines.PipelineInput(
        label="C",
        display_order=3,
        stages=[pipelines.PipelineStageInput(label="A", display_order=0, metadata={"ticketState": "OPEN"})],
    )
    pipe = shop.crm.pipelines.pipelines_api.create("tickets", body)
    assert shop.crm.pipelines.pipelines_api.get_all("tickets").results[-1].id == pipe.id
    shop.crm.pipelines.pipelines_api.archive("tickets", pipe.id)
    assert len(shop.crm.owners.owners_api.get_page(limit=500).results) == 22
    schema = schemas.ObjectSchemaEgg(
        name="tool", labels=schemas.ObjectTypeDefinitionLabels(singular="Tool", plural="Tools"), required_properties=["code"],
        associated_objects=["CONTACT"], properties=[schemas.ObjectTypePropertyCreate(name="code", label="Code", type="string", field_type="text")],
    )  # fmt: skip
    made_schema = shop.crm.schemas.core_api.create(schema)
    assert shop.crm.schemas.core_api.get_all(archived=False).results[0].object_type_id == made_schema.object_type_id
    assert shop.crm.objects.basic_api.get_page(made_schema.object_type_id).results == []
    shop.crm.schemas.core_api.archive("tool")


def test_the_app_through_the_client(account: Opener) -> None:
    hub = account()
    developer = HubSpot(api_key=hub.access["developer_key"], host=hub.url, client_side_validation=True)
    app = hub.access["app_id"]
    settings = SettingsChangeRequest(
        target_url="http://127.0.0.1:9/x", throttling=ThrottlingSettings(max_concurrent_requests=10)
    )
    assert developer.webhooks.settings_api.configure(app, settings).throttling.max_concurrent_requests == 10
    developer.webhooks.subscriptions_api.create(app, SubscriptionCreateRequest(event_type="deal.creation", active=True))
    assert developer.webhooks.subscriptions_api.get_all(app).results[0].active
    template = timeline.TimelineEventTemplateCreateRequest(
        name="T", object_type="contacts", header_template="h", detail_template="d", tokens=[]
    )
    made = developer.crm.timeline.templates_api.create(app, template)
    keys = {name: hub.access[name] for name in ("client_id", "client_secret", "refresh_token")}
    granted = HubSpot(host=hub.url).oauth.tokens_api.create(grant_type="refresh_token", **keys)
    user = HubSpot(access_token=granted.access_token, host=hub.url, client_side_validation=True)
    assert user.oauth.access_tokens_api.get(granted.access_token).hub_id == 4242
    contact = hub.create("contacts", email="timeline@client.example")
    event = timeline.TimelineEvent(event_template_id=made.id, tokens={}, object_id=contact)
    assert user.crm.timeline.events_api.create(event).object_type == "contacts"
    batch = timeline.BatchInputTimelineEvent(inputs=[event])
    assert user.crm.timeline.events_api.create_batch(batch) is None


def test_the_dated_api_through_the_client(hub: Client, shop: HubSpot) -> None:  # §24: no models, no exceptions
    answer = shop.api_request(
        {
            "method": "POST",
            "path": "/crm/objects/2026-03/contacts",
            "body": {"properties": {"email": "dated@client.example"}},
        }
    )
    assert answer.status_code == 201


def _operations() -> Iterator[Any]:
    told = json.loads(CONTRACTS.read_text())
    for method, path, *_ in (*told["client"], *told["sdk"]):
        if not ABSENT.search(path):
            yield pytest.param(method, path, id=f"{method} {path}")


def test_every_operation_of_the_contracts_is_served(hub: Client) -> None:
    routes, missing = hub.emulator.app._routes, []
    checked = 0
    for case in _operations():
        method, path = case.values
        filled = re.sub(r"\{\w*([iI]d|number|count|offset)\}", "1", path)
        filled = re.sub(r"\{\w*([oO]bject_?[tT]ype)\}", "deals", filled)
        inside, _ = numbered(re.sub(r"\{\w+\}", "1", filled))
        try:
            routes.find(method, inside)
        except HtmlRefusal as refusal:
            missing.append((refusal.status, method, path))
        checked += 1
    assert missing == []
    assert checked > 250


def test_line_items_through_the_create_call(hub: Client, shop: HubSpot) -> None:  # field reports: nodejs 382
    deal = hub.create("deals", dealname="x", dealstage="contractsent")
    body = {"properties": {"name": "x", "quantity": "2", "price": "5"}, "associations": [to(deal, 20)]}
    made = shop.crm.line_items.basic_api.create(body)
    assert hub.good("GET", f"/crm/v4/objects/deals/{deal}/associations/line_items")["results"][0]["toObjectId"] == int(
        made.id
    )
