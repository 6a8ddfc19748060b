"""The page about mappings names what there is, and its example is a mapping."""

from __future__ import annotations

import re
from pathlib import Path

from crosswalk.mapping.converters import RECIPES
from crosswalk.mapping.definition import FieldSpec
from crosswalk.mapping.document import load_mapping
from crosswalk.model.entities import Kind
from tests.mapping.strategies import MAPPINGS

PAGE = (MAPPINGS.parents[1] / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_every_converter_setting_and_kind_is_explained() -> None:
    named = set(re.findall(r"`([a-z_]+)", PAGE))
    assert set(RECIPES) | set(FieldSpec.model_fields) | set(Kind) <= named


def test_the_table_states_each_converters_strongest_law() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+).*\| (iso|lossy) \|$", PAGE, flags=re.MULTILINE))
    assert rows == {name: recipe.law.value for name, recipe in RECIPES.items()}


def test_the_example_is_a_mapping(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(system: .*?)```", PAGE, flags=re.DOTALL)
    assert example
    path = tmp_path / "salesforce.yaml"
    path.write_text(example[1], encoding="utf-8")
    assert load_mapping(path).entities["customer"].extras["region"].native == "Region__c"
