"""What tests of Salesforce's pulls share: accounts by the number, pages taken apart."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from crosswalk.connectors.protocol import Page
from crosswalk.model.records import NativeField, NativeRecord, Selection
from tests.connectors.salesforce.org import Org

ACCOUNTS = Selection(
    "customer",
    "Account",
    (
        NativeField("Name", "text"),
        NativeField("ERP_Balance__c", "amount"),
        NativeField("NumberOfEmployees", "integer"),
        NativeField("Owner.Name", "text"),
    ),
)
NAMES = Selection("customer", "Account", (NativeField("Name", "text"),))


def everything(pages: list[Page]) -> list[NativeRecord]:
    return [record for page in pages for record in page.records]


def populated(number: int) -> Org:
    org = Org()
    for index in range(number):
        stamp = org.now - timedelta(hours=1) + timedelta(seconds=index // 50)  # fifty records a second: ties
        org.put(
            "Account",
            stamp,
            Name=f"Account {index}",
            ERP_Balance__c=Decimal(index) / 4 if index % 3 else None,
            NumberOfEmployees=index if index % 7 else None,
            Owner={"Name": f'O"wner, {index % 5}\nsecond line'} if index % 2 else None,
        )
    return org
