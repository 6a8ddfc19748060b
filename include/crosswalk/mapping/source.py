"""YAML as a plain tree that remembers its lines.

Scalars stay the text that was typed: ``ON`` is the string ``ON``, not a boolean; only an empty value
or ``null`` is None. So value maps may hold what a vendor's pick-list holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml
from rapidfuzz import fuzz, process

from crosswalk.model.errors import ConfigurationError

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

MOST_LEVELS = 12
_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where PyYAML was built with it: the same tree and lines in a fifteenth of the time."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a file: where, about what, what it is and how to mend it."""

    place: str
    subject: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.subject}: {self.problem} {self.remedy}"


def refuse(mistakes: list[Mistake]) -> None:
    """Raise one ConfigurationError that names every mistake, a line each; does nothing when there is none."""
    if len(mistakes) == 1:
        only = mistakes[0]
        raise ConfigurationError(f"{only.place}: {only.subject}: {only.problem}", hint=only.remedy, field=only.subject)
    if mistakes:
        raise ConfigurationError("\n".join(map(str, mistakes)), field=mistakes[0].subject)


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """Return the remedy for an unknown name: the nearest known one, or all of them."""
    near = process.extractOne(word, known, scorer=fuzz.ratio, score_cutoff=60)
    return f"Did you mean {near[0]!r}?" if near else f"{what}: {', '.join(known)}."


@dataclass(slots=True)
class Source:
    """A YAML file's content and the line of each of its keys, by path from the root."""

    name: str
    content: Plain = None
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def place(self, *path: str | int) -> str:
        """Return ``file:line`` of ``path``, or of its nearest ancestor that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def read_source(path: Path) -> Source:
    """Read ``path``; raises ConfigurationError when it is missing, no YAML, or says a thing twice."""
    source = Source(path.name)
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        hint = f"Put the file into the folder {path.parent.name}/."
        raise ConfigurationError(f"{path.name}: cannot be read ({error.strerror}).", hint=hint) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.name}: is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = "Check indentation, colons and quotes there."
        raise ConfigurationError(f"{path.name}:{line}: is not valid YAML: {error.problem}.", hint=hint) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name}: is not valid YAML: {error}.", hint="Check its characters.") from error
    source.content = _plain(tree, (), source)
    refuse(source.mistakes)
    return source


def _plain(node: yaml.Node | None, path: tuple[str | int, ...], source: Source) -> Plain:
    if len(path) > MOST_LEVELS:
        mistake = Mistake(source.place(*path), str(path[-1]), "is nested too deeply.", "Remove the alias.")
        source.mistakes.append(mistake)
        return None
    if node is None:
        return None
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _block(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, index), source) for index, child in enumerate(node.value)]
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _block(node: yaml.MappingNode, path: tuple[str | int, ...], source: Source) -> dict[str, Plain]:
    content: dict[str, Plain] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        if not name:
            source.mistakes.append(Mistake(f"{source.name}:{line}", "key", "is not plain text.", "Write a name."))
        elif name in content:
            first = source.lines[(*path, name)]
            subject = ".".join(map(str, (*path, name)))
            problem = f"stands twice, first in line {first}."
            source.mistakes.append(Mistake(f"{source.name}:{line}", subject, problem, "Keep one of the two."))
        else:
            source.lines[(*path, name)] = line
            content[name] = _plain(value, (*path, name), source)
    return content
