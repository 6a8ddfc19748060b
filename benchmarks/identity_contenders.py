"""One contender of the matching benchmark, in a process of its own: ``python -m benchmarks.identity_contenders NAME COMPANIES SET OUT``.

Writes scored pairs and what they cost as JSON. ``splink`` runs in an environment that has it, without Crosswalk's engine.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.labelled_companies import HARD, RICH, Labelled, labelled

Scored = list[tuple[str, str, float]]
_WEIGHTS = {"name": 0.45, "domain": 0.2, "phone": 0.15, "address": 0.2}
_SPLINK_RANDOM_PAIRS = 1_000_000


def crosswalk(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Run the engine's matching; what it links unasked is told apart from what it would ask about."""
    from crosswalk.identity.blocking import candidates
    from crosswalk.identity.matching import Side, match
    from crosswalk.identity.profiles import CUSTOMER

    left, right = (Side(list(rows), list(rows.values())) for rows in (data.left, data.right))
    began = time.perf_counter()
    found = match(CUSTOMER, left, right)
    seconds = time.perf_counter() - began
    # Sure pairs rank first: bits are not all that counts.
    scored = [(pair.left, pair.right, pair.bits + 1000 * (not pair.reason)) for pair in (*found.sure, *found.doubtful)]
    peak = _peak()
    columns = CUSTOMER.columns(left.rows), CUSTOMER.columns(right.rows)
    pairs = candidates(CUSTOMER.keys(*columns))
    together = {(left.keys[i], right.keys[j]) for i, j in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)}
    return scored, {
        "seconds": seconds,
        "peak_mb": peak,
        "compared": found.compared,
        "linked": [(pair.left, pair.right) for pair in found.sure],
        "asked": sorted({pair.left for pair in found.doubtful}),
        "completeness": len(together & data.true) / len(data.true),
    }


def weighted_average(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Score the same candidate pairs as most syncs do: likenesses, weighted and averaged over what is known."""
    import numpy as np
    from rapidfuzz import fuzz

    from crosswalk.identity.blocking import candidates
    from crosswalk.identity.comparison import codes, similarity
    from crosswalk.identity.profiles import CUSTOMER

    lefts, rights = list(data.left), list(data.right)
    began = time.perf_counter()
    left, right = CUSTOMER.columns(data.left.values()), CUSTOMER.columns(data.right.values())
    pairs = candidates(CUSTOMER.keys(left, right))
    total, weight = np.zeros(len(pairs.left)), np.zeros(len(pairs.left))
    for column, share in (("name", "name"), ("domain", "domain"), ("phone", "phone"), ("street", "address")):
        mine, theirs = codes(left[column], right[column])
        known = (mine[pairs.left] != 0) & (theirs[pairs.right] != 0)
        alike = similarity(left[column], right[column], pairs.left, pairs.right, fuzz.token_sort_ratio) / 100
        total += np.where(known, alike * _WEIGHTS[share], 0)
        weight += np.where(known, _WEIGHTS[share], 0)
    score = total / np.maximum(weight, 1e-9)
    kept = np.flatnonzero(score >= 0.6)
    scored = [
        (lefts[i], rights[j], float(s))
        for i, j, s in zip(pairs.left[kept].tolist(), pairs.right[kept].tolist(), score[kept].tolist(), strict=True)
    ]
    return scored, {"seconds": time.perf_counter() - began, "peak_mb": _peak(), "compared": len(pairs.left)}


def splink(data: Labelled) -> tuple[Scored, dict[str, Any]]:
    """Run Splink as its documentation shows for linking two data sets of companies."""
    import pandas as pd
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    def frame(rows: dict[str, dict[str, str | None]]) -> Any:
        table = pd.DataFrame([{"unique_id": key, **row} for key, row in rows.items()])
        table["domain"] = table["website"].str.extract(r"www\.([^/]+)", expand=False)
        return table.drop(columns=["website", "number"])

    began = time.perf_counter()
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
    sides = found["unique_id_l"].str.startswith("L")
    mine = found["unique_id_l"].where(sides, found["unique_id_r"])
    theirs = found["unique_id_r"].where(sides, found["unique_id_l"])
    scored = list(zip(mine, theirs, found["match_weight"].astype(float), strict=True))
    return scored, {"seconds": time.perf_counter() - began, "peak_mb": _peak(), "compared": len(found)}


CONTENDERS: dict[str, Callable[[Labelled], tuple[Scored, dict[str, Any]]]] = {
    "crosswalk": crosswalk,
    "weighted average": weighted_average,
    "splink": splink,
}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run the contender that is named on the data that is named."""
    name, companies, hardness, out = sys.argv[1:5]
    data = labelled(int(companies), {"hard": HARD, "rich": RICH}[hardness])
    began = time.process_time()
    scored, about = CONTENDERS[name](data)
    about["cpu"] = time.process_time() - began
    Path(out).write_text(json.dumps({"scored": scored, **about}))


if __name__ == "__main__":
    main()
