"""Owners, account facts, currencies, tax rates (HubSpot §14, §17, §18)."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import missing, validation
from crosswalk_sandbox.hubspot.limits import Limits
from crosswalk_sandbox.hubspot.records.batches import finished
from crosswalk_sandbox.hubspot.records.rules import TAX_GROUPS

_RATES: Final = "/settings/v3/currencies/exchange-rates"
_NAMES: Final = {
    "USD": "US Dollar", "EUR": "Euro", "GBP": "British Pound", "CAD": "Canadian Dollar", "CHF": "Swiss Franc", "AUD": "Australian Dollar",
    "JPY": "Japanese Yen", "SEK": "Swedish Krona", "NOK": "Norwegian Krone", "DKK": "Danish Krone", "PLN": "Polish Zloty",
    "CZK": "Czech Koruna", "INR": "Indian Rupee", "CNY": "Chinese Yuan", "BRL": "Brazilian Real", "MXN": "Mexican Peso",
}  # fmt: skip


class FactRoutes:
    """Serves what clients ask at connect."""

    def __init__(self, account: Account, limits: Limits) -> None:
        self._account = account
        self._limits = limits
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        base = "/settings/v3/currencies"
        for methods, path, handler in (
            ("GET", "/crm/v3/owners", self.owners), ("GET", "/crm/v3/owners/{ident}", self.owner),
            ("GET", "/account-info/v3/details", self.details),
            ("GET", "/account-info/v3/api-usage/daily/private-apps", self.usage),
            ("GET", "/tax-rates/v1/tax-rates", self.tax_rates), ("GET", f"{base}/codes", self.codes),
            ("GET", f"{base}/company-currency", self.company_currency), ("PUT", f"{base}/company-currency", self.set_company_currency),
            ("GET", f"{base}/central-fx-rates/information", self.central), ("GET", f"{_RATES}/current", self.rates),
            ("POST", f"{_RATES}/batch/read", self.read_rates), ("POST", f"{_RATES}/batch/create", self.create_rates),
            ("GET", _RATES, self.rates), ("POST", _RATES, self.create_rate), ("GET", f"{_RATES}/{{ident:d}}", self.rate),
            ("PATCH", f"{_RATES}/{{ident:d}}", self.change_rate),
        ):  # fmt: skip
            routes.add(methods, path, handler)

    # owners

    def owners(self, call: Call) -> Reply:
        """Present or former owners, a page of up to 500."""
        limit, after = call.number("limit", 100, 500), call.number("after", 0, 10**18, least=0)
        where = "archived = ? AND id >= ?"
        parameters: list[object] = [int(call.flag("archived")), after]
        if call.text("email"):
            where += " AND email = ?"
            parameters.append(call.text("email").lower())
        rows = self._store.rows(
            f"SELECT id, shown FROM owner WHERE {where} ORDER BY id LIMIT ?", [*parameters, limit + 1]
        )
        answer: dict[str, Any] = {"results": [orjson.loads(shown) for _, shown in rows[:limit]]}
        if len(rows) > limit:
            following = str(rows[limit][0])
            answer["paging"] = {
                "next": {"after": following, "link": call.link(following, self._account.options.link_host)}
            }
        return Reply(200, answer)

    def owner(self, call: Call, ident: str) -> Reply:
        """One owner by its id or its user's."""
        column = {"userId": "user", "": "id", "id": "id"}.get(call.text("idProperty"))
        if column is None:
            raise validation("idProperty is id or userId", idProperty=[call.text("idProperty")])
        number = int(ident) if ident.isdigit() else -1
        found = self._store.shown(
            f"SELECT shown FROM owner WHERE {column} = ? AND archived = ?", (number, int(call.flag("archived")))
        )
        if not found:
            raise missing(f"Owner {ident} does not exist", ownerId=[ident])
        return Reply(200, found[0])

    # the account

    def details(self, call: Call) -> Reply:
        """Time zone and currencies decide the mapping (§18)."""
        options = self._account.options
        offset = self._store.clock.now().astimezone(ZoneInfo(options.time_zone)).utcoffset()
        minutes = int(offset.total_seconds() // 60) if offset else 0
        sign = "-" if minutes < 0 else "+"
        base = self._account.company_currency()
        return Reply(200, {
            "portalId": options.portal_id, "accountType": "STANDARD", "timeZone": options.time_zone, "companyCurrency": base,
            "additionalCurrencies": [code for code in self._account.currencies() if code != base],
            "utcOffset": f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}", "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
        })  # fmt: skip

    def usage(self, call: Call) -> Reply:
        """The day's calls of all private apps."""
        found = self._limits.usage()
        resets = moments.iso(moments.milliseconds(found["resets"].astimezone(UTC)))
        entry = {
            "name": "private-apps-api-calls-daily", "usageLimit": found["limit"], "currentUsage": found["used"],
            "collectedAt": moments.iso(self._store.now()), "fetchStatus": "SUCCESS", "resetsAt": resets,
        }  # fmt: skip
        return Reply(200, {"results": [entry]})

    def tax_rates(self, call: Call) -> Reply:
        """The tax rate groups that line items may name."""
        return Reply(200, {"results": list(TAX_GROUPS)})

    # currencies

    def codes(self, call: Call) -> Reply:
        """Currencies the platform knows."""
        return Reply(
            200, {"results": [{"currencyCode": code, "currencyName": name} for code, name in sorted(_NAMES.items())]}
        )

    def company_currency(self, call: Call) -> Reply:
        """The home currency."""
        return Reply(
            200,
            {
                "id": "1",
                "currencyCode": self._account.company_currency(),
                "createdAt": self._founded(),
                "updatedAt": self._founded(),
            },
        )

    def set_company_currency(self, call: Call) -> Reply:
        """Another home currency."""
        code = self._code(call.object().get("currencyCode"))
        self._store.set_setting("company_currency", code)
        self._account.forget()
        return self.company_currency(call)

    def central(self, call: Call) -> Reply:
        """Whether the platform keeps the rates."""
        return Reply(200, {"centralExchangeRatesEnabled": False})

    def rates(self, call: Call) -> Reply:
        """Every exchange rate."""
        return Reply(200, {"results": self._store.shown("SELECT shown FROM rate ORDER BY id")})

    def rate(self, call: Call, ident: str) -> Reply:
        """One exchange rate."""
        return Reply(200, self._rate(ident))

    def create_rate(self, call: Call) -> Reply:
        """A rate; its currency becomes active."""
        return Reply(200, self._add(call.object()))

    def create_rates(self, call: Call) -> Reply:
        """Several rates."""
        started = self._store.now()
        return finished(self._account, started, [self._add(item) for item in call.inputs()], [], call.edition, 201)

    def read_rates(self, call: Call) -> Reply:
        """Rates by id."""
        started = self._store.now()
        return finished(
            self._account, started, [self._rate(str(item.get("id", ""))) for item in call.inputs()], [], call.edition
        )

    def change_rate(self, call: Call, ident: str) -> Reply:
        """A rate's new value."""
        shown, given = self._rate(ident), call.object()
        shown |= {key: given[key] for key in ("conversionRate", "effectiveAt") if key in given}
        shown["updatedAt"] = moments.iso(self._store.now())
        self._store.keep("rate", int(ident), shown)
        return Reply(200, shown)

    def _add(self, given: dict[str, Any]) -> dict[str, Any]:
        code, value = self._code(given.get("fromCurrencyCode")), given.get("conversionRate")
        if not isinstance(value, int | float) or value <= 0:
            raise validation("conversionRate must be a positive number")
        now, ident = moments.iso(self._store.now()), self._store.next_id("rate", 100)
        shown = {
            "id": str(ident), "createdAt": now, "updatedAt": now, "fromCurrencyCode": code,
            "toCurrencyCode": self._account.company_currency(), "conversionRate": value,
            "effectiveAt": given.get("effectiveAt") or now, "visibleInUI": True,
        }  # fmt: skip
        self._store.keep("rate", ident, shown)
        self._account.forget()
        return shown

    def _code(self, code: Any) -> str:
        if code not in _NAMES:
            raise validation(f"{code} is not a supported currency code", currencyCode=[str(code)])
        return str(code)

    def _rate(self, ident: str) -> dict[str, Any]:
        found = self._store.shown("SELECT shown FROM rate WHERE id = ?", (ident,))
        if not found:
            raise missing(f"Exchange rate {ident} does not exist", id=[ident])
        return dict(found[0])

    def _founded(self) -> str:
        return str(self._store.setting("loaded") or moments.iso(self._store.now()))
