"""The form every sync DAG opens with when triggered by hand."""

from __future__ import annotations

from airflow.sdk import Param


def sync_params() -> dict[str, Param]:
    """Return the Params: mode, since, record ids, dry run, reason."""
    return {
        "mode": Param(
            "incremental",
            type="string",
            enum=["incremental", "full"],
            title="Mode",
            description_md="`incremental` reads what changed since the watermark; `full` reads everything and marks what is gone.",
        ),
        "since": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="Since",
            description_md="Read everything changed since this instant instead of the watermark.",
        ),
        "record_ids": Param(
            [],
            type=["null", "array"],
            items={"type": "string"},
            title="Record ids",
            description_md="Only these, as `entity:id` (`deal:006…`, `customer:1017`), one a line.",
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description_md="Plan and store, send nothing."),
        "reason": Param(
            "", type=["null", "string"], title="Reason", description_md="Why this run; kept in the hub with the run."
        ),
    }


def ids_of(entity: str, record_ids: list[str] | None) -> list[str]:
    """Return the ids that ``record_ids`` names for ``entity``."""
    prefix = f"{entity}:"
    return [item.removeprefix(prefix).strip() for item in record_ids or [] if item.startswith(prefix)]
