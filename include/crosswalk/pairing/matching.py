"""Scored matching as a pairing asks for it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosswalk.model.entities import ENTITIES, Kind

MATCHABLE = ("customer", "contact", "product")


class MatchPolicy(BaseModel):
    """How sure a scored pair has to be. In bits: 10 are odds of about 1,000 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    auto: float = Field(default=10.0, ge=0)  # linked from here on
    review: float = -1.0  # shown to a person from here on
    margin: float = Field(default=5.0, ge=0)  # ahead of the second best
    further: Literal["ask", "link"] = (
        "ask"  # an account's customers in other subsidiaries: shown to a person, or linked like any other
    )
    leave_out: tuple[str, ...] = ()  # fields that say nothing of a pair, since the systems fill them differently

    @model_validator(mode="after")
    def _review_comes_first(self) -> MatchPolicy:
        if self.review > self.auto:
            raise ValueError(f"review ({self.review}) must not be above auto ({self.auto})")
        return self


class Matching(BaseModel):
    """Which entities are matched by score, and when. It looks at all records, so it runs less often than the pulls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule: str | None = "5 * * * *"
    entities: dict[str, MatchPolicy] = Field(default_factory=dict)
    survivors: dict[str, dict[str, Literal["erp", "crm", "longest", "newest"]]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_matched(self) -> Matching:
        for entity in (*self.entities, *self.survivors):
            if entity not in MATCHABLE:
                raise ValueError(f"{entity!r} cannot be matched by score; these can: {', '.join(MATCHABLE)}")
        if any(policy.further == "link" for entity, policy in self.entities.items() if entity != "customer"):
            raise ValueError("`further: link` is for customers: nothing else is there once a subsidiary")
        named = [("survivors", entity, tuple(fields)) for entity, fields in self.survivors.items()]
        named += [("leave_out", entity, policy.leave_out) for entity, policy in self.entities.items()]
        for setting, entity, fields in named:
            for name in fields:
                if name not in ENTITIES[entity].field_names:
                    raise ValueError(f"{setting}: {name!r} is no field of a {entity}")
        return self


_OF_MANY = (Kind.BOOLEAN, Kind.CHOICE, Kind.CURRENCY, Kind.COUNTRY)
_NAMES = frozenset({"name", "first_name", "last_name", "title", "description", "unit", "owner", "subsidiary", "terms"})
_NAMES |= {"price_level", "billing_state", "shipping_state"}


def is_name_alone(entity: str, fields: tuple[str, ...]) -> bool:
    """Tell whether records that agree in all of these fields share no more than a name, and what many records share."""
    return all(name in _NAMES or ENTITIES[entity].field(name).kind in _OF_MANY for name in fields)
