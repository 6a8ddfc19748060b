"""PyPI ``netsuite``: authlib signs with a body hash; records, SuiteQL, metadata, RESTlets, the token's facts."""

import asyncio
import json
import sys

from netsuite import Config, NetSuite, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError

access = json.load(sys.stdin)
auth = TokenAuth(**{name: access[name] for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")})
config = Config(account=access["account_id"], auth=auth)


async def main() -> dict:
    client = NetSuite(config, rest_api_options={"concurrent_requests": 3})
    api = client.rest_api
    body = {"companyName": "Zoë & Söhne", "subsidiary": {"id": "1"}, "externalId": "PY-1"}
    created = await api.post("/record/v1/customer", json=body)
    await api.patch("/record/v1/customer/eid:PY-1", json={"phone": "555-0100-11"})
    read = await api.get("/record/v1/customer/eid:PY-1", params={"expandSubResources": "true"})
    found = await api.get("/record/v1/customer", params={"q": 'companyName START_WITH "Zoë"', "limit": 5})
    rows = await api.suiteql("SELECT id, companyname FROM customer WHERE externalid = 'PY-1'")
    wide = await api.suiteql("SELECT * FROM Transaction", limit=10, offset=10)
    several = await asyncio.gather(*(api.get("/record/v1/term", params={"limit": 1}) for _ in range(6)))
    schema, document = await api.jsonschema("customer"), await api.openapi(["customer", "salesOrder"])
    restlet = await client.restlet.post(987, deploy=2, json={"word": "é"})
    token = await api.token_info()
    await api.delete("/record/v1/customer/eid:PY-1")
    try:
        await api.get("/record/v1/customer/eid:PY-1")
    except NetsuiteAPIRequestError as error:
        refused = error.status_code
    return {
        "created": created, "phone": read["phone"], "name": read["companyName"], "found": found["totalResults"],
        "row": rows["items"][0]["companyname"], "wide": wide["count"], "several": len(several),
        "schema": sorted(schema), "paths": sorted(document["paths"])[:1], "restlet": restlet,
        "account": token["companyId"], "refused": refused,
    }  # fmt: skip


print(json.dumps(asyncio.run(main())))
