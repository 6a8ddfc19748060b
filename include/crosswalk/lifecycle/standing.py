"""How customers stand, as SQL: what speaks for more than they are, and which of them the rule table contradicts.

The CRM's record is called ``a``, the ERP's ``b``. The condition is the rules' own, so that of a million customers only those reach them
that they want something of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crosswalk.lifecycle.rules import CUSTOMER
from crosswalk.model.entities import CUSTOMER_KINDS, STAGES
from crosswalk.pairing.lifecycle import WON_DEAL, LifecyclePolicy

WON = """exists (select 1 from hub.deal d where d.system = a.system and d.customer_key = a.key and d.is_won and d.deleted_at is null)"""

TRADED = """(exists (select 1 from hub."order" o where o.system = b.system and o.customer_key = b.key and o.deleted_at is null
                and o.status is distinct from 'cancelled' and o.status is distinct from 'pending_approval')
      or exists (select 1 from hub.invoice i where i.system = b.system and i.customer_key = b.key and i.deleted_at is null
                and i.status is distinct from 'voided'))"""

ACTIVE = "b.is_active is not false"


def _rank(column: str, order: Sequence[str]) -> str:
    return f"array_position('{{{','.join(order)}}}'::text[], {column})"


_STAGE, _KIND = _rank("a.stage", STAGES), _rank("b.kind", CUSTOMER_KINDS)


def may_move(policy: LifecyclePolicy) -> str:
    """Return the condition of customers that the table says anything of."""
    alone = f" and {ACTIVE}" if policy.inactive == "leave" else ""
    return f"{_KIND} is not null{alone}"


def kind_contradicts(policy: LifecyclePolicy) -> str:
    """Return the condition of customers that ought to be more in the ERP than they are."""
    rows = [(_at_least(_STAGE, stage, STAGES), kind) for stage, kind in policy.stages_to_kinds.items()]
    if WON_DEAL in policy.to_erp:
        rows.append((WON, policy.to_erp[WON_DEAL]))
    return _any(f"({_KIND} < {_number(kind, CUSTOMER_KINDS)} and {reason})" for reason, kind in rows)


def stage_contradicts(policy: LifecyclePolicy) -> str:
    """Return the condition of customers that ought to be further in the CRM than they are."""
    rows = []
    for kind, stage in policy.kinds_to_stages.items():
        traded = f" and {TRADED}" if policy.traded and kind == CUSTOMER else ""
        rows.append(
            f"(coalesce({_STAGE}, 0) < {_number(stage, STAGES)} and {_at_least(_KIND, kind, CUSTOMER_KINDS)}{traded})"
        )
    return f"((a.stage is null or {_STAGE} is not null) and {_any(rows)})"


def _at_least(rank: str, name: str, order: Sequence[str]) -> str:
    return f"{rank} >= {_number(name, order)}"


def _number(name: str, order: Sequence[str]) -> int:
    return order.index(name) + 1


def _any(conditions: Iterable[str]) -> str:
    return f"({' or '.join(conditions) or 'false'})"
