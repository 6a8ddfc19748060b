"""Plays with b1sl-python, a client of the Service Layer with pages, ETags, batches, joins, stored SQL and user objects."""

import datetime
import json
import sys

from b1sl.b1sl import B1Client, B1Config, entities
from b1sl.b1sl.exceptions import B1NotFoundError, B1ValidationError
from b1sl.b1sl.resources.odata import F

access = json.load(sys.stdin)
config = B1Config(
    base_url=access["service_root"].rstrip("/"), username=access["user_name"], password=access["password"],
    company_db=access["company_db"],
)  # fmt: skip
told = {}
with B1Client(config) as b1:
    partners, orders, items = b1.business_partners, b1.orders, b1.items
    told["pages"] = [len(list(items.stream(page_size=7))), len(list(items.top(25).stream(page_size=10)))]
    told["filtered"] = [
        one.card_code for one in partners.filter((F.CardType == "cCustomer") & (F.CardCode < "1003")).orderby("CardCode").execute()
    ]  # fmt: skip
    made = partners.create(entities.BusinessPartner(card_code="SDK1", card_name="Größe", udfs={"U_CrosswalkKey": "k"}))
    partners.update("SDK1", entities.BusinessPartner(card_name="Neu"))
    read = partners.get("SDK1")
    told["written"] = [made.card_name, read.card_name, read.udfs["U_CrosswalkKey"], partners.exists("SDK2")]
    for name, call in (("twice", lambda: partners.create(made)), ("missing", lambda: partners.get("SDK2"))):
        try:
            call()
        except (B1ValidationError, B1NotFoundError) as refused:
            told[name] = type(refused).__name__
    due = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=9)).isoformat()
    sold = items.filter("SalesItem eq 'tYES'").select("ItemCode").top(1).execute()[0].item_code
    order = orders.create(
        entities.Document(card_code="1000", doc_due_date=due, document_lines=[{"ItemCode": sold, "Quantity": 2}])
    )
    orders.action(order.doc_entry, "Close")
    told["closed"] = str(orders.get(order.doc_entry).document_status).rpartition(".")[2]
    joined = b1.crossjoin("Orders", "BusinessPartners").expand(
        {"Orders": ["DocEntry"], "BusinessPartners": ["CardCode"]}
    )
    told["joined"] = len(list(joined.filter("Orders/CardCode eq BusinessPartners/CardCode").stream(page_size=9)))
    lines = b1.query_service("$crossjoin(Orders,Orders/DocumentLines)")
    told["lines"] = len(
        lines.expand({"Orders": ["DocEntry"], "Orders/DocumentLines": ["ItemCode"]})
        .filter(f"Orders/DocEntry eq Orders/DocumentLines/DocEntry and Orders/DocEntry eq {order.doc_entry}")
        .execute()
    )
    with b1.batch() as batch:
        batch.items.top(1).execute()
        with batch.changeset() as together:
            together.business_partners.create(entities.BusinessPartner(card_code="SDK3", card_name="x"))
            together.business_partners.create(entities.BusinessPartner(card_code="SDK1"))
        batch.business_partners.get("1000")
        told["batch"] = [one.outcome.value for one in batch.execute()]
    told["rolled back"] = not partners.exists("SDK3")
    told["objects"] = [one.model_extra["Name"] for one in b1.udo("SDKOBJECT").list()]
    partners.delete("SDK1")
print(json.dumps(told))
