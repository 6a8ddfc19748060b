"""New customers: which accounts qualify, parents before children, and parents that come late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import psycopg

from crosswalk.hub import quarantine
from crosswalk.hub.codec import encode
from crosswalk.hub.intent import OF_SOURCE
from crosswalk.hub.intents import IntentDraft
from crosswalk.hub.links import counterparts
from crosswalk.hub.merges import survivors
from crosswalk.hub.reading import children, images
from crosswalk.hub.rule_sets import advance
from crosswalk.identity.twins import twins_of
from crosswalk.lifecycle.rules import first_kind, makers
from crosswalk.model.entities import CUSTOMER, CUSTOMER_KINDS, DEAL
from crosswalk.model.errors import ConfigurationError, ValidationError
from crosswalk.model.records import Image
from crosswalk.orders.build import Draft, ParentOf, customer_draft, customer_key
from crosswalk.orders.customers import customer_under_way, qualifies, rule_of, unqualified
from crosswalk.orders.facts import DealFacts, Problem
from crosswalk.orders.readiness import customer_problems_of
from crosswalk.pairing import Pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.facts import subsidiary_of
from crosswalk.stages.gate import effective_mode
from crosswalk.stages.lifecycle_orders import lifecycle_in_force, not_converted

MOST_LEVELS = 10

_UNLINKED = """
select c.key from hub.customer c
 where c.system = %(crm)s and c.deleted_at is null and c.counterpart_key is null and {condition}
   and not exists (select 1 from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = c.system and e.key = c.key)
   and not exists (select 1 from hub.intent i where i.source_system = c.system and i.source_key = c.key and i.pairing = %(pairing)s
                      and i.flow = 'orders' and i.entity = 'customer' and i.operation = 'create' and i.status in ('sending', 'in_doubt', 'done'))
 order by c.key
"""
_CONDITIONS = {
    "makers": "c.stage = any(%(makers)s)",
    "stage": """exists (select 1 from hub.deal d where d.system = c.system and d.customer_key = c.key and d.deleted_at is null
                           and d.stage = %(named)s and (d.is_closed is not true or d.is_won))""",
    "type": "c.extras ->> 'type' = %(named)s",
    "flag": "c.extras ->> %(named)s = 'true'",
}

# Sent, or perhaps sent, and not linked yet.
_UNDER_WAY = """
select i.source_key from hub.intent i
 where i.pairing = %(pairing)s and i.flow = 'orders' and i.source_system = %(crm)s and i.entity = 'customer' and i.operation = 'create'
   and (i.status in ('sending', 'in_doubt') or (i.status = 'planned' and i.resend_after is not null) or (i.status = 'done' and i.settled_at is null))
"""

# Only customers we made, and only where the ERP names no parent: what somebody entered there stays, and what was taken away stays away.
_LATE_PARENTS = """
select account.key, account.version, child.key, child.name, child.version, parents.key
  from ({candidates}) i
 cross join lateral (select c.key, c.version, c.parent_key from hub.customer c
                      where c.system = %(crm)s and c.key = i.source_key and c.deleted_at is null and c.parent_key is not null limit 1) account
 cross join lateral (select e.link_id from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(crm)s
                        and e.key = account.key limit 1) mine
 cross join lateral (select e.key from hub.link_end e where e.link_id = mine.link_id and e.system = %(erp)s offset 0) theirs
 cross join lateral (select c.key, c.name, c.version from hub.customer c
                      where c.system = %(erp)s and c.key = theirs.key and c.deleted_at is null and c.parent_key is null
                        and not exists (select 1 from hub.agreed_parent p where p.link_id = mine.link_id) limit 1) child
 cross join lateral (select e.link_id from hub.link_end e where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(crm)s
                        and e.key = account.parent_key limit 1) above
 cross join lateral (select e.key from hub.link_end e
                      where e.link_id = above.link_id and e.system = %(erp)s and e.key <> child.key offset 0) parents
 order by account.key
"""

_MADE = """
select distinct i.source_key from hub.intent i
 where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'customer' and i.operation = 'create' and i.status = 'done'
"""

# Of what was made: accounts that changed, whose customer changed, that were linked or whose parent was, and what is wanted and not done.
_TOUCHED = f"""
with linked as materialized (
    select e.key from hub.link l
     cross join lateral (select e.key from hub.link_end e where e.link_id = l.id and e.system = %(crm)s limit 1) e
     where l.pairing = %(pairing)s and l.entity = 'customer' and l.created_at > %(since)s
),
touched as materialized (
    select key from hub.customer where system = %(crm)s and changed_at > %(since)s
     union
    select key from linked
     union
    select child.key from linked
     cross join lateral (select c.key from hub.customer c where c.system = %(crm)s and c.parent_key = linked.key offset 0) child
     union
    select theirs.key from hub.customer c
     cross join lateral (select e.link_id from hub.link_end e
                          where e.pairing = %(pairing)s and e.entity = 'customer' and e.system = %(erp)s and e.key = c.key limit 1) mine
     cross join lateral (select e.key from hub.link_end e where e.link_id = mine.link_id and e.system = %(crm)s limit 1) theirs
     where c.system = %(erp)s and c.changed_at > %(since)s
     union
    select source_key from hub.intent
     where pairing = %(pairing)s and flow = 'orders' and status in ('planned', 'held') and entity = 'customer' and operation = 'update'
     union
    select source_key from hub.intent
     where pairing = %(pairing)s and flow = 'orders' and status in ('rejected', 'shadowed') and entity = 'customer' and operation = 'update'
)
select made.source_key
  from touched t
 cross join lateral (select i.source_key from {OF_SOURCE.format("%(crm)s", "t.key")} i
                      where i.pairing = %(pairing)s and i.flow = 'orders' and i.entity = 'customer' and i.operation = 'create'
                        and i.status = 'done' limit 1) made
"""


class Customers:
    """The accounts of a plan's deals that have no customer, with everybody above them."""

    def __init__(self, ctx: StageContext, connection: psycopg.Connection, deals: Sequence[DealFacts]) -> None:
        self._ctx, self._connection = ctx, connection
        self._rule = ctx.pairing.orders.create_customers
        self._crm, self._erp = ctx.pairing.crm.system, ctx.pairing.erp.system
        _refuse_unmapped(ctx, self._rule)
        self._lifecycle = lifecycle_in_force(ctx, connection)
        self._makers = makers(self._lifecycle) if self._lifecycle else ()
        self._won: set[str] = set()
        self._facts: dict[str, DealFacts] = {}
        self._linked: dict[str, str] = {}
        self._qualified: dict[str, bool] = {}
        self._expected = under_way(connection, ctx.pairing)
        new = {
            one.account.key: (one, one.account) for one in deals if one.account is not None and one.customer_key is None
        }
        self._facts.update({key: facts for key, (facts, _) in new.items()})
        self._learn([account for _, account in new.values()])

    # --- what is known ----------------------------------------------------------------------------------

    def _learn(self, accounts: Sequence[Image]) -> None:
        """Read who is above these accounts, level by level, and which of all of them qualify."""
        level = list(accounts)
        for _ in range(MOST_LEVELS):
            self._qualify(level)
            above = sorted({str(one.values["parent_key"]) for one in level if one.values.get("parent_key")})
            above = [key for key in above if key not in self._facts and key not in self._linked]
            self._linked |= counterparts(
                self._connection, self._ctx.pairing.name, "customer", self._crm, self._erp, above
            )
            level = self._read([key for key in above if key not in self._linked])
            if not level:
                return

    def _read(self, keys: Sequence[str]) -> list[Image]:
        found = [one for one in images(self._connection, CUSTOMER, self._crm, keys).values() if not one.deleted]
        twins = twins_of(self._connection, self._ctx.pairing, [one.key for one in found])
        for account in found:
            labels = tuple(twin.label for twin in twins.get(account.key, ()))
            facts = DealFacts(_no_deal(account), (), account, None, None, {}, labels)
            self._facts[account.key] = replace(facts, subsidiary=subsidiary_of(facts, self._ctx.pairing))
        return found

    def _qualify(self, accounts: Sequence[Image]) -> None:
        keys = [account.key for account in accounts]
        deals = children(self._connection, DEAL, self._crm, "customer_key", keys)
        for account in accounts:
            of_account = deals.get(account.key, ())
            by_stage = not account.deleted and account.values.get("stage") in self._makers
            self._qualified[account.key] = by_stage or qualifies(account, of_account, self._rule)
            if any(deal.values.get("is_won") is True and not deal.deleted for deal in of_account):
                self._won.add(account.key)

    # --- what the plan asks -----------------------------------------------------------------------------

    def problems_of(self, facts: DealFacts) -> list[Problem]:
        """Return why the account of a won deal may not become a customer."""
        account = facts.account
        if account is None:
            return []
        if facts.customer_key is not None:
            waits = self._lifecycle and not_converted(facts, self._lifecycle)
            return [waits] if waits else []
        if rule_of(self._rule)[0] == "never":
            return []  # readiness says so
        if account.key in self._expected:
            return [customer_under_way(account, self._expected[account.key])]
        return [] if self._qualified.get(account.key) else [unqualified(account, self._rule)]

    def parent_of(self, facts: DealFacts) -> ParentOf | None:
        """Return the parent a new customer gets: the ERP's, or one that is created first; None where neither can be."""
        if facts.account is None or facts.customer_key is not None:
            return None
        return self._parent(facts.account, {facts.account.key})

    def _parent(self, account: Image, below: set[str]) -> ParentOf | None:
        key = account.values.get("parent_key")
        if not isinstance(key, str) or key in below:
            return None
        if key in self._linked:
            return ParentOf(customer_key=self._linked[key])
        if key in self._facts and self._ready(self._facts[key]):
            prefixes = self._ctx.pairing.crm.key_prefixes
            return ParentOf(depends_on=customer_key(prefixes, key, self._facts[key].subsidiary))
        return None

    def _ready(self, facts: DealFacts) -> bool:
        account = facts.account
        if account is None or not self._qualified.get(account.key) or account.key in self._expected:
            return False
        return not customer_problems_of(facts, self._ctx.pairing.orders)

    def above(self, facts: DealFacts) -> list[Draft]:
        """Return the customers that are created before this deal's, topmost first."""
        if facts.account is None or facts.customer_key is not None:
            return []
        chain: list[Draft] = []
        account, below = facts.account, {facts.account.key}
        while (parent := self._parent(account, below)) is not None and parent.depends_on is not None:
            key = str(account.values["parent_key"])
            below.add(key)
            account = self._facts[key].account or account
            chain.append(self._draft(self._facts[key], below))
        return chain[::-1]

    def _draft(self, facts: DealFacts, below: set[str]) -> Draft:
        assert facts.account is not None
        pairing = self._ctx.pairing
        parent = self._parent(facts.account, below)
        return customer_draft(facts, facts.account, pairing.orders, pairing.crm.key_prefixes, parent)

    def kind_of(self, account: Image) -> str | None:
        """Return the kind that the rule table makes a new customer; None where there is no table, or the pairing's other rules decide."""
        if self._lifecycle is None:
            return None
        return first_kind(account.values.get("stage"), account.key in self._won, self._lifecycle) or CUSTOMER_KINDS[-1]

    def others(self) -> list[Draft]:
        """Return the customers that the rules want without a won deal, parents first; those that are not ready go to quarantine."""
        kind, named = rule_of(self._rule)
        kinds = [one for one in (kind, "makers" if self._makers else "") if one in _CONDITIONS]
        if not kinds:
            return []
        parameters = {"crm": self._crm, "pairing": self._ctx.pairing.name, "named": named, "makers": list(self._makers)}
        query = _UNLINKED.format(condition=f"({' or '.join(_CONDITIONS[one] for one in kinds)})")
        found = self._connection.execute(query.encode(), parameters).fetchall()
        keys = [key for (key,) in found if key not in self._expected]
        self._learn(self._read([key for key in keys if key not in self._facts]))
        drafts: dict[str, Draft] = {}
        ready = []
        for key in keys:
            facts = self._facts[key]
            problems = customer_problems_of(facts, self._ctx.pairing.orders)
            if problems:
                self._quarantine(facts, problems)
                continue
            ready.append(key)
            for draft in (*self.above(facts), self._draft(facts, {key})):
                drafts.setdefault(draft.key, draft)
        self._let_out(ready)
        return list(drafts.values())

    def place_of(self, draft: Draft) -> DealFacts:
        """Return the facts a customer was drafted from."""
        return self._facts[draft.source.key]

    def _quarantine(self, facts: DealFacts, problems: Sequence[Problem]) -> None:
        assert facts.account is not None
        hint = " ".join(dict.fromkeys(problem.hint for problem in problems))
        first = problems[0]
        quarantine.put(
            self._connection,
            pairing=self._ctx.pairing.name,
            system=self._crm,
            entity="customer",
            key=facts.account.key,
            stage="plan",
            error=ValidationError(first.message, hint=hint, field=first.field, code=first.code),
            payload={"name": facts.account.values.get("name"), "code": first.code},
            run_id=self._ctx.run_id,
        )

    def _let_out(self, keys: Sequence[str]) -> None:
        quarantine.resolve_keys(
            self._connection,
            pairing=self._ctx.pairing.name,
            system=self._crm,
            entity="customer",
            stage="plan",
            keys=keys,
            run_id=self._ctx.run_id,
        )


def under_way(connection: psycopg.Connection, pairing: Pairing) -> dict[str, str]:
    """Return accounts whose customer is being made for another that was merged into them since, each with that other one."""
    crm = pairing.crm.system
    keys = [key for (key,) in connection.execute(_UNDER_WAY, {"pairing": pairing.name, "crm": crm}).fetchall()]
    merged = survivors(connection, crm, "customer", keys) if keys else {}
    return {survivor: loser for loser, survivor in merged.items()}


def _no_deal(account: Image) -> Image:
    """Return what the pairing's rules may go by where no deal is: the account's currency."""
    values = {"currency": account.values.get("currency"), "name": account.values.get("name")}
    return Image(account.system, "deal", account.key, account.version, None, False, values)


def _refuse_unmapped(ctx: StageContext, rule: str) -> None:
    kind, named = rule_of(rule)
    field = "type" if kind == "type" else named
    if kind in ("type", "flag") and field not in ctx.mapper("crm", "customer").mapping.extras:
        file = ctx.pairing.crm.mapping
        raise ConfigurationError(
            f"orders.create_customers goes by the account's {field!r}, which {file} does not read.",
            hint=f"Add it under customer, extras: `{field}: {{native: …, law: one_way{', kind: boolean' if kind == 'flag' else ''}}}`.",
            field="orders.create_customers",
        )


def parent_links(ctx: StageContext, connection: psycopg.Connection) -> Iterator[IntentDraft]:
    """Yield the update that gives a customer we made its parent, once the parent is a customer, too. All of them are looked at once, then
    those to whom something happened since the last look. Where the CRM's parents are carried anyway, the flow that does so does this, too.
    """
    if effective_mode(ctx, connection, "parents_to_erp") == "live":
        return
    crm, erp, mapper = ctx.pairing.crm.system, ctx.pairing.erp.system, ctx.mapper("erp", "customer")
    since = advance(connection, ctx.pairing.name, "late_parents", [["systems", crm, erp]], ctx.run_id).since
    query = _LATE_PARENTS.format(candidates=_MADE if since is None else _TOUCHED)
    parameters = {"crm": crm, "erp": erp, "pairing": ctx.pairing.name, "since": since}
    for account, seen, child, name, version, parent in connection.execute(query.encode(), parameters).fetchall():
        yield IntentDraft(
            key=f"{customer_key(ctx.pairing.crm.key_prefixes, account)}-PARENT-{parent}",
            entity="customer",
            operation="update",
            source_system=crm,
            source_key=account,
            source_version=seen,
            target_system=erp,
            target_key=child,
            depends_on=None,
            payload={
                "label": name,
                "values": encode(mapper.to_native({"parent_key": parent})),
                "lines": [],
                "version": version,
            },
        )
