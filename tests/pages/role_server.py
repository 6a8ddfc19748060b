"""All pages on a port of their own, with Airflow's own auth manager and a user whose role the request names: ``role_server.py <port>``.

Airflow's login is proven where Airflow runs; here is proven what each role may do. The role is a cookie (browsers) or a header. Airflow's
database has its tables and one DAG, so that pages can say when a run is due.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import uvicorn
from airflow.api_fastapi.app import init_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from airflow.models import DagModel, import_all_models
from airflow.models.base import Base
from airflow.models.dagbundle import DagBundleModel
from fastapi import FastAPI, HTTPException, Request

from airflow import settings
from crosswalk_airflow.ui import PREFIX
from crosswalk_airflow.ui.app import app

DAG = "netsuite_salesforce__phase_2_orders"


def user_of(request: Request) -> SimpleAuthManagerUser:
    """Return a user with the role that the request names."""
    role = request.headers.get("x-role") or request.cookies.get("role")
    if role not in ("viewer", "user", "op", "admin"):
        raise HTTPException(401, "Not authenticated")
    return SimpleAuthManagerUser(username=role, role=role.upper())


def prepare() -> None:
    """Make Airflow's tables and the DAG that takes replayed orders."""
    import_all_models()
    Base.metadata.create_all(settings.engine)
    with settings.Session() as session:
        session.add(DagBundleModel(name="dags-folder"))
        session.flush()
        due = datetime(2026, 5, 4, 13, 30, tzinfo=UTC)
        session.add(
            DagModel(
                dag_id=DAG, bundle_name="dags-folder", is_paused=False, is_stale=False, next_dagrun_create_after=due,
                max_active_tasks=4, max_consecutive_failed_dag_runs=0, has_task_concurrency_limits=False,
            )
        )  # fmt: skip
        session.commit()


if __name__ == "__main__":
    prepare()
    init_auth_manager()
    app.dependency_overrides[get_user] = user_of
    outer = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    outer.mount(PREFIX, app)
    uvicorn.run(outer, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
