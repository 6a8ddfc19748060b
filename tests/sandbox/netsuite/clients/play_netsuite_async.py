"""PyPI ``netsuite-async``: lower-case types, pages in parallel, many records at once."""

import asyncio
import json
import sys

from netsuite_async import (
    AsyncNetsuiteRestClient,
    GetParams,
    NetsuiteValidationError,
    OAuth1AsyncAuthProvider,
    OAuth1Credentials,
    RecordCatalog,
    UpdateParams,
)

access = json.load(sys.stdin)
names = ("consumer_key", "consumer_secret", "token_id", "token_secret", "account_id")
RecordCatalog.register("orders", "salesOrder")


async def main() -> dict:
    auth = OAuth1AsyncAuthProvider(OAuth1Credentials(*(access[name] for name in names)))
    async with AsyncNetsuiteRestClient(auth, account_id=access["account_id"].lower().replace("_", "-")) as client:
        every = await client.customers.list_summaries()
        paged = await client.customers.list_summaries_concurrent(limit=1, max_concurrency=3)
        cut = await client.customers.list_summaries_concurrent(limit=7, max_concurrency=3)
        full = await client.contacts.all_full_concurrent(limit=10, max_concurrency=4)
        pages = [len(page) async for page in client.employees.iter_summary_pages(limit=2)]
        ident = await client.customers.create({"companyName": "Async", "subsidiary": {"id": 1}})
        address = {"items": [{"label": "Yard", "addressBookAddress": {"addr1": "1 Main St", "country": {"id": "US"}}}]}
        for _ in range(2):
            await client.customers.update(ident, {"addressBook": address}, UpdateParams(replace=["addressBook"]))
        read = await client.customers.get(ident, GetParams(expand=True))
        short = await client.customers.get(ident, GetParams(fields=["id", "companyName"]))
        try:
            await client.orders.get("1")
        except NetsuiteValidationError as error:
            refused = error.status_code
        return {
            "every": sorted(one.id for one in every), "paged": sorted(one.id for one in paged),
            "cut": [one.id for one in cut], "full": [one.success for one in full.values()], "pages": pages, "refused": refused,
            "addresses": read.raw["addressBook"]["totalResults"], "short": sorted(short.raw),
        }  # fmt: skip


print(json.dumps(asyncio.run(main())))
