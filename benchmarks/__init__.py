"""What Crosswalk costs and how close it comes to what a platform allows; every figure beside its peer, its minimum or its limit.

``python -m benchmarks`` runs them all and keeps the results in ``benchmarks/results``; docs/benchmarks.md says what each means.
"""
