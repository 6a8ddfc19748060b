"""What a DAG author does with Airflow's own Salesforce provider; run as a program, prints one JSON object."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.providers.salesforce.hooks.salesforce import SalesforceHook
from airflow.providers.salesforce.operators.bulk import SalesforceBulkOperator


def bulk(operation: str, payload: list[dict[str, str]], **more: object) -> list[dict[str, object]]:
    """One run of the provider's operator, as a task would run it."""
    task = SalesforceBulkOperator(
        task_id="bulk", operation=operation, object_name="Account", payload=payload, salesforce_conn_id="sf_app", **more
    )
    return task.execute({})


def main(folder: Path) -> dict[str, object]:
    """Everything the hook offers, once for each way to sign in."""
    inserted = bulk("insert", [{"Name": f"n{number}"} for number in range(20)], max_retries=6, bulk_retry_delay=0.0)
    key = "ERP_Id__c"
    upserted = bulk("upsert", [{key: "A-1", "Name": "up"}, {"Name": "", key: "A-2"}], external_id_field=key)
    updated = bulk("update", [{"Id": inserted[0]["id"], "Name": "renamed"}])
    deleted = bulk("delete", [{"Id": inserted[1]["id"]}])
    hook = SalesforceHook("sf_jwt")
    found = hook.make_query("SELECT Id, Name, CreatedDate FROM Account ORDER BY Name", include_deleted=True)
    file = folder / "accounts.csv"
    frame = hook.write_object_to_file(found["records"], str(file), fmt="csv", coerce_to_timestamp=True)
    user = SalesforceHook("sf_user")
    return {
        "inserted": [row["success"] for row in inserted],
        "upserted": [[row["success"], row["created"]] for row in upserted],
        "updated": [row["success"] for row in updated],
        "deleted": [row["success"] for row in deleted],
        "total": found["totalSize"],
        "columns": sorted(frame.columns),
        "lines": len(file.read_text().splitlines()),
        "fields": "Name" in hook.get_available_fields("Account"),
        "names": sorted(row["Name"] for row in user.get_object_from_salesforce("Account", ["Name"])["records"])[-2:],
        "tests": [SalesforceHook(name).test_connection()[0] for name in ("sf_app", "sf_jwt", "sf_user")],
    }


if __name__ == "__main__":
    told = main(Path(sys.argv[1]))
    Path(sys.argv[1], "told.json").write_text(json.dumps(told))
