"""Every DAG file imports and survives serialization; `astro dev parse` and `astro deploy` run this.

The version that the Astro CLI scaffolds stops at Airflow 3.3, where `DagBag(include_examples=…)` is gone and `DagBag` has
moved. Same contract otherwise: connections, variables and environment variables that a DAG file asks for while it is
imported are answered, and files listed in `dag_integrity_exceptions.txt` are exempt.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import BaseHook, Connection, Variable
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.db import initdb

_EXCEPTIONS = Path(__file__).with_name("dag_integrity_exceptions.txt")
_DAGS = Path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or Path.cwd() / "dags")


def _exempt() -> set[str]:
    lines = _EXCEPTIONS.read_text(encoding="utf-8").splitlines() if _EXCEPTIONS.exists() else []
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def _name_of(file: str | Path) -> str:
    path = Path(file)
    return str(Path("dags") / (path.relative_to(_DAGS) if path.is_relative_to(_DAGS) else path))


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """Import the project's DAG files, with stand-ins for what only a deployment knows."""
    initdb()
    known = os.environ.get

    def getenv(key: str, default: str | None = None) -> str | None:
        return known(key, default if default is not None else f"MOCKED_{key.upper()}_VALUE")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseHook, "get_connection", classmethod(lambda _cls, conn_id: Connection(conn_id=conn_id)))
        patch.setattr(Variable, "get", classmethod(lambda _cls, key, default=None, **_: default or f"MOCKED_{key}"))
        patch.setattr(os, "getenv", getenv)
        return DagBag(dag_folder=str(_DAGS))


def test_every_dag_file_imports(bag: DagBag) -> None:
    """No DAG file raises while it is imported."""
    exempt = _exempt()
    errors = {_name_of(file): error for file, error in bag.import_errors.items() if _name_of(file) not in exempt}
    assert not errors, "\n\n".join(f"{file}:\n{error}" for file, error in errors.items())


def test_every_dag_survives_serialization(bag: DagBag) -> None:
    """What the scheduler stores can be read again."""
    for dag in bag.dags.values():
        assert DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)).dag_id == dag.dag_id
