"""One check as the suites' file gives it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from crosswalk.pairing.checks import Severity


class Spec(BaseModel):
    """A line of data: which comparison, of what, how grave. What a comparison does not use stays empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    check: str
    kind: str
    severity: Severity
    title: str
    explanation: str
    only: tuple[str, ...] = ()  # fields: only these are compared
    leave_out: tuple[str, ...] = ()  # fields: not these
    fields: tuple[str, ...] = ()  # complete, references: these
    exact: str | None = None  # duplicates: equal as it stands
    plain: str | None = None  # duplicates: equal but for case and punctuation
    name: str | None = None  # duplicates: equal but for spelling and legal form
    near: tuple[str, ...] = ()  # duplicates: and equal in these
    where: str | None = None  # which records ``x`` of our own table count
