"""The pages' server: a FastAPI app inside Airflow's API server, closed to everybody who is not logged in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import auth_manager_from_app, requires_access_view, requires_authenticated
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from crosswalk_airflow.ui import pages
from crosswalk_airflow.ui.rendering import render

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_READS = [Depends(requires_access_view(AccessView.PLUGINS))]

app = FastAPI(
    title="Crosswalk", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(requires_authenticated())]
)
app.dependency_overrides[auth_manager_from_app] = get_auth_manager

Name = Annotated[str | None, Query(pattern=r"^[a-z0-9_]*$", max_length=100)]


def _page(request: Request, template: str, content: dict[str, object]) -> HTMLResponse:
    return HTMLResponse(render(template, base=request.scope.get("root_path", ""), **content), headers=_HEADERS)


@app.exception_handler(pages.PageError)
async def _sentence(request: Request, error: pages.PageError) -> HTMLResponse:
    return HTMLResponse(
        render("message.html", base="", title=error.title, message=error.message),
        status_code=error.status,
        headers=_HEADERS,
    )


@app.get("/consistency", dependencies=_READS)
def consistency(request: Request, pairing: Name = None) -> HTMLResponse:
    """Show how well the two systems of a pairing agree."""
    return _page(request, "consistency.html", pages.consistency(pairing))


@app.get("/consistency/check", dependencies=_READS)
def check(request: Request, pairing: Name = None, check: Name = None) -> HTMLResponse:
    """Show the failing rows of one check."""
    return _page(request, "check.html", pages.check(pairing, check or ""))


@app.get("/consistency/check.csv", dependencies=_READS)
def check_csv(pairing: Name = None, check: Name = None) -> Response:
    """Return the failing rows of one check as CSV."""
    name = f"{check}.csv"
    return Response(
        pages.check_csv(pairing, check or ""),
        media_type="text/csv",
        headers={**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'},
    )


@app.get("/quarantine", dependencies=_READS)
def quarantine(
    request: Request, pairing: Name = None, run: Annotated[str | None, Query(max_length=250)] = None
) -> HTMLResponse:
    """Show the records that could not go on, by cause."""
    return _page(request, "quarantine.html", pages.quarantine(pairing, run))


@app.get("/runbook", dependencies=_READS)
def runbook(request: Request, stage: Name = None) -> HTMLResponse:
    """Show what to do when a stage fails."""
    return _page(request, "runbook.html", pages.runbook(stage or ""))


@app.get("/theme.js")
def theme() -> Response:
    """Return the script that follows Airflow's light or dark theme."""
    script = (Path(__file__).parent / "theme.js").read_text(encoding="utf-8")
    return Response(
        script,
        media_type="text/javascript",
        headers={"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"},
    )


@app.get("/health", dependencies=_READS)
def health() -> JSONResponse:
    """Say whether the hub answers."""
    return JSONResponse(pages.health(), headers=_HEADERS)
