"""Nothing ships that the two suites have not seen."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.conformance.profiles import connector_profiles

PAIRINGS = Path(__file__).parents[2] / "include" / "pairings"


def test_every_platform_of_a_shipped_pairing_passes_both_suites() -> None:
    shipped = set()
    for path in PAIRINGS.glob("*.yaml"):
        pairing = yaml.safe_load(path.read_text())
        shipped |= {pairing[side]["platform"] for side in ("crm", "erp")}
    assert shipped
    assert shipped <= {profile.platform for profile in connector_profiles()}
