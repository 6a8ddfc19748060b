"""The pages on a port of their own, for whoever is allowed in: Airflow's login is proven where Airflow runs. Run in a process of its
own, because Airflow settles its configuration when it is imported: ``page_server.py <port>``, hub and folders by Airflow's environment variables."""

from __future__ import annotations

import sys

import uvicorn

from crosswalk_airflow.ui.app import app
from crosswalk_airflow.ui.common import READS

if __name__ == "__main__":
    for right in (*READS, app.router.dependencies[0]):
        app.dependency_overrides[right.dependency] = lambda: None
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
