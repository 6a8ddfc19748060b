"""The pairing file's shape, and its loader with errors that name file, line and remedy."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic import ValidationError as ShapeError

from crosswalk.mapping.source import Mistake, Source, read_source, refuse
from crosswalk.model.entities import ENTITIES
from crosswalk.pairing.checks import CheckPolicy
from crosswalk.pairing.display import UNLESS_SAID_OTHERWISE, CardPolicy, ShownFact
from crosswalk.pairing.hierarchies import PARENT_FLOWS, HierarchyPolicy
from crosswalk.pairing.lifecycle import LifecyclePolicy
from crosswalk.pairing.matching import Matching, is_name_alone
from crosswalk.pairing.products import Brake, ProductPolicy
from crosswalk.pairing.selling import AmendPolicy, ApprovalPolicy, CreditPolicy, DiscountPolicy
from crosswalk.pairing.timeline import TIMELINE, TimelinePolicy
from crosswalk.pairing.together import refuse_disagreement
from crosswalk.platforms import Side, platform_of, platforms

Mode = Literal["off", "shadow", "live"]
PhaseName = Literal["visibility", "orders", "products"]
SIDES: tuple[Side, ...] = ("crm", "erp")
PRODUCT_FLOWS = ("products_to_erp", "products_to_crm")
LIFECYCLE_FLOWS = ("lifecycle_to_erp", "lifecycle_to_crm")
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
CustomerRule = Annotated[str, StringConstraints(pattern=r"^(won_deal|never|(stage|type|flag):\S.*)$")]
Fact = Literal["currency", "billing_country", "shipping_country", "price_list", "subsidiary", "is_existing_customer"]
OwnField = Annotated[str, StringConstraints(pattern=r"^(deal|account)\.[a-z_][a-z0-9_]*$")]


def _is_declared(name: str) -> str:
    if name not in platforms():
        raise ValueError(f"{name!r} is no platform; platforms are: {', '.join(platforms())}")
    return name


PlatformName = Annotated[str, AfterValidator(_is_declared)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SystemSide(_Part):
    """One of the two systems: its name in the hub, its platform, where its secrets and its mapping are."""

    system: Name
    platform: PlatformName
    connection: str
    mapping: str
    pool: str | None = None
    pool_slots: int = Field(default=4, ge=1)
    key_prefixes: dict[str, str] = Field(default_factory=dict)
    requests_per_day: int | None = None
    concurrent_requests: int | None = None
    home_currency: str | None = Field(
        default=None, pattern="^[A-Z]{3}$"
    )  # of limits and balances; None: the customer's own
    share: float = Field(default=0.7, gt=0, le=1)

    @property
    def pool_name(self) -> str:
        """The Airflow pool that bounds this system's tasks."""
        return self.pool or f"{self.system}_api"


def slug_of(name: str) -> str:
    """Return a name as a part of a key: letters and digits, with hyphens between."""
    return re.sub(r"[^0-9A-Za-z]+", "-", name).strip("-")


class Phase(_Part):
    """When a phase's pipeline runs and what it reads from either side."""

    schedule: str | None = None
    read: dict[Side, tuple[str, ...]] = Field(default_factory=dict)
    mode: Mode = "off"

    @model_validator(mode="after")
    def _entities_exist(self) -> Phase:
        for side, names in self.read.items():
            for name in names:
                if name not in ENTITIES:
                    raise ValueError(f"read.{side} names {name!r}; entities are: {', '.join(sorted(ENTITIES))}")
        return self


class LinkRule(_Part):
    """One way to link two records for sure: the other system's key stored in one of them, or fields that are equal and unique."""

    stored_key: Side | None = None
    exact: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_both(self) -> LinkRule:
        if (self.stored_key is None) == (not self.exact):
            raise ValueError("a rule is either `stored_key: crm|erp` or `exact: [fields]`")
        return self

    @property
    def name(self) -> str:
        """How the rule is called in links and in the ledger."""
        return f"stored_key:{self.stored_key}" if self.stored_key else "exact:" + "+".join(self.exact)


class ChoiceRule(_Part):
    """How one native field of the order (or of a new customer) is chosen from a fact of the deal, or from a field or extra of the deal
    or its account (``deal.region``, ``account.region``).
    """

    by: Fact | OwnField | None = None
    values: dict[str, str] = Field(default_factory=dict)
    default: str | None = None
    only_new_customers: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> ChoiceRule:
        if self.by is None and self.default is None:
            raise ValueError("give `by` with `values`, or a `default`, or both")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Everything the rule may choose."""
        return tuple(sorted({*self.values.values(), *([self.default] if self.default else [])}))


class OrderPolicy(_Part):
    """How a won deal becomes an order: who creates customers, what must be there, and what each native field is chosen by.

    ``create_customers`` says which accounts become customers: those with a won deal, none, those with a deal at a stage
    (``stage:Negotiation``), of a type (``type:Customer``) or with a box ticked (``flag:is_customer``). Prospects never do.
    ``subsidiary`` says which subsidiary of the ERP a deal is for, by its name as the ERP's customers bear it: an account may then have a customer
    in each. ``carry`` fills fields of the order from the deal (``delivery_date``) or its account (``account.region``), by canonical name;
    ``ship_to`` names the native fields of the order that bear the account's shipping address, part by part.
    """

    won_since: str | None = None
    lookback_days: int = Field(default=30, ge=0)
    create_customers: CustomerRule = "won_deal"
    subsidiary: ChoiceRule | None = None
    carry: dict[str, str] = Field(default_factory=dict)
    ship_to: dict[Literal["street", "city", "state", "postal_code", "country"], str] = Field(default_factory=dict)
    amend: AmendPolicy = AmendPolicy()
    credit: CreditPolicy = CreditPolicy()
    discount: DiscountPolicy = DiscountPolicy()
    approvals: ApprovalPolicy = ApprovalPolicy()
    require_purchase_order: bool = False
    block_on_credit_hold: bool = True
    one_currency_per_customer: bool = False  # the ERP bills a customer in its own currency only
    total_tolerance: Decimal = Decimal("0.01")
    closed_subsidiaries: tuple[str, ...] = ()
    header: dict[str, ChoiceRule] = Field(default_factory=dict)
    line: dict[str, ChoiceRule] = Field(default_factory=dict)
    customer: dict[str, ChoiceRule] = Field(default_factory=dict)
    brake: Brake = Brake()

    @model_validator(mode="after")
    def _subsidiaries_can_be_told_apart(self) -> OrderPolicy:
        if self.subsidiary is None:
            return self
        if self.subsidiary.by in ("subsidiary", "is_existing_customer"):
            raise ValueError(
                "orders.subsidiary goes by the deal or its account, not by the customer that is chosen by it"
            )
        slugs: dict[str, str] = {}
        for name in self.subsidiary.names:
            if slugs.setdefault(slug_of(name), name) != name:
                raise ValueError(f"orders.subsidiary: {name!r} and {slugs[slug_of(name)]!r} differ in punctuation only")
        return self


class CensusPolicy(_Part):
    """How much a whole read may miss of what was there before a person is asked whether it is deleted.

    ``most_gone`` is a share of an entity's known records; it counts from ``gone_from`` missing records on.
    """

    most_gone: float = Field(default=0.2, gt=0, le=1)
    gone_from: int = Field(default=30, ge=1)


class Pairing(_Part):
    """One CRM and one ERP kept in step."""

    pairing: Name
    title: str
    description: str = ""
    crm: SystemSide
    erp: SystemSide
    hub_connection: str = "crosswalk_hub"
    phases: dict[PhaseName, Phase]
    linking: dict[str, tuple[LinkRule, ...]] = Field(default_factory=dict)
    matching: Matching = Matching()
    orders: OrderPolicy = OrderPolicy()
    products: ProductPolicy = ProductPolicy()
    hierarchies: HierarchyPolicy | None = None
    lifecycle: LifecyclePolicy | None = None
    price_lists: dict[str, str] = Field(default_factory=dict)
    write_back: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    census: CensusPolicy = CensusPolicy()
    checks: CheckPolicy = CheckPolicy()
    show_in_crm: tuple[ShownFact, ...] = UNLESS_SAID_OTHERWISE
    card: CardPolicy = CardPolicy()
    timeline: TimelinePolicy | None = None

    @property
    def name(self) -> str:
        """The pairing's name; DAG ids begin with it."""
        return self.pairing

    def side(self, side: Side) -> SystemSide:
        """Return the CRM's or the ERP's part."""
        return self.crm if side == "crm" else self.erp

    def side_of(self, system: str) -> Side:
        """Return which side ``system`` is on; raises KeyError for a stranger."""
        for side in SIDES:
            if self.side(side).system == system:
                return side
        raise KeyError(system)

    def phase_of(self, flow: str) -> Phase | None:
        """Return the phase whose pipeline runs ``flow``; None when the pairing does not have it."""
        return self.phases.get("products" if flow in PRODUCT_FLOWS else "orders")

    def mode_of(self, flow: str) -> Mode:
        """Return the mode the file gives ``flow``; one that it does not have is off. What was set in the hub counts more."""
        if flow in PARENT_FLOWS:
            return self.hierarchies.mode if self.hierarchies and self.hierarchies.flow == flow else "off"
        if flow in LIFECYCLE_FLOWS:
            return self.lifecycle.mode if self.lifecycle else "off"
        if flow == TIMELINE:
            return self.timeline.mode if self.timeline else "off"
        phase = self.phase_of(flow)
        return phase.mode if phase else "off"

    def brake_of(self, flow: str) -> Brake:
        """Return the mass-change brake of ``flow``."""
        if flow in PARENT_FLOWS and self.hierarchies:
            return self.hierarchies.brake
        if flow in LIFECYCLE_FLOWS and self.lifecycle:
            return self.lifecycle.brake
        if flow == TIMELINE and self.timeline:
            return self.timeline.brake
        return self.products.brake if flow in PRODUCT_FLOWS else self.orders.brake

    @field_validator("crm", "erp")
    @classmethod
    def _is_one(cls, given: SystemSide, info: ValidationInfo) -> SystemSide:
        platform = platform_of(given.platform)
        if platform.side != info.field_name:
            kinds = {"crm": "a CRM", "erp": "an ERP"}
            raise ValueError(f"{platform.title} is {kinds[platform.side]}, not {kinds[str(info.field_name)]}")
        return given

    @field_validator("timeline")
    @classmethod
    def _can_be_told(cls, given: TimelinePolicy | None, info: ValidationInfo) -> TimelinePolicy | None:
        """Refuse events for a CRM without timelines, before the phase that may write, and of what the CRM is not shown."""
        crm, phases, shown = (info.data.get(name) for name in ("crm", "phases", "show_in_crm"))
        if given is None or crm is None or phases is None or shown is None:
            return given  # what is wrong there is said there
        platform = platform_of(crm.platform)
        if platform.timeline_subject is None:
            raise ValueError(
                f"{platform.title} shows no events of other systems; take out timeline: the card shows the same"
            )
        if "orders" not in phases:
            raise ValueError("events are written, which begins with the phase orders; add it, or take out timeline")
        if hidden := given.hidden(shown):
            raise ValueError(
                f"show_in_crm does not name {hidden}; name it there, or take its events out of timeline.events"
            )
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Pairing:
        if self.crm.system == self.erp.system:
            raise ValueError("crm.system and erp.system must differ")
        if self.hierarchies and not self._reads_in_orders("customer", SIDES):
            raise ValueError(
                "hierarchies: parents are carried by the phase orders; let phases.orders read customer from both sides"
            )
        if len(set(self.price_lists.values())) < len(self.price_lists):
            raise ValueError("price_lists: two price books stand for one price level; each needs its own")
        for entity in (*self.linking, *self.write_back):
            if entity not in ENTITIES:
                raise ValueError(f"{entity!r} is no entity; entities are: {', '.join(sorted(ENTITIES))}")
        for entity, rules in self.linking.items():
            for rule in rules:
                for name in rule.exact:
                    if name not in ENTITIES[entity].field_names:
                        raise ValueError(f"linking.{entity}: {name!r} is no field of {entity}")
                if rule.exact and is_name_alone(entity, rule.exact):
                    raise ValueError(
                        f"linking.{entity}: {', '.join(rule.exact)} would link on a name alone; add a number, an e-mail, a postal code"
                        " or the like, or leave it to `matching`"
                    )
        return self

    def _reads_in_orders(self, entity: str, sides: tuple[Side, ...]) -> bool:
        phase = self.phases.get("orders")
        return phase is not None and all(entity in phase.read.get(side, ()) for side in sides)


def load_pairing(path: Path) -> Pairing:
    """Read one pairing file; raises ConfigurationError naming every mistake with file, line and remedy."""
    source = read_source(path)
    try:
        return Pairing.model_validate(source.content)
    except ShapeError as error:
        refuse([_mistake(source, dict(detail)) for detail in error.errors()])
        raise


def _mistake(source: Source, detail: dict[str, Any]) -> Mistake:
    location = detail["loc"]
    subject = ".".join(str(part) for part in location) or "the file"
    if detail["type"] == "missing":
        return Mistake(source.place(*location), subject, "is missing.", "Add it.")
    if detail["type"] == "extra_forbidden":
        return Mistake(source.place(*location), subject, "is no setting.", "Remove it or correct its name.")
    return Mistake(source.place(*location), subject, f"{detail['msg']}.", "Correct the value there.")


def load_pairings(folder: Path) -> list[Pairing]:
    """Read every ``*.yaml`` in ``folder``, by name; raises ConfigurationError, also for pairings that contradict each other."""
    found = [load_pairing(path) for path in sorted(folder.glob("*.yaml"))]
    refuse_disagreement(found)
    return found
