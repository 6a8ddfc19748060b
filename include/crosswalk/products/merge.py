"""Whose word counts for one field of a linked pair: a three-way comparison with what both sides were when they last agreed. Pure.

A change is a difference from the base, never "saved later" (laws 4 and 6). An empty value overwrites nothing (law 11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crosswalk.model.records import Value
from crosswalk.pairing import ProductPolicy

Base = Mapping[str, Value]
"""One side's owned fields when the sides last agreed; a field that never was agreed on is absent."""


class Verdict(StrEnum):
    """What is to be done about one field."""

    SAME = "same"  # equal, or neither side changed it
    TO_CRM = "to_crm"
    TO_ERP = "to_erp"
    CONFLICT = "conflict"  # a person decides


@dataclass(frozen=True, slots=True)
class Sides:
    """One field on both sides, now and when they last agreed. ``known`` is False while they never did."""

    crm: Value
    erp: Value
    crm_base: Value = None
    erp_base: Value = None
    known: bool = False


def judge(field: str, sides: Sides, policy: ProductPolicy, first: Verdict | None = None) -> Verdict:
    """Return what is to be done about ``field``, of which ``policy.fields`` names the master.

    ``first`` is what the pairing says of first values of this field; without it the master's word counts from the start.
    """
    if sides.crm == sides.erp:
        return Verdict.SAME
    verdict = _changed(field, sides, policy) if sides.known else first or _first_meeting(field, sides, policy)
    travelling = {Verdict.TO_CRM: sides.erp, Verdict.TO_ERP: sides.crm}
    return Verdict.SAME if verdict in travelling and travelling[verdict] is None else verdict


def _first_meeting(field: str, sides: Sides, policy: ProductPolicy) -> Verdict:
    """Without a base nobody knows who changed what: the master's word counts, and without one a person's."""
    master = policy.fields[field]
    if master == "either":
        if sides.crm is None:
            return Verdict.TO_CRM
        return Verdict.TO_ERP if sides.erp is None else Verdict.CONFLICT
    return Verdict.TO_CRM if master == "erp" else Verdict.TO_ERP


def _changed(field: str, sides: Sides, policy: ProductPolicy) -> Verdict:
    master = policy.fields[field]
    in_crm, in_erp = sides.crm != sides.crm_base, sides.erp != sides.erp_base
    if not in_crm and not in_erp:
        return Verdict.SAME
    if master == "either":
        if in_crm and in_erp:
            return Verdict.CONFLICT
        return Verdict.TO_ERP if in_crm else Verdict.TO_CRM
    overruled = in_crm if master == "erp" else in_erp
    if overruled and policy.overruled_edits == "ask":
        return Verdict.CONFLICT
    return Verdict.TO_CRM if master == "erp" else Verdict.TO_ERP


def verdicts(
    crm: Mapping[str, Value],
    erp: Mapping[str, Value],
    bases: tuple[Base, Base],
    policy: ProductPolicy,
    first: Mapping[str, Verdict] = MappingProxyType({}),
) -> dict[str, Verdict]:
    """Return the verdict on every field of the policy; ``bases`` are the CRM's and the ERP's, ``first`` what holds before there are any."""
    crm_base, erp_base = bases
    return {
        field: judge(
            field,
            Sides(
                crm.get(field),
                erp.get(field),
                crm_base.get(field),
                erp_base.get(field),
                field in crm_base and field in erp_base,
            ),
            policy,
            first.get(field),
        )
        for field in policy.fields
    }
