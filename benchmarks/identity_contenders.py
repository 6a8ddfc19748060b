"""One contender of the matching benchmark, in a process of its own: ``python -m benchmarks.identity_contenders NAME LABELLED OUT``.

Reads labelled records and writes scored pairs and what they cost, both as JSON. ``splink`` runs in an environment that has it, without Crosswalk's engine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.labelled_companies import Labelled
from benchmarks.measure import cost

Scored = list[tuple[str, str, float]]
_WEIGHTS = {"name": 0.45, "domain": 0.2, "phone": 0.15, "address": 0.2}
_SPLINK_RANDOM_PAIRS = 1_000_000


def crosswalk(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Run the engine's matching; what it links unasked is told apart from what it would ask about."""
    return _crosswalk(data, several=False)


def in_subsidiaries(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Run it where an account may have a customer in each subsidiary, all of them linked unasked."""
    return _crosswalk(data, several=True)


def _crosswalk(data: Labelled, *, several: bool) -> tuple[Scored, dict[str, Any]]:
    import numpy as np

    from crosswalk.identity.blocking import candidates
    from crosswalk.identity.matching import match, side
    from crosswalk.identity.profiles import CUSTOMER
    from crosswalk.identity.several import Several
    from crosswalk.identity.table import Table

    with cost() as spent:
        left, right = (side(CUSTOMER, rows.items()) for rows in (data.left, data.right))
        found = match(CUSTOMER, left, right, several=Several({}, asks=False) if several else None)
    # Sure pairs rank first: bits are not all that counts.
    linked = (*found.sure, *found.further)
    scored = [(pair.left, pair.right, pair.bits + 1000 * (not pair.reason)) for pair in (*linked, *found.doubtful)]
    pairs = candidates(CUSTOMER.keys(Table(left.columns, right.columns)), len(right.keys))
    places = ({key: at for at, key in enumerate(side.keys)} for side in (left, right))
    mine, theirs = places
    true = np.array([mine[one] * len(theirs) + theirs[other] for one, other in data.true])
    together = np.isin(true, pairs.left.astype(np.int64) * len(theirs) + pairs.right)
    return scored, {
        **spent.as_dict(),
        "compared": found.compared,
        "linked": [(pair.left, pair.right) for pair in linked],
        "asked": sorted({pair.left for pair in found.doubtful}),
        "completeness": float(together.mean()),
    }


def weighted_average(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Score the same candidate pairs as most syncs do: likenesses, weighted and averaged over what is known."""
    import numpy as np
    from rapidfuzz import fuzz

    from crosswalk.identity.blocking import candidates
    from crosswalk.identity.comparison import similarity
    from crosswalk.identity.matching import side
    from crosswalk.identity.profiles import CUSTOMER
    from crosswalk.identity.table import Table

    with cost() as spent:
        left, right = (side(CUSTOMER, rows.items()) for rows in (data.left, data.right))
        table = Table(left.columns, right.columns)
        pairs = candidates(CUSTOMER.keys(table), len(right.keys))
        i, j = pairs.left, pairs.right
        total, weight = np.zeros(len(i)), np.zeros(len(i))
        for column, share in (("name", "name"), ("domain", "domain"), ("phone", "phone"), ("street", "address")):
            mine, theirs = table.codes(column)
            known = (mine[i] != 0) & (theirs[j] != 0)
            alike = similarity(table.left[column], table.right[column], i, j, fuzz.token_sort_ratio) / 100
            total += np.where(known, alike * _WEIGHTS[share], 0)
            weight += np.where(known, _WEIGHTS[share], 0)
        score = total / np.maximum(weight, 1e-9)
        kept = np.flatnonzero(score >= 0.6)
        rows = zip(i[kept].tolist(), j[kept].tolist(), score[kept].tolist(), strict=True)
        scored = [(left.keys[one], right.keys[other], float(alike)) for one, other, alike in rows]
    return scored, {**spent.as_dict(), "compared": len(i)}


def splink(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Run Splink as its documentation shows for linking two data sets of companies."""
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    def frame(rows: dict[str, dict[str, str | None]]) -> Any:
        table = pd.DataFrame([{"unique_id": key, **row} for key, row in rows.items()])
        table["domain"] = table["website"].str.extract(r"www\.([^/]+)", expand=False)
        return table.drop(columns=["website", "number"])

    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("domain"),
            cl.ExactMatch("email"),
            cl.ExactMatch("phone"),
            cl.LevenshteinAtThresholds("billing_street", 3),
            cl.ExactMatch("billing_postal_code"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("domain"),
            block_on("phone"),
            block_on("name"),
            block_on("substr(name, 1, 5)", "billing_country"),
            block_on("billing_postal_code"),
        ],
    )
    with cost() as spent:
        database = DuckDBAPI()
        tables = [database.register(frame(rows)) for rows in (data.left, data.right)]
        linker = Linker(tables, settings)
        linker.training.estimate_probability_two_random_records_match(
            [block_on("domain", "substr(name, 1, 5)"), block_on("phone")], recall=0.4
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=_SPLINK_RANDOM_PAIRS)
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
        linker.training.estimate_parameters_using_expectation_maximisation(block_on("billing_postal_code"))
        found = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
        sides = found["unique_id_l"].isin(set(data.left))
        mine = found["unique_id_l"].where(sides, found["unique_id_r"])
        theirs = found["unique_id_r"].where(sides, found["unique_id_l"])
        scored = list(zip(mine, theirs, found["match_weight"].astype(float), strict=True))
    return scored, {**spent.as_dict(), "compared": len(found)}


CONTENDERS: dict[str, Callable[[Labelled], tuple[Scored, dict[str, Any]]]] = {
    "crosswalk": crosswalk,
    "in subsidiaries": in_subsidiaries,
    "weighted average": weighted_average,
    "splink": splink,
}


def main() -> None:
    """Run the contender that is named on the data that is named."""
    name, data, out = sys.argv[1:4]
    read = json.loads(Path(data).read_text())
    scored, about = CONTENDERS[name](Labelled(read["left"], read["right"], {tuple(pair) for pair in read["true"]}))
    Path(out).write_text(json.dumps({"scored": scored, **about}))


if __name__ == "__main__":
    main()
