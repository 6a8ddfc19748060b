"""What the DAG pages say: for whom, what happens in which task, what to do when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk.pairing import Pairing

_NIGHT = """
### When a task is red
1. Open its log: the last lines say what happened, to which record, and what to do.
2. Clear it. Every task can be cleared at any time: nothing is read or written twice.
3. Still red? `authentication` and `permission` need the connection mended (Admin → Connections); `schema` needs the mapping or the system's field mended.
4. Single bad records never turn a task red. They are in quarantine, each with what to do.
"""


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
One deal makes one order, whatever crashes and whoever clears tasks.

| task | does |
| --- | --- |
| `pull_*`, `link` | bring the hub up to date |
| `plan_orders` | checks every won deal of the last {pairing.orders.lookback_days} days; ready ones become intents, the others go to quarantine with what to mend |
| `gate_orders` | mode ({pairing.phases["orders"].mode}) and mass-change brake ({pairing.orders.brake.most_creates} creates) |
| `deliver_orders` | sends; the intent is stored before the request, its key travels in the record |
| `settle_orders` | reads back and links |
| `plan_write_back` … `settle_write_back` | stores the ERP's id in accounts and deals |
| `check` | compares the systems |

`dry_run` plans and stores, and sends nothing. `record_ids` (`deal:006…`) narrows the plan to these deals.
{_NIGHT}"""
