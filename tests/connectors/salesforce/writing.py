"""What tests of writing to Salesforce share: writes by the number, receipts in short."""

from __future__ import annotations

from crosswalk.model.records import Operation, Receipt, Write

COLLECTION = "(POST|PATCH) .*/composite/sobjects$"


def create(number: int, **values: object) -> Write:
    filled = {"Name": f"Account {number}", "ERP_Id__c": f"C-{number}", **values}
    return Write(f"key-{number}", "customer", Operation.CREATE, filled)


def update(native_id: str, version: str | None = None, **values: object) -> Write:
    return Write(
        f"key-{native_id}", "customer", Operation.UPDATE, values, native_id=native_id, expected_version=version
    )  # fmt: skip


def outcomes(receipts: list[Receipt]) -> list[tuple[str, str | None]]:
    return [(str(receipt.outcome), receipt.error_class) for receipt in receipts]
