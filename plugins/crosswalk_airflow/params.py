"""The form every sync DAG opens with when triggered by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import Param

# Airflow does not check `format`, so that a wrong instant would only be noticed by the first task.
_INSTANT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"


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
            pattern=_INSTANT,
            title="Since",
            description_md="Read everything changed since this instant instead of the watermark; UTC unless an offset is given.",
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


def write_params() -> dict[str, Param]:
    """Return the Params of a DAG that writes: those of every sync, and the release of the mass-change brake."""
    release = Param(
        False,
        type="boolean",
        title="Release the brake",
        description_md="Send what the mass-change brake holds or would hold in this run, once. Needs a reason; both go to the ledger with your name.",
    )
    return {**sync_params(), "release_brake": release}


def approvals_params() -> dict[str, Param]:
    """Return the Params of the approvals: whether to ask again what is being asked already."""
    again = Param(
        False,
        type="boolean",
        title="Ask again",
        description_md="Ask about everything that waits, also what another run asks about: when its question was lost.",
    )
    return {"ask_again": again}


def preflight_params() -> dict[str, Param]:
    """Return the Params of preflight: whether the right to write is looked at, too, and whether what is missing is created."""
    return {
        "writes": Param(
            True,
            type="boolean",
            title="Writes",
            description_md="Look at what only writing needs, too. Off: what phase 1 needs. Nothing is written either way.",
        ),
        "create": Param(
            False,
            type="boolean",
            title="Create",
            description_md="Create what is missing and the systems' APIs can create, such as custom fields and the right to them. "
            "The task's log lists it before and after. Needs *Writes*.",
        ),
        "reason": sync_params()["reason"],
    }


def instant_of(text: str | None) -> datetime | None:
    """Return the instant of the form's ``since``; what names no offset is UTC."""
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def ids_of(entity: str, record_ids: list[str] | None) -> list[str]:
    """Return the ids that ``record_ids`` names for ``entity``."""
    prefix = f"{entity}:"
    return [item.removeprefix(prefix).strip() for item in record_ids or [] if item.startswith(prefix)]
