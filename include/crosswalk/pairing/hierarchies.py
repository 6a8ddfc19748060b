"""What the pairing says about parent companies: whose word counts, and whether it is carried at all."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from crosswalk.pairing.products import Brake

PARENT_FLOWS = ("parents_to_erp", "parents_to_crm")


class HierarchyPolicy(BaseModel):
    """Which system decides who is whose parent. Its parents are written in the other one, where both records are linked.

    ``mode`` is that of the flow: off unless the file says otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    master: Literal["erp", "crm"]
    mode: Literal["off", "shadow", "live"] = "off"
    brake: Brake = Field(default_factory=lambda: Brake(most_updates=500, share_from=100))

    @property
    def flow(self) -> Literal["parents_to_erp", "parents_to_crm"]:
        """The flow that carries the master's parents to the other side."""
        return "parents_to_crm" if self.master == "erp" else "parents_to_erp"
