"""What the pairing says about products: who is master of which field, and what is created on which side."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crosswalk.model.entities import PRODUCT

Master = Literal["erp", "crm", "either"]
Creation = Literal["never", "on_request", "always"]

_NO_PRODUCT_FIELDS = ("counterpart_key", "product_type")  # ours, and the ERP's own


class Brake(BaseModel):
    """The mass-change brake: a plan larger than this stops and asks a person.

    ``most_share`` is the share of the target's known records of one entity that a run may change; it counts from ``share_from`` changes
    on, so that half of a handful stops nobody. ``most_deactivations`` is how many records a run may make inactive.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    most_creates: int = Field(default=200, ge=0)
    most_updates: int = Field(default=2000, ge=0)
    most_share: float = Field(default=0.5, gt=0, le=1)
    share_from: int = Field(default=500, ge=0)
    most_deactivations: int = Field(default=20, ge=0)


def _erp_decides() -> dict[str, Master]:
    return {"name": "erp", "description": "erp", "is_active": "erp"}


class ProductPolicy(BaseModel):
    """Which product fields travel and from where, what happens to edits on the other side, and what is created.

    A field of ``erp`` is the ERP's: its changes go to the CRM; ``crm`` the other way round; ``either`` goes both ways, and a person
    decides when both sides changed it. Fields that are not named are never written (law 10); prices and costs are no product fields.
    ``item`` and ``product`` are native fields of records that are created: item type, tax schedule, subsidiary …
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[str, Master] = Field(default_factory=_erp_decides, min_length=1)
    overruled_edits: Literal["restore", "ask"] = "restore"
    create_items: Creation = "never"
    create_products: Creation = "always"
    product_types: tuple[str, ...] = ("inventory", "non_inventory", "service", "kit")
    deleted_items: Literal["deactivate", "ask", "leave"] = "ask"
    item: dict[str, str] = Field(default_factory=dict)
    product: dict[str, str] = Field(default_factory=dict)
    brake: Brake = Brake(most_creates=50, most_updates=500, share_from=100)

    @model_validator(mode="after")
    def _fields_exist(self) -> ProductPolicy:
        known = [field.name for field in PRODUCT.fields if field.name not in _NO_PRODUCT_FIELDS and not field.sensitive]
        for name in self.fields:
            if name not in known:
                raise ValueError(f"{name!r} does not travel; fields of a product that may are: {', '.join(known)}")
        kinds = PRODUCT.field("product_type").choices
        for kind in self.product_types:
            if kind not in kinds:
                raise ValueError(f"{kind!r} is no product type; types are: {', '.join(kinds)}")
        return self
