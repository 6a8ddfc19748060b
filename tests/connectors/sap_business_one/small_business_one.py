"""A very small Service Layer on a real socket: sets in dictionaries, a session, ETags, drafts, batches, accidents on order.

It knows the vendor's wire, from the platform page and the recorded exchanges, and nothing of the connector. What it does not know it
refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from tests.connectors.loopback import Received, Reply, Server, serving
from tests.connectors.sap_business_one.small_filters import literal, meets

ROOT = "/b1s/v2/"
COMPANY = {"CompanyDB": "SBODEMO", "UserName": "manager", "Password": "a long secret"}
ZONE = ZoneInfo("Europe/Berlin")
KEYS = {
    "BusinessPartners": ("CardCode",),
    "Items": ("ItemCode",),
    "SpecialPrices": ("ItemCode", "CardCode"),
    "PriceLists": ("PriceListNo",),
    "Warehouses": ("WarehouseCode",),
    "Currencies": ("Code",),
    "PaymentTermsTypes": ("GroupNumber",),
    "UserFieldsMD": ("TableName", "FieldID"),
}
DOCUMENTS = ("Orders", "Drafts", "Invoices", "DeliveryNotes", "CreditNotes", "IncomingPayments")
ROW_KEYS = {"BPAddresses": ("BPCode", "AddressName", "AddressType", "RowNum"), "ContactEmployees": ("InternalCode",)}
TYPES = {
    "BusinessPartners": "BusinessPartner",
    "Items": "Item",
    "IncomingPayments": "Payment",
    **dict.fromkeys(DOCUMENTS[:-1], "Document"),
}


def error(status: int, code: str, message: str) -> Reply:
    """An error in the shape of SAP Business One §10."""
    body = {"error": {"code": code, "details": [{"code": "", "message": ""}], "message": message}}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json;charset=utf-8"})


NO_SESSION = error(401, "301", "Invalid session or session already timeout.")
HTML = Reply(502, b"<html><head><title>502 Proxy Error</title></head></html>", {"Content-Type": "text/html"})


@dataclass
class SmallBusinessOne:
    """The company. ``accidents`` are tried in order on each request; one that returns an answer is used up.

    ``inside`` are tried on each request alone or within a batch, as ``POST Orders`` with its body. ``after`` are asked once a request was
    carried out, with its answer: a reply that is lost. ``meeting`` is where requests but logins wait for each other before they are
    looked at.
    """

    now: datetime = datetime(2026, 3, 20, 17, 0, tzinfo=UTC)
    sets: dict[str, dict[Any, dict[str, Any]]] = field(default_factory=dict)
    seen: list[Received] = field(default_factory=list)
    accidents: list[Callable[[Received], Reply | None]] = field(default_factory=list)
    inside: list[Callable[[str, bytes], Reply | None]] = field(default_factory=list)
    after: list[Callable[[Received, Reply], Reply | None]] = field(default_factory=list)
    carried_out: list[str] = field(default_factory=list)  # every request, alone or within a batch
    sessions: set[str] = field(default_factory=set)
    logins: int = 0
    approvals: bool = False  # every new order becomes a draft
    drafts_are_errors: bool = False  # also where ``return-no-content`` is preferred
    most_rows: int = 1_000_000  # of a page, whatever was asked for
    tells_next: bool = True  # pages bear links to the next one
    hidden: set[str] = field(default_factory=set)  # properties that the metadata does not show
    deaf_behind: str = ""  # begin of a $select: of such lists only the first page is ever told
    lock: Any = field(default_factory=threading.RLock)
    base_url: str = ""
    meeting: threading.Barrier | None = None

    # --- what tests do to it ------------------------------------------------------------------------

    def put(self, name: str, **values: Any) -> dict[str, Any]:
        """Save a record as a user would: with a stamp of the server's local clock and a new version."""
        with self.lock:
            key = self._key(name, values)
            known = self.sets.setdefault(name, {}).get(key, {})
            row = {**known, **values}
            if name in TYPES and name != "IncomingPayments":
                local = self.now.astimezone(ZONE)
                row |= {
                    "UpdateDate": f"{local:%Y-%m-%d}T00:00:00Z",
                    "UpdateTime": f"{local:%H:%M:%S}",
                    "DataVersion": known.get("DataVersion", 0) + 1,
                }
            self.sets[name][key] = row
            return row

    def delete(self, name: str, key: Any) -> None:
        with self.lock:
            del self.sets[name][key]

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def expire(self) -> None:
        self.sessions.clear()

    def paths(self) -> list[str]:
        """Every request but the logins, as ``GET Orders``."""
        told = [f"{one.method} {unquote(one.path).removeprefix(ROOT)}" for one in self.seen]
        return [one for one in told if not one.endswith("Login")]

    # --- serving ---------------------------------------------------------------------------------------

    def handle(self, request: Received) -> Reply:
        if self.meeting is not None and not request.path.endswith("Login"):
            self.meeting.wait(10)
        with self.lock:
            self.seen.append(request)
            for accident in list(self.accidents):
                if (reply := accident(request)) is not None:
                    self.accidents.remove(accident)
                    return reply
            reply = self._dated(self._answer(request))
            for change in list(self.after):
                if (changed := change(request, reply)) is not None:
                    self.after.remove(change)
                    return changed
            return reply

    def _dated(self, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body, {"Date": format_datetime(self.now, usegmt=True), **reply.headers})

    def _answer(self, request: Received) -> Reply:
        path = unquote(request.path).removeprefix(ROOT)
        if path == "Login":
            return self._login(request.json())
        cookie = re.search(r"B1SESSION=([^;]+)", request.headers.get("cookie", ""))
        if cookie is None or cookie[1] not in self.sessions:
            return NO_SESSION
        if path == "Logout":
            self.sessions.discard(cookie[1])
            return Reply(204)
        if path == "$batch":
            return self._batch(request)
        return self.one(request.method, request.target, request.headers, request.body)

    def _login(self, body: Mapping[str, str]) -> Reply:
        self.logins += 1
        if {name: value for name, value in body.items() if name != "Language"} != COMPANY:
            return error(401, "100000027", "Login credential invalid")
        session = f"session-number-{self.logins}"
        self.sessions.add(session)
        told = {"SessionId": session, "Version": "1000310", "SessionTimeout": 30}
        headers = {"Content-Type": "application/json", "Set-Cookie": "ROUTEID=.node1; path=/b1s"}
        return Reply(200, json.dumps(told).encode(), headers)

    def one(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, alone or as a part of a batch."""
        parts = urlsplit(target)
        path, options = unquote(parts.path).removeprefix(ROOT), dict(parse_qsl(parts.query, keep_blank_values=True))
        self.carried_out.append(f"{method} {path}")
        for accident in list(self.inside):
            if (reply := accident(f"{method} {path}", body)) is not None:
                self.inside.remove(accident)
                return reply
        if path == "$metadata":
            return Reply(200, metadata(self).encode(), {"Content-Type": "application/xml"})
        if path == "CompanyService_GetCurrentServerTime":
            return _json({"value": f"{self.now.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}Z"})
        if path == "DraftsService_SaveDraftToDocument":
            return self._save_draft(json.loads(body))
        if path == "QueryService_PostQuery":
            return self._contacts(json.loads(body))
        name, _, key = path.partition("(")
        if name not in KEYS and name not in DOCUMENTS:
            return error(404, "-1000", "Unrecognized resource path.")
        if not key:
            return (
                self._list(name, options, headers) if method == "GET" else self._create(name, json.loads(body), headers)
            )
        return self._patch(name, literal(key.removesuffix(")")), json.loads(body), headers)

    def _list(self, name: str, options: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        condition = options.get("$filter", "")
        if self.deaf_behind and options.get("$select", "").startswith(self.deaf_behind):
            condition = re.sub(r"CardCode gt '[^']*'", "CardCode gt ''", condition)
        found = [row for row in self.sets.get(name, {}).values() if meets(row, condition)]
        for term in reversed(options.get("$orderby", "").split(",")):
            if term:
                by, _, way = term.partition(" ")
                found.sort(key=lambda row: row[by], reverse=way == "desc")
        asked = re.search(r"maxpagesize=(\d+)", headers.get("prefer", ""))
        size = min(int(asked[1]) if asked else 20, self.most_rows)
        chosen = [one for one in options.get("$select", "").split(",") if one]
        expanded = dict(re.findall(r"(\w+)\(\$select=([^)]*)\)", options.get("$expand", "")))
        shown = [self._shown(name, row, chosen, expanded) for row in (found[:size] if size else found)]
        more = {"@odata.nextLink": f"{name}?$skip={size}"} if size and len(found) > size and self.tells_next else {}
        return _json({"@odata.context": "…", "value": shown, **more})

    def _shown(self, name: str, row: dict[str, Any], chosen: list[str], expanded: dict[str, str]) -> dict[str, Any]:
        known = set().union(*(one.keys() for one in self.sets[name].values())) | PROPERTIES[TYPES.get(name, name)]
        if strange := [one for one in chosen if one not in known and not one.startswith("U_")]:
            raise Unknown(error(400, "-1000", f"Property '{strange[0]}' of '{TYPES.get(name, name)}' is invalid"))
        shown = {one: row.get(one) for one in chosen} if chosen else dict(row)
        for nav, of in expanded.items():
            shown[nav] = {one: (row.get(f"_{nav}") or {}).get(one) for one in of.split(",")}
        return {"@odata.etag": etag(1), **{one: value for one, value in shown.items() if not one.startswith("_")}}

    def _create(self, name: str, body: dict[str, Any], headers: Mapping[str, str]) -> Reply:
        if body.get("PayTermsGrpCode") == 99999:
            return error(400, "-2028", "No matching records found (ODBC -2028)")
        if name == "UserFieldsMD":
            known = [row for row in self.sets.get(name, {}).values() if row["TableName"] == body["TableName"]]
            if any(row["Name"] == body["Name"] for row in known):
                return error(400, "-2035", "This entry already exists in the following tables (ODBC -2035)")
            body["FieldID"] = len(known)
        if name == "Orders":
            if "DocDueDate" not in body:
                return error(400, "-5002", "Enter a delivery date")
            if self.approvals:
                entry = self._next("Drafts")
                waiting = {"DocObjectCode": "oOrders", "AuthorizationStatus": "dasPending"}
                self.put("Drafts", **_numbered({**body, **waiting, "DocEntry": entry, "DocNum": entry}))
                if headers.get("prefer") == "return-no-content" and not self.drafts_are_errors:
                    return Reply(204, b"", {"Location": f"https://server{ROOT}Orders({entry})"})  # nobody's order (§16)
                return error(400, "-2028", "No matching records found (ODBC -2028)")
            entry = self._next("Orders")
            body = _numbered(
                {**body, "DocEntry": entry, "DocNum": 1000 + entry, "DocumentStatus": "bost_Open", "Cancelled": "tNO"}
            )
        if name == "BusinessPartners" and "Series" in body and "CardCode" not in body:
            body["CardCode"] = f"S-{len(self.sets.get(name, {})):05}"
        if self._key(name, body) in self.sets.get(name, {}):
            return error(400, "-10", "1320000140 - Business partner code already assigned to a business partner")
        made = self.put(name, **_owned(name, body))
        place = ",".join(json.dumps(made[key]).replace('"', "'") for key in KEYS.get(name, ("DocEntry",)))
        location = f"https://server{ROOT}{name}({place})"
        if headers.get("prefer") == "return-no-content":
            return Reply(204, b"", {"Location": location, "Preference-Applied": "return-no-content"})
        return Reply(
            201, json.dumps(made).encode(), {"Content-Type": "application/json", "Location": location, "ETag": etag(1)}
        )

    def _patch(self, name: str, key: Any, body: dict[str, Any], headers: Mapping[str, str]) -> Reply:
        row = self.sets.get(name, {}).get(key)
        if row is None:
            return error(404, "-2028", f"Entity with value('{key}') does not exist")
        if headers.get("if-match") not in (None, etag(row["DataVersion"])):
            return error(412, "-2039", "Another user or another operation modified data (ODBC -2039)")
        whole = headers.get("b1s-replacecollectionsonpatch") == "true"
        for collection, rows in list(body.items()):
            if isinstance(rows, list):
                merged = _merged(collection, row.get(collection, []), rows, whole)
                if collection == "ContactEmployees" and merged and len({one["Name"] for one in merged}) < len(merged):
                    merged = None  # a name is unique in its partner
                if merged is None:
                    return error(400, "-2035", "This entry already exists in the following tables (ODBC -2035)")
                body[collection] = merged
        self.put(name, **_owned(name, {**row, **body}))
        return Reply(204)

    def _save_draft(self, body: Mapping[str, Any]) -> Reply:
        draft = self.sets["Drafts"].pop(int(body["Document"]["DocEntry"]))
        entry = self._next("Orders")
        self.put("Orders", **{**draft, "DocEntry": entry, "DocumentStatus": "bost_Open", "Cancelled": "tNO", "AuthorizationStatus": "dasGenerated"})  # fmt: skip
        return Reply(204)

    def _contacts(self, body: Mapping[str, Any]) -> Reply:
        assert body["QueryPath"] == "$crossjoin(BusinessPartners,BusinessPartners/ContactEmployees)"
        condition = body["QueryOption"].partition("$filter=")[2]
        found = []
        for partner in self.sets.get("BusinessPartners", {}).values():
            for row in partner.get("ContactEmployees", []):
                flat = {f"BusinessPartners/{name}": value for name, value in partner.items()}
                flat |= {f"BusinessPartners/ContactEmployees/{name}": value for name, value in row.items()}
                if meets(flat, condition):
                    found.append(
                        {
                            "BusinessPartners": {"CardCode": partner["CardCode"]},
                            "BusinessPartners/ContactEmployees": row,
                        }
                    )
        return Reply(200, json.dumps({"value": found}).encode(), {"Content-Type": "text/plain"})

    def _batch(self, request: Received) -> Reply:
        mark = request.headers["content-type"].partition("boundary=")[2]
        answers = []
        for piece in request.body.decode().split(f"--{mark}")[1:-1]:
            _, head, *body = piece.strip("\r\n").split("\r\n\r\n", 2)
            assert "\r\n" in piece, "CRLF is strict"
            lines = head.split("\r\n")
            method, target, _ = lines[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            headers.pop("if-match", None)  # not looked at inside (§7)
            try:
                reply = self.one(method, target, headers, "".join(body).encode())
            except Unknown as unknown:
                reply = unknown.reply
            answers.append(reply)
            if reply.status >= 400:
                break
        text = "".join(_part(reply) for reply in answers) + "--batchresponse_1--\r\n"
        return Reply(200, text.encode(), {"Content-Type": "multipart/mixed; boundary=batchresponse_1"})

    def _key(self, name: str, row: Mapping[str, Any]) -> Any:
        keys = KEYS.get(name, ("DocEntry",))
        return row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys)

    def _next(self, name: str) -> int:
        return max(self.sets.get(name, {}), default=100) + 1


class Unknown(Exception):
    """A property that is not there."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


def etag(version: int) -> str:
    return f'W/"{hashlib.sha1(str(version).encode()).hexdigest().upper()}"'


def _json(body: object) -> Reply:
    return Reply(
        200, json.dumps(body).encode(), {"Content-Type": "application/json;odata.metadata=minimal;charset=utf-8"}
    )


def _part(reply: Reply) -> str:
    headers = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return (
        "--batchresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f"HTTP/1.1 {reply.status} X\r\n{headers}\r\n{reply.body.decode()}\r\n"
    )


def _numbered(document: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {"LineNum": number, "RemainingOpenQuantity": line.get("Quantity"), **line}
        for number, line in enumerate(document["DocumentLines"])
    ]
    return {**document, "DocumentLines": lines}


def _owned(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Number the rows of a partner, as the server does."""
    if name != "BusinessPartners":
        return row
    for number, one in enumerate(row.setdefault("BPAddresses", [])):
        one |= {"BPCode": row["CardCode"], "RowNum": number}
    for number, one in enumerate(row.setdefault("ContactEmployees", [])):
        one |= {"CardCode": row["CardCode"], "InternalCode": one.get("InternalCode") or 100 + number}
    return row


def _merged(
    name: str, there: list[dict[str, Any]], given: list[dict[str, Any]], whole: bool
) -> list[dict[str, Any]] | None:
    """A collection after a PATCH (§6): rows named by their whole identity change, others are added; None where a name is taken."""
    keys = ROW_KEYS.get(name, ("LineNum",))
    known = {tuple(row.get(key) for key in keys): row for row in there}
    result = [] if whole else list(there)
    for row in given:
        old = known.get(tuple(row.get(key) for key in keys))
        if old is not None:
            fresh = {**old, **row}
            result = [fresh if one is old else one for one in result] if not whole else [*result, fresh]
        elif name == "BPAddresses" and any(
            (one["AddressName"], one["AddressType"]) == (row["AddressName"], row["AddressType"]) for one in there
        ):
            return None
        else:
            numbers = [one.get("LineNum", -1) for one in [*there, *result]]
            result.append({**({"LineNum": max(numbers, default=-1) + 1} if name == "DocumentLines" else {}), **row})
    return result


# --- metadata ------------------------------------------------------------------------------------------

_STAMPS = {"UpdateDate", "UpdateTime", "DataVersion"}
PROPERTIES: dict[str, set[str]] = {
    "BusinessPartner": {
        "CardCode", "CardName", "CardType", "EmailAddress", "Phone1", "Website", "Currency", "FatherCard", "Frozen", "CreditLimit",
        "BilltoDefault", "ShipToDefault", "CurrentAccountBalance", "OpenDeliveryNotesBalance", "OpenOrdersBalance",
        "BPAddresses", "ContactEmployees", *_STAMPS,
    },
    "Item": {
        "ItemCode", "ItemName", "User_Text", "TreeType", "InventoryItem", "ItemType", "SalesUnit", "Frozen", "SalesItem",
        "ItemPrices", "ItemWarehouseInfoCollection", *_STAMPS,
    },
    "Document": {
        "DocEntry", "DocNum", "CardCode", "DocDate", "DocDueDate", "DocCurrency", "BPLName", "DocTotal", "DocTotalFc", "VatSum",
        "VatSumFc", "NumAtCard", "Comments", "DocumentStatus", "Cancelled", "CancelStatus", "AuthorizationStatus",
        "DocumentLines", "PaidToDate", "PaidToDateFC", "TrackingNumber", "DocObjectCode", *_STAMPS,
    },
    "Payment": {
        "DocEntry", "DocNum", "CardCode", "DocType", "Cancelled", "DocDate", "DocCurrency", "CashSum", "CashSumFC",
        "TransferSum", "BillOfExchangeAmount", "BillOfExchangeAmountFC", "PaymentChecks", "PaymentCreditCards",
    },
    "ContactEmployee": {"CardCode", "Name", "FirstName", "LastName", "Position", "Phone1", "MobilePhone", "E_Mail", "Active", "InternalCode"},
    "SpecialPrices": set(), "PriceLists": set(), "Warehouses": set(), "Currencies": set(), "UserFieldsMD": set(),
    "PaymentTermsTypes": set(),
}  # fmt: skip
_BASES = {"Payment": ' BaseType="SAPB1.PaymentBase"'}
_KINDS = {"Frozen": "SAPB1.BoYesNoEnum", "Cancelled": "SAPB1.BoYesNoEnum", "CardType": "SAPB1.BoCardTypes", "CreditLimit": "Edm.Double",
          "UpdateDate": "Edm.DateTimeOffset", "DocEntry": "Edm.Int32", "DataVersion": "Edm.Int32", "CurrentAccountBalance": "Edm.Double",
          "BPAddresses": "Collection(SAPB1.BPAddress)", "ContactEmployees": "Collection(SAPB1.ContactEmployee)",
          "DocumentLines": "Collection(SAPB1.DocumentLine)"}  # fmt: skip


def metadata(company: SmallBusinessOne) -> str:
    """The service's description, in the shape of the contract's edmx."""
    custom: dict[str, set[str]] = {}
    for row in company.sets.get("UserFieldsMD", {}).values():
        owner = {"OCRD": "BusinessPartner", "OITM": "Item", "ORDR": "Document", "OCPR": "ContactEmployee"}.get(
            row["TableName"]
        )
        custom.setdefault(owner or "", set()).add(f"U_{row['Name']}")
    types = '<EntityType Name="PaymentBase"><Property Name="BaseOnly" Type="Edm.Double"/></EntityType>' + "".join(
        f'<EntityType Name="{name}"{_BASES.get(name, "")}>'
        + "".join(
            f'<Property Name="{one}" Type="{_KINDS.get(one, "Edm.String")}"/>'
            for one in sorted((known | custom.get(name, set())) - company.hidden)
        )
        + "</EntityType>"
        for name, known in PROPERTIES.items()
        if known
    )
    sets = "".join(f'<EntitySet Name="{name}" EntityType="SAPB1.{of}"/>' for name, of in TYPES.items())
    enums = (
        '<EnumType Name="BoYesNoEnum"><Member Name="tNO" Value="0"/><Member Name="tYES" Value="1"/></EnumType>'
        '<EnumType Name="BoCardTypes"><Member Name="cCustomer" Value="0"/><Member Name="cSupplier" Value="1"/>'
        '<Member Name="cLid" Value="2"/></EnumType>'
    )
    return (
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="SAPB1">{enums}{types}'
        f'<EntityContainer Name="ServiceLayer">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


@contextmanager
def running(company: SmallBusinessOne) -> Iterator[SmallBusinessOne]:
    """Serve a company until the block ends."""

    def handle(request: Received) -> Reply:
        try:
            return company.handle(request)
        except Unknown as unknown:
            return unknown.reply

    server: Server
    with serving(handle) as server:
        company.base_url = server.url
        yield company
