"""What to do when a task is red, an error has a class, or the overview calls for somebody."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui.common import READS, Name, PageError, base_of, page
from crosswalk_airflow.ui.runbooks import index, runbook

router = APIRouter(dependencies=READS)


@router.get("/runbook")
def runbooks(request: Request, stage: Name = None) -> HTMLResponse:
    """Show what to do when a step fails; every page there is when it is not known."""
    base = base_of(request)
    return page(request, "runbook.html", {"runbook": runbook(stage or "", base) or index(base), "stage": None})


@router.get("/runbook/{name}")
def one(request: Request, name: str, stage: Name = None) -> HTMLResponse:
    """Show one page; ``stage`` is the step in which it happened, when that is known."""
    base = base_of(request)
    found = runbook(name, base)
    if found is None:
        raise PageError("No such runbook", "There is no page of this name; all of them are under Docs, Runbook.")
    step = runbook(stage, base) if stage and stage != name else None
    return page(request, "runbook.html", {"runbook": found, "stage": step})
