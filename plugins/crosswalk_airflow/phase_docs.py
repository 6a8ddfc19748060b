"""What the DAG pages say: for whom, what happens in which task, what to do when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.pairing import Brake, Pairing

_NIGHT = """
### When a task is red
1. Open its log: the last lines say what happened, to which record, and what to do.
2. Clear it. Every task can be cleared at any time: nothing is read or written twice.
3. Still red? `authentication` and `permission` need the connection mended (Admin → Connections); `schema` needs the mapping or the system's field mended.
4. Single bad records never turn a task red. They are in quarantine, each with what to do.
"""


_BRAKE = """What is beyond
the brake's limits waits for a person: answer the question in the approvals DAG, or trigger this one with `release_brake` and a `reason`."""


def _limits(brake: Brake) -> str:
    """Return what a run may do without asking."""
    return (
        f"{brake.most_creates} creates, {brake.most_updates} updates, {brake.most_share:.0%} of an entity, "
        f"{brake.most_deactivations} deactivations"
    )


def visibility_doc(pairing: Pairing) -> str:
    """Return the documentation of phase 1."""
    reads = "\n".join(
        f"* **{pairing.side(side).system}**: {', '.join(entities)}"
        for side, entities in pairing.phases["visibility"].read.items()
    )
    return f"""## {pairing.title}: visibility
Reads what changed in both systems into the hub, links records that are surely the same, and compares the systems. **Writes to neither**: the
connections refuse every write.

{reads}

| task | does |
| --- | --- |
| `pull_*` | reads each entity since its watermark and lands it; `mode: full` reads everything and marks what is gone |
| `link` | links by stored keys, then by exact rules |
| `check` | compares the systems; scores and failing rows are on the consistency report (Browse → Consistency) |
{_NIGHT}"""


def orders_doc(pairing: Pairing) -> str:
    """Return the documentation of phase 2."""
    crm, erp = pairing.crm.system, pairing.erp.system
    return f"""## {pairing.title}: orders
Deals won in **{crm}** become orders in **{erp}**; an account the ERP does not know becomes a customer first; the ERP's ids come back to {crm}.
One deal makes one order, whatever crashes and whoever clears tasks. A deal that is changed afterwards changes its order while the ERP allows it and
nobody changed it there; else it is in quarantine with both sides' changes, as is a deal that is not won any more. Orders that need an approval
wait for `{pairing.name}__approvals`.

| task | does |
| --- | --- |
| `pull_*`, `link` | bring the hub up to date |
| `plan_orders` | checks every won deal of the last {pairing.orders.lookback_days} days; ready ones become intents, the others go to quarantine with what to mend |
| `gate_orders` | mode ({pairing.phases["orders"].mode}) and mass-change brake |
| `deliver_orders` | sends; the intent is stored before the request, its key travels in the record |
| `settle_orders` | reads back and links |
| `plan_write_back` … `settle_write_back` | stores the ERP's id in accounts and deals |
{_parents_doc(pairing)}{_lifecycle_doc(pairing)}{_timeline_doc(pairing)}| `check` | compares deals and orders, and what is still to be sent; the other checks' results are those of phase 1 |

`dry_run` plans and stores, and sends nothing. `record_ids` (`deal:006…`) narrows the plan to these deals. {_BRAKE}
{_NIGHT}"""


def _parents_doc(pairing: Pairing) -> str:
    policy = pairing.hierarchies
    if policy is None:
        return ""
    master, other = (pairing.erp, pairing.crm) if policy.master == "erp" else (pairing.crm, pairing.erp)
    return (
        f"| `plan_{policy.flow}` … `settle_{policy.flow}` | puts customers in {other.system} under the parent that {master.system} names"
        f" ({policy.mode}); one whose parent is not linked waits, circles go to quarantine |\n"
    )


def _lifecycle_doc(pairing: Pairing) -> str:
    """Return the lines of the pairing's rule table, for one that has any."""
    if pairing.lifecycle is None:
        return ""
    crm, erp = pairing.crm.system, pairing.erp.system
    return f"""| `plan_lifecycle_to_erp` … `settle_lifecycle_to_erp` | before the orders: makes customers in {erp} what their stage or a won deal in {crm} makes them |
| `plan_lifecycle_to_crm` … `settle_lifecycle_to_crm` | moves customers in {crm} forward to the stage that {erp} makes of them (mode: {pairing.lifecycle.mode}) |
"""


def _timeline_doc(pairing: Pairing) -> str:
    policy = pairing.timeline
    if policy is None:
        return ""
    return (
        f"| `plan_timeline` … `settle_timeline` | tells {', '.join(policy.events).replace('_', ' ')} on the customers' timelines,"
        f" of documents dated {policy.since} or later ({policy.mode}) |\n"
    )


def products_doc(pairing: Pairing) -> str:
    """Return the documentation of phase 2's product half."""
    crm, erp, policy = pairing.crm.system, pairing.erp.system, pairing.products
    owners = {"erp": f"{erp} → {crm}", "crm": f"{crm} → {erp}", "either": "both ways"}
    fields = "\n".join(f"* `{name}`: {owners[master]}" for name, master in policy.fields.items())
    return f"""## {pairing.title}: products
Changes of these fields reach the other catalogue, and no other field is ever written:

{fields}

An edit on the side that does not decide: **{policy.overruled_edits}**. New items become products: **{policy.create_products}**. New products become
items: **{policy.create_items}** (`on_request`: trigger with the record id `product:…`). Items that were deleted: **{policy.deleted_items}**.

| task | does |
| --- | --- |
| `pull_*`, `link` | bring the hub up to date |
| `plan_products_to_erp` | compares every changed product with what both sides agreed on last; what {crm} may change becomes intents for {erp} |
| `gate_products_to_erp` | mode ({pairing.phases["products"].mode}) and mass-change brake |
| `deliver_products_to_erp`, `settle_products_to_erp` | send, read back; what was read back is the new base |
| `plan_products_to_crm` … `settle_products_to_crm` | the same for what {erp} decides |

What both sides changed, and what a system refused, is in quarantine with what to do. `dry_run` plans and stores, and sends nothing. {_BRAKE}
{_NIGHT}"""


def approvals_doc(pairing: Pairing) -> str:
    """Return the documentation of the approvals."""
    policy, discount = pairing.orders.approvals, pairing.orders.discount
    limit = "any" if discount.most is None else f"{discount.most:.0%} off the list"
    who = ", ".join(policy.approvers) or "whoever may answer"
    return f"""## {pairing.title}: approvals
Asks **{who}** about orders that nobody may send without an approval (discount that needs none: {limit}; above the credit limit:
{pairing.orders.credit.over_limit}), and about plans that the mass-change brake holds. Until then they are held, with reason and age. Answer under
**Browse → Required Actions**; who, when and the comment go to the ledger. What is approved goes out with the next run; a refused order waits in
quarantine until the deal is changed. A deal that is changed meanwhile is asked about anew: the answer was about what it said.

The brake holds a run of orders beyond {_limits(pairing.orders.brake)}; of products beyond {_limits(pairing.products.brake)}.

| task | does |
| --- | --- |
| `list` | finds what nobody is being asked about; `ask_again` asks about everything that waits |
| `approval.ask` | asks, one question an order; unanswered for {policy.ask_again_hours} hours it is asked again |
| `approval.decide` | records the answer and acts on it |
{_NIGHT}"""


def matching_doc(pairing: Pairing) -> str:
    """Return the documentation of the scored matching."""
    policies = "\n".join(
        f"* `{entity}`: linked from {policy.auto:g} bits on, shown to a person from {policy.review:g}, {policy.margin:g} ahead of the second best"
        for entity, policy in pairing.matching.entities.items()
    )
    return f"""## {pairing.title}: matching
Finds records of **{pairing.crm.system}** and **{pairing.erp.system}** that are the same though no key and no rule says so: every field speaks for or
against a pair in bits, a missing one says nothing, a name alone never links. Writes to no system.

{policies}

| task | does |
| --- | --- |
| `link` | links by keys and rules first: they are surer |
| `match` | links the sure pairs, lays the doubtful ones before a person, learns from what people decided; nothing to do when nothing changed |
{_NIGHT}"""


def report_doc(pairing: Pairing) -> str:
    """Return the documentation of the consistency report."""
    mail = pairing.checks.report
    return f"""## {pairing.title}: consistency report
Mails how well **{pairing.crm.system}** and **{pairing.erp.system}** agree to {len(mail.recipients)} recipients, as the last run of the checks found it.
Recipients, schedule and attachment stand in the pairing file under `checks.report`; the mail server is the connection `{mail.connection}`. Writes to no system.

| task | does |
| --- | --- |
| `report` | sends the summary with the figures as a file; fails when the mail server refuses, and is tried again |
{_NIGHT}"""


def preflight_doc(pairing: Pairing) -> str:
    """Return the documentation of preflight."""
    return f"""## {pairing.title}: preflight
Run it before going live, and after every change of a connection, a role, a mapping or the pairing: signs in to **{pairing.crm.system}** and
**{pairing.erp.system}**, looks for every field, right and value that the pairing needs, and names what is missing with the remedy. **Writes nothing**
unless *Create* is ticked: then it creates what the systems' APIs allow (custom fields and the right to them), and the log lists what.
On the command line it is `crosswalk preflight {pairing.name}`.

| task | does |
| --- | --- |
| `preflight` | prints the table of findings; fails when one of them would stop the pipelines |
{_NIGHT}"""
