"""Where the project's pairing and mapping files are."""

from __future__ import annotations

from pathlib import Path


def include_folder() -> Path:
    """Return the folder with ``pairings/`` and ``mappings/``: the configured one, else ``include/`` beside the DAGs folder."""
    from airflow.sdk.configuration import conf

    configured = conf.get("crosswalk", "include_folder", fallback="")
    if configured:
        return Path(configured)
    return Path(conf.get("core", "dags_folder")).parent / "include"


def pairing_file(name: str) -> Path:
    """Return the file of the pairing called ``name``."""
    return include_folder() / "pairings" / f"{name}.yaml"
