"""What to do when a stage's task is red."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from crosswalk_airflow.ui.common import READS, Name, page
from crosswalk_airflow.ui.runbooks import RUNBOOKS

router = APIRouter(dependencies=READS)


@router.get("/runbook")
def runbook(request: Request, stage: Name = None) -> HTMLResponse:
    """Show what to do when a stage fails; all stages when it is not known."""
    chosen = {stage: RUNBOOKS[stage]} if stage in RUNBOOKS else RUNBOOKS
    return page(request, "runbook.html", {"runbooks": chosen, "stage": stage or ""})
