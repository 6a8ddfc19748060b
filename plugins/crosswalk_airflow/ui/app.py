"""The pages' server: a FastAPI app inside Airflow's API server, closed to everybody who is not logged in.

A page is a module with a ``router``, registered here by one line. What all pages share is in :mod:`crosswalk_airflow.ui.common`.
"""

from __future__ import annotations

from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import auth_manager_from_app, requires_authenticated
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from crosswalk_airflow.ui import consistency, customer, ledger, overview, quarantine, quarantine_deeds, review, runbook
from crosswalk_airflow.ui.common import (
    HEADERS,
    READS,
    PageError,
    Unkept,
    choose_pairing,
    hub_of,
    mistyped,
    same_origin,
    sentence,
    storable,
)

app = FastAPI(
    title="Crosswalk",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_authenticated()), Depends(same_origin), Depends(storable)],
)
app.dependency_overrides[auth_manager_from_app] = get_auth_manager
app.exception_handler(PageError)(sentence)
app.exception_handler(RequestValidationError)(mistyped)
app.add_middleware(Unkept)

app.include_router(consistency.router)
app.include_router(customer.router)
app.include_router(overview.router)
app.include_router(ledger.router)
app.include_router(quarantine.router)
app.include_router(quarantine_deeds.router)
app.include_router(review.router)
app.include_router(runbook.router)


@app.get("/theme.js")
@app.get("/matches.js")
def script(request: Request) -> Response:
    """Return one of our scripts: the one that follows Airflow's light or dark theme, the one that decides by keys."""
    script = (Path(__file__).parent / request.url.path.rpartition("/")[2]).read_text(encoding="utf-8")
    return Response(
        script,
        media_type="text/javascript",
        headers={"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"},
    )


@app.get("/health", dependencies=READS)
def health() -> JSONResponse:
    """Say whether the hub answers."""
    pairing, _ = choose_pairing(None)
    with hub_of(pairing).connection() as connection:
        connection.execute("select 1")
    return JSONResponse({"hub": "ok"}, headers=HEADERS)
