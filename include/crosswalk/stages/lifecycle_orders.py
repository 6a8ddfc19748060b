"""What the rule table means for orders: as what a customer is made, and that it is no lead any more when its first order comes."""

from __future__ import annotations

import psycopg

from crosswalk.lifecycle.fit import refuse_unfit
from crosswalk.model.entities import CUSTOMER_KINDS
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.pairing.document import SIDES
from crosswalk.pairing.lifecycle import WON_DEAL, LifecyclePolicy
from crosswalk.stages.context import StageContext
from crosswalk.stages.gate import effective_mode


def lifecycle_in_force(ctx: StageContext, connection: psycopg.Connection) -> LifecyclePolicy | None:
    """Return the table while its flow into the ERP is live: what is only shadowed changes no order.

    Raises ConfigurationError where the mapping files do not let it be carried out.
    """
    policy = ctx.pairing.lifecycle
    if policy is None or not policy.to_erp or effective_mode(ctx, connection, "lifecycle_to_erp") != "live":
        return None
    refuse_unfit(ctx.pairing, {side: ctx.mapping(side) for side in SIDES})
    return policy


def not_converted(facts: DealFacts, policy: LifecyclePolicy) -> Problem | None:
    """Return why an order waits: its customer is still less than what a won deal makes of it."""
    customer, wanted = facts.customer, policy.to_erp.get(WON_DEAL)
    kind = None if customer is None or customer.deleted else customer.values.get("kind")
    if wanted is None or kind not in CUSTOMER_KINDS or facts.account is None or customer is None:
        return None
    if CUSTOMER_KINDS.index(str(kind)) >= CUSTOMER_KINDS.index(wanted):
        return None
    return Problem(
        "customer_not_converted",
        "customer",
        facts.account.key,
        "kind",
        f"ERP customer {customer.values.get('name')!r} ({customer.key}) is still a {kind}; a won deal makes it a {wanted} before its order.",
        "Nothing is to be done while that is on its way; look for the customer in quarantine, or make it a customer in the ERP.",
    )
