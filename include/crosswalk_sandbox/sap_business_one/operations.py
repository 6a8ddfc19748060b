"""Actions and functions, bound and global (SAP Business One §8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import orjson

from . import documents, moments
from .account import Account
from .calls import Call, Reply
from .crossjoins import Crossjoins
from .desk import exact
from .entities import DOCUMENT_SETS, Entities
from .errors import NO_MATCH, NOT_FOUND, Diverted, Refusal, business, generic, missing_entity, unknown_path, unsupported
from .payloads import Payloads
from .resources import Segment
from .sql import StoredQueries, parameters
from .store import Key

_DOCUMENT_SERVICES: Final = {
    "OrdersService": "Orders", "QuotationsService": "Quotations", "DeliveryNotesService": "DeliveryNotes", "InvoicesService": "Invoices",
    "CreditNotesService": "CreditNotes", "ReturnsService": "Returns", "DraftsService": "Drafts", "DownPaymentsService": "DownPayments",
    "ReturnRequestService": "ReturnRequest",
}  # fmt: skip


class Operations:
    """Answers everything that is no entity."""

    def __init__(self, account: Account, entities: Entities) -> None:
        self._account = account
        self._entities = entities
        self._queries = StoredQueries(account)
        self._joins = Crossjoins(account, entities)
        self._known: dict[str, Callable[[Call], Reply]] = {
            "CompanyService_GetAdminInfo": self._admin, "CompanyService_UpdateAdminInfo": self._update_admin,
            "CompanyService_GetCompanyInfo": self._company, "CompanyService_GetItemPrice": self._item_price,
            "CompanyService_GetCurrentServerTime": self._server_time, "CompanyService_RoundDecimal": self._round,
            "SBOBobService_GetLocalCurrency": self._local_currency, "SBOBobService_GetSystemCurrency": self._local_currency,
            "SBOBobService_GetCurrencyRate": self._rate, "SBOBobService_SetCurrencyRate": self._set_rate,
            "SBOBobService_GetDueDate": self._due_date, "DraftsService_SaveDraftToDocument": self._save_draft, "QueryService_PostQuery": self._joins.posted,
        }  # fmt: skip

    def answer(self, call: Call, parts: list[Segment]) -> Reply:
        """A global action or function. Raises Refusal for what there is not."""
        name = parts[0].name
        if len(parts) > 1:
            raise unknown_path()
        if name in self._known:
            return self._known[name](call)
        if name == "$crossjoin" and call.method == "GET" and parts[0].inside:
            return self._joins.answer(call, parts[0].inside)
        service, _, what = name.partition("_")
        computed = what in ("Preview", "GetApprovalTemplates") and call.method == "POST"
        if computed and service in _DOCUMENT_SERVICES:
            return self._computed(call, _DOCUMENT_SERVICES[service], what)
        if name in self._account.model.actions | self._account.model.functions:
            raise unsupported()
        raise unknown_path()

    # bound actions

    def bound(self, call: Call, entity_set: str, key: tuple[Key, ...], action: str) -> Reply:
        """``POST Entity(key)/Action``."""
        if (entity_set, action) == ("SQLQueries", "List") and call.method in ("GET", "POST"):
            return self._listed(call, key)
        if call.method != "POST":
            raise unknown_path()
        desk = self._entities.desk(call)
        with self._account.store.write():
            version, row = self._entities.found(entity_set, key)
            self._entities.unmodified(call, entity_set, version)
            if entity_set not in DOCUMENT_SETS:
                return self._simple(entity_set, row, action, desk)
            made = documents.act(entity_set, row, action, desk)
        if made is None:
            return Reply(204)
        place = self._account.key_of(entity_set, made)
        version, row = self._entities.found(entity_set, place)
        bare = Call("GET", call.path, call.version, call.root)
        return Reply(
            200, {**call.single(entity_set), **self._entities.listing.shown(bare, entity_set, [(0, version, row)])[0]}
        )

    def _simple(self, entity_set: str, row: dict[str, Any], action: str, desk: Any) -> Reply:
        if entity_set == "SalesOpportunities" and action == "Close":
            desk.save(entity_set, {**row, "Status": "sos_Missed"})
        elif entity_set == "Items" and action == "Cancel":
            desk.save(entity_set, {**row, "Valid": "tNO", "Frozen": "tYES"})
        elif entity_set == "ApprovalRequests":
            documents.act_on_request(row, action, desk)
        else:
            raise unsupported()
        return Reply(204)

    def _listed(self, call: Call, key: tuple[Key, ...]) -> Reply:
        """Rows of stored SQL, always in pages (§12)."""
        _, query = self._entities.found("SQLQueries", key)
        given = parameters(str(call.object().get("ParamList") or "")) if call.method == "POST" else {}
        given |= {name: value for name, value in call.parameters if not name.startswith("$")}
        listing = self._entities.listing
        skip, _, size = listing.window(call)
        limit = size or self._account.options.page_size
        rows = self._queries.rows(str(query["SqlText"]), given, skip, limit + 1)
        if not rows and self._account.options.empty_sql_is_404:
            raise Refusal(404, NOT_FOUND, NO_MATCH)
        body = {**call.context("SAPB1.SQLQueryResult"), "SqlText": query["SqlText"], "value": rows[:limit]}
        if len(rows) > limit:
            body[call.name("nextLink")] = listing.next_link(call, call.path, skip + limit)
        return Reply(200, body)

    # documents

    def _computed(self, call: Call, entity_set: str, what: str) -> Reply:
        payload = Payloads(self._account, call.version).read("Document", call.object().get("Document"))
        desk = self._entities.desk(call)
        with self._account.store.write():
            compute = documents.preview if what == "Preview" else documents.approval_templates
            row = compute(entity_set, payload, desk)
        bare = Call("GET", call.path, call.version, call.root)
        shown = self._entities.listing.shown(bare, entity_set, [(0, 1, orjson.loads(_dumped(row)))])[0]
        shown.pop(call.name("etag"), None)
        return Reply(200, {**call.single(entity_set), **shown})

    def _save_draft(self, call: Call) -> Reply:
        given = call.object().get("Document")
        if call.method != "POST" or not isinstance(given, dict) or not str(given.get("DocEntry", "")).isdigit():
            raise generic("Invalid value for 'Document'")
        entry = int(given["DocEntry"])
        desk = self._entities.desk(call)
        changes = Payloads(self._account, call.version).read("Document", given)
        diverted = None
        with self._account.store.write():
            draft = desk.read("Drafts", entry)
            if draft is None:
                raise missing_entity(str(entry))
            try:
                documents.save_draft(draft, desk, changes)
            except Diverted as refusal:
                diverted = refusal
        if diverted is not None:
            raise Refusal(self._account.options.diverted_status, diverted.code, diverted.message)
        return Reply(204)

    def _item_price(self, call: Call) -> Reply:
        given = call.object().get("ItemPriceParams")
        params = Payloads(self._account, call.version).read("ItemPriceParams", given)
        with self._account.store.write():
            found = documents.item_price(params, self._entities.desk(call))
        return self._complex(call, "ItemPriceReturnParams", orjson.loads(_dumped(found)))

    # the company

    def _admin(self, call: Call) -> Reply:
        return self._complex(call, "AdminInfo", self._account.admin(), whole=True)

    def _update_admin(self, call: Call) -> Reply:
        given = Payloads(self._account, call.version).read("AdminInfo", call.object().get("AdminInfo"))
        with self._account.store.write():
            self._account.store.set_setting("admin", _dumped({**self._account.admin(), **given}).decode())
        return Reply(204)

    def _company(self, call: Call) -> Reply:
        told = {"CompanyName": self._account.admin().get("CompanyName"), "Version": int(self._account.options.version)}
        return self._complex(call, "CompanyInfo", told, whole=True)

    def _server_time(self, call: Call) -> Reply:
        """The server's local clock; its shape is not settled (§19): day and time as entities show them."""
        now = self._account.now()
        return Reply(
            200,
            {
                **call.context("ServerTime"),
                "ServerDate": moments.shown_day(now.date()),
                "ServerTime": moments.shown_time(now),
            },
        )

    def _round(self, call: Call) -> Reply:
        data = Payloads(self._account, call.version).read("DecimalData", call.object().get("DecimalData"))
        places = int(self._account.admin().get("TotalsAccuracy", 2))
        value = exact(data.get("Value")).quantize(Decimal(1).scaleb(-places))
        return self._complex(call, "RoundedData", {"Value": float(value)})

    # small services

    def _local_currency(self, call: Call) -> Reply:
        return self._scalar(call, "Edm.String", self._account.options.local_currency)

    def _rate(self, call: Call) -> Reply:
        given = call.object() if call.method == "POST" else dict(call.parameters)
        day = moments.day(str(given.get("Date", "")).strip("'"))
        if day is None:
            raise generic("Invalid value of 'Date'")
        rate = self._entities.desk(call).exchange_rate(str(given.get("Currency", "")).strip("'"), day)
        if rate is None:
            raise business("Update the exchange rate")
        return self._scalar(call, "Edm.Double", float(rate))

    def _set_rate(self, call: Call) -> Reply:
        given = call.object()
        day = moments.day(given.get("RateDate"))
        if (
            day is None
            or given.get("Rate") is None
            or self._account.get("Currencies", (str(given.get("Currency")),)) is None
        ):
            raise Refusal(400, -1000, "Invalid currency, date or rate")
        self._account.store.execute(
            "INSERT OR REPLACE INTO exchange_rate VALUES (?, ?, ?)",
            (given["Currency"], day.isoformat(), str(given["Rate"])),
        )
        return Reply(204)

    def _due_date(self, call: Call) -> Reply:
        given = call.object() if call.method == "POST" else dict(call.parameters)
        day = moments.day(str(given.get("RefDate", "")).strip("'"))
        desk = self._entities.desk(call)
        partner = desk.read("BusinessPartners", str(given.get("CardCode", "")).strip("'"))
        if day is None or partner is None:
            raise missing_entity(f"'{given.get('CardCode')}'")
        due = documents.due_date(partner, day, desk)
        return self._scalar(call, "Edm.String", moments.shown_day(due))

    def _scalar(self, call: Call, kind: str, value: Any) -> Reply:
        return Reply(200, {**call.context(kind), "value": value})

    def _complex(self, call: Call, kind: str, told: dict[str, Any], *, whole: bool = False) -> Reply:
        shapes = self._entities.renderer.shapes(call.version)
        shown = shapes.entity(kind, told, 1) if whole else shapes.chosen(kind, told, 1, tuple(told))
        return Reply(200, {**call.context(f"SAPB1.{kind}"), **shown})


def _dumped(value: Any) -> bytes:
    return orjson.dumps(value, default=lambda one: float(str(one)))
