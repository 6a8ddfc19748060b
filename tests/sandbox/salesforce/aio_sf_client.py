"""What a user of aio-sf does: describe, query, write in collections, read in bulk; prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys

from aio_sf import ClientCredentialsAuth, RefreshTokenAuth, SalesforceClient, StaticTokenAuth


async def main(access: dict[str, str]) -> dict[str, object]:
    """Everything the client offers that the sandbox has, once for each way to sign in."""
    url, key, secret = access["instance_url"], access["consumer_key"], access["consumer_secret"]
    told: dict[str, object] = {}
    async with SalesforceClient(ClientCredentialsAuth(url, key, secret)) as client:
        told["expires_later"] = client.auth_strategy.expires_at is not None
        fields = (await client.describe.sobject("Account"))["fields"]
        told["described"] = "ERP_Id__c" in {field["name"] for field in fields}
        told["objects"] = "Account" in {entry["name"] for entry in await client.describe.list_sobjects()}
        told["limit"] = (await client.describe.get_limits())["DailyApiRequests"]["Max"]
        told["organization"] = (await client.describe.get_organization_info())["Name"]
        rows = [{"Name": f"n{number}", "ERP_Id__c": f"A-{number}"} for number in range(450)]
        made = await client.collections.insert(rows, "Account")
        told["inserted"] = sum(row["success"] for row in made)
        mixed = [{**rows[0], "Name": "again"}, {"Name": "", "ERP_Id__c": "A-x"}]
        result = await client.collections.upsert(mixed, "ERP_Id__c", "Account", all_or_none=False)
        told["upserted"] = [[row["success"], row.get("created")] for row in result]
        gone = await client.collections.delete([row["id"] for row in made[:5]])
        told["deleted"] = sum(row["success"] for row in gone)
        alive = await client.query.soql("SELECT Id, Name FROM Account")
        told["queried"] = len(await alive.collect_all())
        every = await client.query.soql("SELECT Id FROM Account", include_deleted=True)
        told["with_deleted"] = len(await every.collect_all())
        job = await client.bulk_v2.execute_query("SELECT Id, Name FROM Account", poll_interval=0)
        told["bulk"] = [job["state"], job["numberRecordsProcessed"]]
        token = client.access_token
    for name, strategy in (
        ("static", StaticTokenAuth(url, str(token))),
        ("refreshed", RefreshTokenAuth(url, "dead", access["refresh_token"], key, secret)),
    ):
        async with SalesforceClient(strategy) as other:
            told[name] = len(await (await other.query.soql("SELECT Id FROM User")).collect_all())
    return told


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
