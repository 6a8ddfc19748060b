"""Plays with hubspot-sdk, the vendor's client of the dated API; answers must be complete models."""

import json
import sys

from hubspot_sdk import HubSpot, NotFoundError

access = json.load(sys.stdin)
# Strict except where properties are null and associated ids are numbers, which the models of the package do not know (§7, §16).
client = HubSpot(
    access_token=access["access_token"], base_url=access["base_url"], max_retries=0, _strict_response_validation=True
)
plain = HubSpot(access_token=access["access_token"], base_url=access["base_url"], max_retries=0)
told = {}

companies = client.crm.objects.companies
made = companies.create(associations=[], properties={"name": "Sdk", "erp_key": "sdk:1"})
told["read"] = companies.get(made.id, properties=["name"]).properties["name"]
told["changed"] = companies.update(made.id, properties={"city": "Ulm"}).properties["city"]
told["listed"] = sum(1 for _ in plain.crm.objects.companies.list(limit=10))
found = companies.search(
    after="0", limit=10, properties=["name"], sorts=["name"],
    filter_groups=[{"filters": [{"propertyName": "erp_key", "operator": "EQ", "value": "sdk:1"}]}],
)  # fmt: skip
told["found"] = [one.id == made.id for one in found.results]
batch = client.crm.objects.companies.batch.upsert(
    inputs=[{"id": "sdk:1", "idProperty": "erp_key", "properties": {"city": "Bonn"}}]
)
told["upserted"] = [one.new for one in batch.results]
deal = client.crm.objects.deals.create(
    properties={"dealname": "Sdk", "dealstage": "contractsent"},
    associations=[{"to": {"id": made.id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}]}],
)  # fmt: skip
linked = plain.crm.associations.list("companies", object_type="deals", object_id=deal.id)
told["linked"] = sorted(kind.type_id for kind in linked.results[0].association_types)
told["owners"] = sum(1 for _ in client.crm.owners.list(limit=5))
told["properties"] = len(client.crm.properties.list("deals").results) > 40
told["pipelines"] = client.crm.pipelines.list("deals").results[0].id
told["schemas"] = client.crm.object_schemas.list().results
told["portal"] = client.account.get().portal_id
companies.delete(made.id)
try:
    companies.get(made.id)
except NotFoundError as refused:
    told["gone"] = refused.status_code
print(json.dumps(told))
