"""What is particular to each object: presets, values that follow from others, refusals (HubSpot §17)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.errors import validation
from crosswalk_sandbox.hubspot.schema.types import (
    COMPANY,
    CONTACT,
    DEAL,
    INVOICE,
    LINE_ITEM,
    NOTE,
    PRODUCT,
    QUOTE,
    ObjectType,
)
from crosswalk_sandbox.hubspot.schema.values import number_text
from crosswalk_sandbox.hubspot.store import Properties, Record

TAX_GROUPS: Final = (
    {"id": "501", "name": "Sales tax", "label": "Sales tax", "percentageRate": 8.25, "active": True},
    {"id": "502", "name": "VAT 19", "label": "USt. 19 %", "percentageRate": 19, "active": True},
)
"""The account's tax rate groups."""
_COPIED: Final = (
    "name", "description", "price", "hs_sku", "hs_cost_of_goods_sold", "recurringbillingfrequency", "hs_recurring_billing_period", "tax",
)  # fmt: skip
_MONTHS: Final = {
    "monthly": 1, "quarterly": 3, "per_six_months": 6, "annually": 12, "per_two_years": 24, "per_three_years": 36,
    "per_four_years": 48, "per_five_years": 60,
}  # fmt: skip
_CENT: Final = Decimal("0.000001")
_PUBLISHED: Final = frozenset({"APPROVAL_NOT_NEEDED", "APPROVED"})


class Rules:
    """The rules of one account. ``linked`` tells the ids that a record is associated with, by type."""

    def __init__(self, account: Account, linked: Callable[[int, str], list[int]]) -> None:
        self._account = account
        self._linked = linked

    # before a write

    def prepare(self, kind: ObjectType, new: Properties, record: Record | None) -> Properties:
        """The values as they will be written. Raises Refusal 400 for what the object does not take."""
        found = dict(new)
        if kind.id in (CONTACT, COMPANY):
            self._forward_only(kind, found, record)
        if kind.id == COMPANY and found.get("domain"):
            found["domain"] = bare_host(found["domain"])
        if record is None:
            self._preset(kind, found)
        if kind.id == LINE_ITEM and found.get("hs_product_id"):
            self._from_product(found, record)
        if kind.id == QUOTE and record is not None:
            self._locked(found, record)
        return found

    def _forward_only(self, kind: ObjectType, new: Properties, record: Record | None) -> None:
        """A backward lifecycle stage is taken and ignored (§17)."""
        wanted, held = new.get("lifecyclestage"), (record.properties.get("lifecyclestage") if record else None)
        if not wanted or not held:
            return
        order = list(self._account.definitions(kind)["lifecyclestage"].values or ())
        if wanted in order and held in order and order.index(wanted) < order.index(held):
            del new["lifecyclestage"]

    def _preset(self, kind: ObjectType, new: Properties) -> None:
        for name, value in kind.preset.items():
            if not new.get(name):
                new[name] = value
        if kind.pipeline and new.get(kind.stage) and not new.get(kind.pipeline):
            new[kind.pipeline] = self._account.pipelines(kind)[0]["id"]
        now = moments.iso(self._account.store.now())
        if kind.id == INVOICE:
            for name, value in (("hs_invoice_date", now), ("hs_due_date", now), ("hs_invoice_status", "draft")):
                new[name] = new.get(name) or value
        if kind.id == QUOTE and "hs_template_type" not in new:
            new["hs_template_type"] = "CUSTOMIZABLE_QUOTE_TEMPLATE"

    def _from_product(self, new: Properties, record: Record | None) -> None:
        """Values are copied from the product at create; what was given stays (§17)."""
        product = self._account.store.record(int(Decimal(new["hs_product_id"])))
        if product is None or product.type != PRODUCT or product.state != 0:
            raise validation(f"Product {new['hs_product_id']} does not exist", hs_product_id=[new["hs_product_id"]])
        if record is None:
            for name in _COPIED:
                if name not in new and name in product.properties:
                    new[name] = product.properties[name]

    def _locked(self, new: Properties, record: Record) -> None:
        """A published quote takes nothing but another status (§17)."""
        if record.properties.get("hs_locked") != "true" or set(new) <= {
            "hs_status",
            "hs_payment_status",
            "hs_payment_date",
        }:
            return
        if new.get("hs_status") in ("DRAFT", "REJECTED", "PENDING_APPROVAL"):
            return
        raise validation(
            "The quote is published and locked; set hs_status back to DRAFT to change it", id=[str(record.id)]
        )

    def publishable(self, record: Record, before: str | None) -> None:
        """What a quote or invoice needs before it is issued. Raises Refusal 400 (§17)."""
        if record.type == QUOTE and record.properties.get("hs_status") in _PUBLISHED and before not in _PUBLISHED:
            for kind, word in (("0-64", "a quote template"), (LINE_ITEM, "a line item"), (DEAL, "a deal")):
                if not self._linked(record.id, kind):
                    raise validation(f"A quote needs {word} before it can be published", id=[str(record.id)])
        opened = record.type == INVOICE and record.properties.get("hs_invoice_status") == "open" and before != "open"
        if opened and record.properties.get("hs_invoice_billable") != "false":
            for kind, word in ((LINE_ITEM, "a line item"), (CONTACT, "a contact")):
                if not self._linked(record.id, kind):
                    raise validation(f"An invoice needs {word} before it can be opened", id=[str(record.id)])

    def deletable(self, record: Record) -> None:
        """Only drafts of invoices can be deleted (§17). Raises Refusal 400."""
        if record.type != INVOICE:
            return
        allowed = {"draft", *(("open",) if self._account.options.invoices_open_deletable else ())}
        if record.properties.get("hs_invoice_status", "draft") not in allowed:
            raise validation("Only draft invoices can be deleted", id=[str(record.id)])

    # values that follow

    def calculate(self, record: Record, changed: Mapping[str, str | None]) -> None:
        """Set what the platform calculates; ``changed`` are the old values of what was written."""
        follow = {
            DEAL: self._deal,
            LINE_ITEM: _line_item,
            CONTACT: _person,
            COMPANY: _company,
            QUOTE: self._quote,
            INVOICE: self._invoice,
            NOTE: _note,
        }
        if record.type in follow:
            follow[record.type](record, changed)

    def _deal(self, record: Record, changed: Mapping[str, str | None]) -> None:
        held, kind = record.properties, self._account.types.by_id(DEAL)
        stage = self._account.stage(kind, held.get("pipeline"), held.get("dealstage"))
        share = Decimal(stage["metadata"].get("probability", "0")) if stage else Decimal(0)
        closed = stage["metadata"].get("isClosed") == "true" if stage else False
        won = closed and share == 1
        now = moments.iso(self._account.store.now())
        if "dealstage" in changed and changed["dealstage"] != held.get("dealstage"):
            for name, verb in ((changed["dealstage"], "exited"), (held.get("dealstage"), "entered")):
                if name:
                    held[f"hs_date_{verb}_{name}"] = held[f"hs_v2_date_{verb}_{name}"] = now
            if closed and not held.get("closedate"):
                held["closedate"] = now
        held |= {
            "hs_is_closed": _bool(closed),
            "hs_is_closed_won": _bool(won),
            "hs_is_closed_lost": _bool(closed and not won),
        }
        held["hs_deal_stage_probability"] = number_text(share)
        self._amounts(held, share, won)
        closes = moments.read(held.get("closedate", ""))
        _put(held, "days_to_close", None if closes is None else str(max((closes - record.created) // 86_400_000, 0)))

    def _amounts(self, held: Properties, share: Decimal, won: bool) -> None:
        rate = self._account.rate(held.get("deal_currency_code"))
        amount = Decimal(held["amount"]) if held.get("amount") else None
        home = None if amount is None or rate is None else amount * Decimal(str(rate))
        _put(held, "amount_in_home_currency", _money(home))
        _put(held, "hs_projected_amount", _money(None if amount is None else amount * share))
        _put(held, "hs_forecast_amount", _money(amount))
        _put(held, "hs_closed_amount", _money(None if amount is None else amount if won else Decimal(0)))
        _put(held, "hs_exchange_rate", number_text(rate) if held.get("deal_currency_code") and rate else None)

    def _quote(self, record: Record, _changed: Mapping[str, str | None]) -> None:
        held, key = record.properties, f"{record.id:x}"
        published = held.get("hs_status") in _PUBLISHED
        _put(held, "hs_locked", "true" if published else "false")
        if published and not held.get("hs_quote_number"):
            day = moments.day(self._account.store.now()).replace("-", "")
            base = f"https://quotes.example/{key}"
            held |= {
                "hs_quote_number": f"{day}-{record.id}",
                "hs_public_url_key": key,
                "hs_quote_link": base,
                "hs_pdf_download_link": f"{base}.pdf",
            }
        held["hs_quote_amount"] = self.sum_of_lines(record)

    def _invoice(self, record: Record, _changed: Mapping[str, str | None]) -> None:
        held = record.properties
        billed = self.sum_of_lines(record)
        held |= {
            "hs_amount_billed": billed,
            "hs_balance_due": "0" if held.get("hs_invoice_status") in ("paid", "voided") else billed,
        }

    def sum_of_lines(self, record: Record) -> str:
        """The net amounts of a record's line items together."""
        lines = self._account.store.records(LINE_ITEM, self._linked(record.id, LINE_ITEM)).values()
        return number_text(sum((Decimal(line.properties.get("amount") or "0") for line in lines), Decimal(0)))


def bare_host(text: str) -> str:
    """``https://www.Example.com/x`` as the company domain ``example.com``."""
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    return re.split(r"[/?#:]", host)[0].removeprefix("www.")


def _line_item(record: Record, _changed: Mapping[str, str | None]) -> None:
    held = record.properties
    if not held.get("price") or not held.get("quantity"):
        return
    price, quantity = Decimal(held["price"]), Decimal(held["quantity"])
    before = price * quantity
    less = (
        Decimal(held["discount"]) * quantity
        if held.get("discount")
        else before * Decimal(held.get("hs_discount_percentage") or "0") / 100
    )
    net = before - less
    group = next((one for one in TAX_GROUPS if one["id"] == held.get("hs_tax_rate_group_id")), None)
    tax = net * Decimal(str(group["percentageRate"])) / 100 if group else Decimal(held.get("tax") or "0")
    _put(held, "hs_tax_rate", str(group["percentageRate"]) if group else None)
    _put(held, "hs_tax_label", str(group["label"]) if group else None)
    for name, value in (
        ("hs_pre_discount_amount", before), ("hs_total_discount", less), ("amount", net), ("hs_tax_amount", tax),
        ("hs_post_tax_amount", net + tax), ("hs_effective_unit_price", net / quantity if quantity else Decimal(0)),
        ("hs_margin", net - Decimal(held.get("hs_cost_of_goods_sold") or "0") * quantity),
    ):  # fmt: skip
        _put(held, name, _money(value))
    _recurring(held, net)


def _recurring(held: Properties, net: Decimal) -> None:
    """MRR and its kin; a one-time item has none."""
    months = _MONTHS.get(held.get("recurringbillingfrequency", ""))
    found = re.fullmatch(r"P(\d+)([MY])", held.get("hs_recurring_billing_period", ""))
    term = int(found[1]) * (12 if found[2] == "Y" else 1) if found else None
    monthly = None if months is None else net / months
    for name, value in (
        ("hs_mrr", monthly), ("hs_arr", None if monthly is None else monthly * 12),
        ("hs_acv", net if monthly is None else monthly * min(term or 12, 12)),
        ("hs_tcv", net if monthly is None else monthly * (term or 12)),
        ("hs_term_in_months", None if term is None else Decimal(term)),
    ):  # fmt: skip
        _put(held, name, _money(value))


def _person(record: Record, _changed: Mapping[str, str | None]) -> None:
    held = record.properties
    _put(held, "hs_email_domain", held["email"].rpartition("@")[2] if held.get("email") else None)
    _phone(held)


def _company(record: Record, _changed: Mapping[str, str | None]) -> None:
    _phone(record.properties)


def _note(record: Record, _changed: Mapping[str, str | None]) -> None:
    text = re.sub(r"<[^>]*>", " ", record.properties.get("hs_note_body", ""))
    _put(record.properties, "hs_body_preview", " ".join(text.split()) or None)


def _phone(held: Properties) -> None:
    digits = re.sub(r"\D", "", held.get("phone", ""))
    _put(held, "hs_searchable_calculated_phone_number", digits[-10:] or None)


def _bool(value: object) -> str:
    return "true" if value else "false"


def _money(value: Decimal | None) -> str | None:
    return None if value is None else number_text(value.quantize(_CENT))


def _put(held: Properties, name: str, value: str | None) -> None:
    if value is None:
        held.pop(name, None)
    else:
        held[name] = value
