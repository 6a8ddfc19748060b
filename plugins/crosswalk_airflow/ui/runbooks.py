"""What to do at night: the pages of ``docs/runbooks``, one for each step, class of error and alert. Those files are the one source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from crosswalk_airflow.paths import include_folder

if TYPE_CHECKING:
    from markdown_it.token import Token

INDEX = "README"
_IN_THE_REPOSITORY = Path(__file__).parents[3] / "docs" / "runbooks"


@dataclass(frozen=True, slots=True)
class Runbook:
    """One page: its first line, and the rest as HTML whose links lead to the other pages."""

    name: str
    title: str
    body: Markup


def runbook(name: str, base: str) -> Runbook | None:
    """Return the page of a step, class or alert; None when there is none. ``base`` is the path below which our pages are."""
    file = folder() / f"{name}.md"
    if not name.replace("_", "").isalnum() or not file.is_file():
        return None
    return _rendered(name, base, file, file.stat().st_mtime_ns)


def index(base: str) -> Runbook:
    """Return the page that lists all others."""
    found = runbook(INDEX, base)
    return found or Runbook(INDEX, "Runbooks", Markup("<p>This installation came without its runbooks.</p>"))


def names() -> set[str]:
    """Return what there is a page for."""
    return {file.stem for file in folder().glob("*.md")} - {INDEX}


def folder() -> Path:
    """Return where the pages are: in the project, else beside the package's source."""
    own = include_folder().parent / "docs" / "runbooks"
    return own if own.is_dir() else _IN_THE_REPOSITORY


@lru_cache(maxsize=128)
def _rendered(name: str, base: str, file: Path, _changed: int) -> Runbook:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False})
    title, _, text = file.read_text(encoding="utf-8").partition("\n")
    tokens = parser.parse(text)
    for token in tokens:
        _lead_to_pages(token, base)
    return Runbook(name, title.removeprefix("# "), Markup(parser.renderer.render(tokens, parser.options, {})))  # noqa: S704 - our own files, HTML off


def _lead_to_pages(token: Token, base: str) -> None:
    """Let links to other files lead to their pages."""
    target = str(token.attrs.get("href", ""))
    if target.endswith(".md") and "/" not in target:
        token.attrs["href"] = f"{base}/runbook/{target.removesuffix('.md')}"
    for child in token.children or ():
        _lead_to_pages(child, base)
