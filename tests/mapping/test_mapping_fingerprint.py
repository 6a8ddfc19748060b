"""Fingerprints: equal for equal values, in any order and any process; different for anything else."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

import crosswalk
from crosswalk.mapping.fingerprint import fingerprint
from crosswalk.model.records import Value
from tests.mapping.strategies import DECIMALS, INSTANTS

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), DECIMALS, st.dates(), INSTANTS
)
IMAGES = st.dictionaries(st.sampled_from(["name", "phone", "total", "is_active", "owner"]), VALUES)

SAMPLE: dict[str, Value] = {
    "name": "Größe & Söhne",
    "total": Decimal("10.50"),
    "count": 3,
    "is_active": True,
    "since": date(2026, 1, 2),
    "seen": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "owner": None,
}


@given(st.data())
@settings(deadline=None)
def test_order_of_the_fields_does_not_count(data: st.DataObject) -> None:
    image = data.draw(IMAGES)
    names = data.draw(st.permutations(list(image)))
    assert fingerprint({name: image[name] for name in names}) == fingerprint(image)


@settings(deadline=None)
@given(IMAGES, IMAGES)
def test_images_that_differ_have_different_fingerprints(one: dict[str, Value], other: dict[str, Value]) -> None:
    def told(image: dict[str, Value]) -> dict[str, tuple[str, Value]]:
        return {name: (type(value).__name__, value) for name, value in image.items() if value is not None}

    assume(told(one) != told(other))
    assert fingerprint(one) != fingerprint(other)


def test_types_are_kept_apart() -> None:
    alike: list[Value] = [1, True, "1", Decimal(1), "true", "2026-01-02", date(2026, 1, 2), "", "[]"]
    assert len({fingerprint({"f": value}) for value in alike}) == len(alike)


def test_a_value_cannot_pose_as_two_fields() -> None:
    assert fingerprint({"a": "1", "b": "2"}) != fingerprint({"a": '1","b":"2'})
    assert fingerprint({"a": "1"}, {"b": "2"}) != fingerprint({"a": "1", "b": "2"})
    assert fingerprint({"a": "1"}, {"b": "2"}) != fingerprint({"a": "1"})


def test_equal_values_in_another_guise_are_equal() -> None:
    assert fingerprint({"total": Decimal("1.50")}) == fingerprint({"total": Decimal("1.5")})
    assert fingerprint({"total": Decimal("1E+2")}) == fingerprint({"total": Decimal("100.0")})
    eastern = timezone(timedelta(hours=-5))
    assert fingerprint({"at": datetime(2026, 1, 1, 7, tzinfo=eastern)}) == fingerprint(
        {"at": datetime(2026, 1, 1, 12, tzinfo=UTC)}
    )


def test_a_newly_mapped_field_changes_only_records_that_have_it() -> None:
    assert fingerprint({"a": "1", "b": None}) == fingerprint({"a": "1"})
    assert fingerprint({"a": "1"}, {"x": None}) == fingerprint({"a": "1"}, {}) == fingerprint({"a": "1"})


def test_it_fits_a_signed_64_bit_column_and_never_changes_between_releases() -> None:
    # These numbers are stored in hubs: if this fails, every record of every hub counts as changed.
    assert fingerprint(SAMPLE, {"region": "West"}) == PINNED
    assert all(-(2**63) <= fingerprint({"f": str(n)}) < 2**63 for n in range(200))
    assert any(fingerprint({"f": str(n)}) < 0 for n in range(200))


def test_huge_integers_and_lone_surrogates_have_fingerprints_too() -> None:
    assert fingerprint({"n": 2**80}) != fingerprint({"n": 2**80 + 1})
    assert fingerprint({"t": "\ud800"}) != fingerprint({"t": "\ud801"})


def test_another_process_comes_to_the_same(tmp_path: Path) -> None:
    program = (
        "from tests.mapping.test_mapping_fingerprint import SAMPLE, fingerprint;"
        "print(fingerprint(dict(reversed(SAMPLE.items())), {'region': 'West'}))"
    )
    roots = [str(Path(__file__).parents[2]), str(Path(crosswalk.__path__[0]).parent)]
    environment = {"PYTHONPATH": ":".join(roots), "PYTHONHASHSEED": "7"}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(said.stdout) == fingerprint(SAMPLE, {"region": "West"})


PINNED = -2768835549950175439
