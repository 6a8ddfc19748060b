"""A fresh org per test, driven through its ASGI app with a frozen clock."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from salesforce_org import NOW, STRUCTURAL, Api

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.salesforce import create

MakeApi = Callable[..., Api]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("salesforce-template")
    clock = Clock(None)
    clock.set(NOW, frozen=True)
    create(folder, clock, {}).close()
    return folder


@pytest.fixture
def make_api(tmp_path: Path, template: Path) -> Iterator[MakeApi]:
    """Makes an org with the given options; its clock stands still at 2026-05-06 12:00 UTC."""
    opened: list[Api] = []

    def make(version: str = "60.0", directory: Path | None = None, **options: Any) -> Api:
        folder = directory or tmp_path / f"org{len(opened)}"
        if not STRUCTURAL & options.keys() and not folder.exists():
            shutil.copytree(template, folder)
        clock = Clock(None)
        clock.set(NOW, frozen=True)
        opened.append(Api(create(folder, clock, options), clock, version))
        return opened[-1]

    yield make
    for api in opened:
        api.close()


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    return make_api()
