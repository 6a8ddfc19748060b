"""Money, days, quantities and names as people read them, the same in every locale: the pages are English, the figures of any country."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from crosswalk.platforms import platforms, title_of

THIN = "\u202f"
NOTHING = "—"


def money(amount: Decimal | None, currency: str | None = None) -> str:
    """Return an amount with the currency's decimals and its code, ``1 234.50 EUR``; a dash for none."""
    if amount is None:
        return NOTHING
    exact = max(_decimals(currency), 0)
    rounded = amount.quantize(Decimal(1).scaleb(-exact), rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}".replace(",", THIN).replace("-", "\u2212")
    return f"{text}\u00a0{currency}" if currency else text


def quantity(value: Decimal | None) -> str:
    """Return a quantity without zeros that say nothing."""
    if value is None:
        return NOTHING
    text = f"{value:,f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(",", THIN).replace("-", "\u2212")


def day(value: date | None) -> str:
    """Return a date that nobody reads as another one: ``4 May 2026``."""
    return NOTHING if value is None else f"{value.day}\u00a0{value:%b}\u00a0{value.year}"


def share(value: Decimal | float | None) -> str:
    """Return a share as whole percents, never 100 for less than all."""
    if value is None:
        return NOTHING
    return f"{99 if 0.99 < float(value) < 1 else round(float(value) * 100)}{THIN}%"


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    for size, unit, rest, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            left = whole % size // rest
            return f"{whole // size}{THIN}{unit}" + (f" {left}{THIN}{small}" if left else "")
    return f"{seconds:.1f}{THIN}s" if seconds < 10 else f"{whole}{THIN}s"


def said(message: str | None) -> str:
    """Return an error's message with the system that it begins with written as its vendor does."""
    lead, colon, rest = (message or "").partition(": ")
    return f"{title_of(lead)}{colon}{rest}" if colon and lead in platforms() else message or ""


def flow(name: str) -> str:
    """Return a flow's name, ``lifecycle to ERP``."""
    words = {"crm": "CRM", "erp": "ERP"}
    return " ".join(words.get(word, word) for word in name.split("_"))


def rule(name: str, crm: str, erp: str) -> str:
    """Return what linked two records, ``the same name and billing postal code``; ``crm`` and ``erp`` are the systems."""
    kind, _, rest = name.partition(":")
    if kind == "stored_key":
        here, there = (crm, erp) if rest == "crm" else (erp, crm)
        return f"{title_of(there)}'s id in {title_of(here)}"
    if kind == "exact":
        fields = [field.replace("_", " ") for field in re.split(r"[+,]", rest)]
        return "the same " + " and ".join(filter(None, [", ".join(fields[:-1]), fields[-1]]))
    return _RULES.get(kind, name.replace("_", " "))


_RULES = {
    "scored": "resemblance",
    "intent": "being created from it",
    "intent_key": "its key",
    "person": "a person's decision",
}


@lru_cache(maxsize=64)
def _decimals(currency: str | None) -> int:
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency) if currency else 2
