"""The consistency pages on a port of their own, for whoever is allowed in: Airflow's login is proven where Airflow runs. Run in a process of its
own, because Airflow settles its configuration when it is imported: ``page_server.py <port>``, hub and folders by Airflow's environment variables."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from crosswalk_airflow.ui import consistency
from crosswalk_airflow.ui.app import theme
from crosswalk_airflow.ui.common import READS, PageError, sentence

app = FastAPI()
app.add_exception_handler(PageError, sentence)  # type: ignore[arg-type]
app.include_router(consistency.router)
app.get("/theme.js")(theme)
for right in READS:
    app.dependency_overrides[right.dependency] = lambda: None  # type: ignore[index]

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
