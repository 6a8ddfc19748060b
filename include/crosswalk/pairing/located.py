"""YAML read into a pydantic model, with errors that name file and line."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel
from pydantic import ValidationError as PydanticError

from crosswalk.model.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)


def read_located(path: Path, model: type[Model]) -> Model:
    """Return ``path`` as ``model``; raises ConfigurationError with the first mistake's file, line, place and remedy."""
    text = _text(path)
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_duplicates(path, tree)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            f"{path.name}:{line}: not valid YAML: {error.problem}.", hint="Check indentation and quotes there."
        ) from error
    try:
        return model.model_validate(content)
    except PydanticError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        line = _line_of(tree, first["loc"])
        remedy = "Remove it or correct its name." if first["type"] == "extra_forbidden" else "Correct the value there."
        raise ConfigurationError(f"{path.name}:{line}: {place}: {first['msg']}.", hint=remedy, field=place) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path.name}: cannot be read ({error.strerror}).", hint=f"Put the file at {path.parent.name}/{path.name}."
        ) from error


def _refuse_duplicates(path: Path, node: yaml.Node | None) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise ConfigurationError(
                    f"{path.name}:{key.start_mark.line + 1}: {key.value!r} stands twice in one block.",
                    hint="Keep one of the two.",
                    field=str(key.value),
                )
            seen.add(key.value)
            _refuse_duplicates(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_duplicates(path, value)


def _line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    line = node.start_mark.line + 1 if node is not None else 1
    for part in location:
        step = _step(node, part)
        if step is None:
            break
        node, line = step
    return line


def _step(node: yaml.Node | None, part: int | str) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None
