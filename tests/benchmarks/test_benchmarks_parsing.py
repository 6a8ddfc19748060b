"""A DAG file that no pairing asks for holds no DAG, and is parsed and measured like the others; a broken one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.parsing import PROJECT, measured


def test_a_file_without_a_dag_is_measured(tmp_path: Path) -> None:
    found = measured("parse", str(PROJECT / "dags/consistency_report.py"), str(tmp_path))
    assert found["dags"] == 0
    assert found["first_cpu"] > 0


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("from airflow.sdk import DAG, NoSuchThing\n")
    with pytest.raises(RuntimeError, match="NoSuchThing"):
        measured("parse", str(broken), str(tmp_path))
