"""What speaks against an order without making it impossible: a person or the pairing's policy decides. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from crosswalk.orders.facts import Problem
from crosswalk.pairing.selling import Answer


@dataclass(frozen=True, slots=True)
class Concern:
    """A problem and the policy's answer: ``block`` quarantines, ``approve`` asks a person, ``warn`` tells the ledger."""

    answer: Answer
    problem: Problem
