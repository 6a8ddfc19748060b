"""Deals with their line items, some with a quote."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company.blocks import ROUND
from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.pipelines import KEY_ACCOUNT_STAGES, KEY_ACCOUNTS
from crosswalk_sandbox.hubspot.schema.types import COMPANY, DEAL, LINE_ITEM, PRODUCT, QUOTE
from crosswalk_sandbox.hubspot.schema.values import number_text

from .rows import BASES, OWNER_BASE, Group, Row, amount, flag, links, milliseconds, row

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, Deal, DealLine
    from crosswalk_sandbox.hubspot.account import Account

_STAGES: Final = {
    10: "appointmentscheduled", 20: "qualifiedtobuy", 50: "presentationscheduled", 60: "decisionmakerboughtin", 70: "contractsent",
    75: "contractsent", 90: "contractsent", 100: "closedwon", 0: "closedlost",
}  # fmt: skip
_SHARES: Final = {"appointmentscheduled": "0.2", "qualifiedtobuy": "0.4", "presentationscheduled": "0.6", "decisionmakerboughtin": "0.8", "contractsent": "0.9", "closedwon": "1", "closedlost": "0"}  # fmt: skip
_EVERY_KEY_ACCOUNT: Final = 12
_EVERY_QUOTE: Final = 40


class Deals:
    """Turns deals into rows; ``by_party`` remembers the ids of each party's."""

    def __init__(self, account: Account, company: Company, names: Mapping[int, tuple[str, str]]) -> None:
        self._erp = account.options.erp_properties
        self._currencies = account.options.currencies
        self._names = names
        self._rates = {one.code: one.rate for one in company.currencies}
        self.by_party: dict[int, list[int]] = {}

    def group(self, deal: Deal) -> Group:
        """A deal with its line items and its company."""
        ident, since = BASES[DEAL] + deal.sequence, milliseconds(deal.created)
        self.by_party.setdefault(deal.party, []).append(ident)
        pipeline, stage, share = _stage(deal)
        closes = f"{deal.close_date.isoformat()}T12:00:00Z"
        entered = moments.iso(milliseconds(deal.modified))
        home = deal.amount * self._rates.get(deal.currency, Decimal(1))
        active = deal.currency in self._currencies
        own = {
            "erp_key": deal.stored_erp_id,
            "erp_order_number": deal.stored_order_number,
            "po_number": deal.purchase_order,
        }
        properties = {
            "dealname": deal.name, "amount": amount(deal.amount), "deal_currency_code": deal.currency if active else None,
            "closedate": closes, "pipeline": pipeline, "dealstage": stage,
            "dealtype": "newbusiness" if deal.kind == "New Customer" else "existingbusiness", "hs_next_step": deal.next_step,
            "description": deal.description, "hubspot_owner_id": str(OWNER_BASE + deal.owner), "hs_is_closed": flag(deal.is_closed),
            "hs_is_closed_won": flag(deal.is_won), "hs_is_closed_lost": flag(deal.is_closed and not deal.is_won),
            "hs_deal_stage_probability": share, "amount_in_home_currency": amount(home),
            "hs_exchange_rate": number_text(self._rates.get(deal.currency, Decimal(1))), "hs_forecast_amount": amount(deal.amount),
            "hs_projected_amount": amount(deal.amount * Decimal(share)), "hs_closed_amount": amount(deal.amount) if deal.is_won else "0",
            "days_to_close": days_to_close(closes, since), f"hs_date_entered_{stage}": entered,
            f"hs_v2_date_entered_{stage}": entered, "hs_num_of_associated_line_items": str(len(deal.lines)),
            **(own if self._erp else {}),
        }  # fmt: skip
        rows = [row(DEAL, deal.sequence, deal.created, deal.modified, properties)]
        found = links(ident, DEAL, BASES[COMPANY] + deal.party, COMPANY, ((341, 342), (5, 6)), since)
        for line in deal.lines:
            rows.append(self._line(deal, line))
            found += links(ident, DEAL, BASES[LINE_ITEM] + line.sequence, LINE_ITEM, ((19, 20),), since)
        if stage == "contractsent" and _place(deal) % _EVERY_QUOTE == 0:
            rows.append(self._quote(deal))
            found += links(ident, DEAL, BASES[QUOTE] + deal.sequence, QUOTE, ((63, 64),), since)
        return rows, found

    def _line(self, deal: Deal, line: DealLine) -> Row:
        name, code = self._names.get(line.product, ("", ""))
        before, less = line.list_price * line.quantity, (line.list_price - line.unit_price) * line.quantity
        net = before - less
        properties = {
            "name": name, "hs_product_id": str(BASES[PRODUCT] + line.product) if name else None, "hs_sku": code or None,
            "description": line.description, "quantity": amount(line.quantity), "price": amount(line.list_price),
            "discount": amount(line.list_price - line.unit_price) if less else None,
            "hs_line_item_currency_code": deal.currency if deal.currency in self._currencies else None,
            "hs_position_on_quote": str(line.position), "hs_pre_discount_amount": amount(before), "hs_total_discount": amount(less),
            "amount": amount(net), "hs_effective_unit_price": amount(line.unit_price), "hs_tax_amount": "0",
            "hs_post_tax_amount": amount(net), "hs_margin": amount(net), "hs_acv": amount(net), "hs_tcv": amount(net),
        }  # fmt: skip
        return row(LINE_ITEM, line.sequence, deal.created, deal.modified, properties)

    def _quote(self, deal: Deal) -> Row:
        properties = {
            "hs_title": deal.name, "hs_expiration_date": deal.close_date.isoformat(), "hs_status": "DRAFT",
            "hs_currency": deal.currency if deal.currency in self._currencies else None,
            "hs_template_type": "CUSTOMIZABLE_QUOTE_TEMPLATE", "hs_locked": "false", "hs_quote_amount": "0",
            "hubspot_owner_id": str(OWNER_BASE + deal.owner),
        }  # fmt: skip
        return row(QUOTE, deal.sequence, deal.created, deal.modified, properties)


def days_to_close(closes: str, created: int) -> str:
    """Whole days from the instant a deal was made to the one it closes."""
    return str(max((moments.read(closes) or 0) - created, 0) // 86_400_000)


def _place(deal: Deal) -> int:
    """What a deal and its copies have in common."""
    return deal.sequence % ROUND


def _stage(deal: Deal) -> tuple[str, str, str]:
    """Pipeline, stage and probability; every twelfth deal is a key account's."""
    if _place(deal) % _EVERY_KEY_ACCOUNT != 5:
        stage = _STAGES.get(deal.probability, "qualifiedtobuy")
        return "default", stage, _SHARES[stage]
    at = {100: 4, 0: 5}.get(deal.probability, min(deal.probability // 25, 3))
    return KEY_ACCOUNTS, KEY_ACCOUNT_STAGES[at][0], number_text(Decimal(KEY_ACCOUNT_STAGES[at][2]))
