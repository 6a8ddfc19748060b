"""What the account is: its apps and credentials, property definitions, pipelines, switches noted as misuse (HubSpot §25)."""

from __future__ import annotations

import secrets
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments

from . import pipelines
from .errors import Refusal, validation
from .options import Options
from .schema import definitions
from .schema.definitions import Definition
from .schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, NOTE, ORDER, PRODUCT, QUOTE, ObjectType, Types
from .scopes import ALL, READING
from .store import Store

PRIVATE_APP, OAUTH_APP, SERVICE_APP, VIEWER_APP = 2_901_001, 2_901_002, 2_901_003, 2_901_004
USER_ID: Final = 9_001
REDIRECT: Final = "http://127.0.0.1/oauth/callback"
_OWN_PROPERTIES: Final = (
    (CONTACT, "erp_key", "ERP key", "string", "text", True), (COMPANY, "erp_key", "ERP key", "string", "text", True),
    (DEAL, "erp_key", "ERP key", "string", "text", True), (PRODUCT, "erp_key", "ERP key", "string", "text", True),
    (LINE_ITEM, "erp_key", "ERP key", "string", "text", True), (ORDER, "erp_key", "ERP key", "string", "text", True),
    (QUOTE, "erp_key", "ERP key", "string", "text", True), (NOTE, "erp_key", "ERP key", "string", "text", True),
    (COMPANY, "erp_number", "ERP number", "string", "text", False),
    (COMPANY, "account_currency", "Currency", "string", "text", False),
    (COMPANY, "shipping_address", "Shipping address", "string", "textarea", False),
    (DEAL, "erp_order_number", "ERP order number", "string", "text", False),
    (DEAL, "po_number", "Purchase order", "string", "text", False),
    (DEAL, "erp_approval", "ERP approval", "string", "text", False),
    (DEAL, "erp_approval_note", "ERP approval note", "string", "textarea", False),
    (DEAL, "erp_order_status", "ERP order status", "string", "text", False),
    (DEAL, "erp_order_note", "ERP order note", "string", "textarea", False),
    (PRODUCT, "product_family", "Product family", "string", "text", False),
    (PRODUCT, "unit_of_measure", "Unit", "string", "text", False),
)  # fmt: skip


class Account:
    """One account's set-up over its store."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.options = options
        self.types = Types(options.portal_id)
        self._definitions: dict[str, dict[str, Definition]] = {}
        self._pipelines: dict[str, list[dict[str, Any]]] = {}
        self._noted: deque[tuple[int, str, str]] = deque()
        if store.setting("portal") is None:
            self._found()
        self.types.set_custom(store.shown("SELECT shown FROM schema"))

    # types and definitions

    def kind(self, text: str) -> ObjectType:
        """The type a path names. Raises Refusal 400 (the reference has no text for it)."""
        found = self.types.find(text)
        if found is None:
            raise validation(f"Unable to infer object type from: {text}")
        return found

    def definitions(self, kind: ObjectType) -> Mapping[str, Definition]:
        """The live property definitions of a type."""
        found = self._definitions.get(kind.id)
        if found is None:
            found = definitions.platform(kind, self._choices)
            for shown in self.store.shown("SELECT shown FROM definition WHERE type = ?", (kind.id,)):
                found[shown["name"]] = definitions.of(shown)
            found = {name: one for name, one in found.items() if not one.shown["archived"]}
            self._definitions[kind.id] = found
        return found

    def forget(self) -> None:
        """Read definitions, pipelines and custom objects anew: something about them was changed."""
        self.types.set_custom(self.store.shown("SELECT shown FROM schema"))
        self._definitions = {}
        self._pipelines = {}

    def unique_property(self, kind: ObjectType, name: str) -> bool:
        """Whether a property identifies a record of the type (§8)."""
        if kind.id == CONTACT and name == "email":
            return True
        found = self.definitions(kind).get(name)
        return name == "hs_object_id" or (found is not None and found.unique)

    def _choices(self, kind: ObjectType, word: str) -> Sequence[tuple[str, str]]:
        if word == "@currency":
            return [(code, code) for code in self.currencies()]
        if word == "@price":
            base = self.company_currency()
            return [(code, code) for code in self.currencies() if code != base] if kind.id == PRODUCT else ()
        if word == "@pipeline":
            return [(one["id"], one["label"]) for one in self.pipelines(kind)]
        return [
            (stage["id"], stage["label"])
            for one in self.pipelines(kind)
            for stage in one["stages"]
            if not stage["archived"]
        ]

    # pipelines

    def pipelines(self, kind: ObjectType) -> list[dict[str, Any]]:
        """The live pipelines of a type in display order."""
        found = self._pipelines.get(kind.id)
        if found is None:
            told = self.store.shown("SELECT shown FROM pipeline WHERE type = ? ORDER BY id", (kind.id,))
            found = sorted((one for one in told if not one["archived"]), key=lambda one: one["displayOrder"])
            self._pipelines[kind.id] = found
        return found

    def stage(self, kind: ObjectType, pipeline: str | None, stage: str | None) -> dict[str, Any] | None:
        """A stage within a pipeline."""
        for one in self.pipelines(kind):
            if one["id"] == pipeline:
                return next((entry for entry in one["stages"] if entry["id"] == stage), None)
        return None

    # currencies

    def company_currency(self) -> str:
        """The home currency."""
        return self.store.setting("company_currency") or self.options.company_currency

    def currencies(self) -> list[str]:
        """Every active currency, the company's first."""
        base = self.company_currency()
        added = [one["fromCurrencyCode"] for one in self.store.shown("SELECT shown FROM rate ORDER BY id")]
        return list(dict.fromkeys([base, *added]))

    def rate(self, currency: str | None) -> float | None:
        """How much of the company currency one unit is worth; None for a currency that was not added."""
        if currency in (None, "", self.company_currency()):
            return 1.0
        rates = [
            one for one in self.store.shown("SELECT shown FROM rate ORDER BY id") if one["fromCurrencyCode"] == currency
        ]
        return float(rates[-1]["conversionRate"]) if rates else None

    # owners

    def owner_exists(self, ident: str) -> bool:
        """Whether an owner, former ones included, has this id."""
        return ident.isdigit() and self.store.row("SELECT 1 FROM owner WHERE id = ?", (int(ident),)) is not None

    # credentials

    def credentials(self) -> dict[str, Any]:
        """What was made up when the account was founded; the same for good."""
        return dict(orjson.loads(self.store.setting("credentials") or "{}"))

    def misuse(self, kind: str, detail: str) -> None:
        """Note something a client should not do (§25, strict mode); kept even where the request is undone."""
        self._noted.append((self.store.now(), kind, detail))

    def keep_notes(self) -> None:
        """Write down what was noted; call outside of any transaction."""
        while self._noted:
            self.store.execute("INSERT INTO misuse (at, kind, detail) VALUES (?, ?, ?)", self._noted.popleft())

    # founding

    def _found(self) -> None:
        now = moments.iso(self.store.now())
        with self.store.write():
            self._credentials()
            for kind in self.types.all():
                if kind.pipeline:
                    for one in pipelines.defaults(kind.id):
                        self.store.keep("pipeline", kind.id, one["id"], one)
            for number, code in enumerate(
                code for code in self.options.currencies if code != self.options.company_currency
            ):
                self.store.keep("rate", number + 1, {
                    "id": str(number + 1), "createdAt": now, "updatedAt": now, "fromCurrencyCode": code,
                    "toCurrencyCode": self.options.company_currency, "conversionRate": 1.0, "effectiveAt": now,
                    "visibleInUI": True,
                })  # fmt: skip
            if self.options.erp_properties:
                for kind_id, name, label, type_, field, unique in _OWN_PROPERTIES:
                    kind = self.types.by_id(kind_id)
                    given = {"name": name, "label": label, "type": type_, "fieldType": field, "hasUniqueValue": unique}
                    self.store.keep("definition", kind_id, name, own_definition(kind, given, now))
            self.store.set_setting("portal", str(self.options.portal_id))

    def _credentials(self) -> None:
        viewer = f"pat-na1-{uuid.uuid4()}"
        made = {
            "access_token": f"pat-na1-{uuid.uuid4()}", "service_key": f"pat-na1-{uuid.uuid4()}",
            "viewer": {"access_token": viewer}, "client_id": str(uuid.uuid4()),
            "client_secret": str(uuid.uuid4()), "refresh_token": f"na1-{uuid.uuid4()}", "developer_key": str(uuid.uuid4()),
            "app_id": OAUTH_APP,
        }  # fmt: skip
        self.store.set_setting("credentials", orjson.dumps(made).decode())
        everything, reading = " ".join(sorted(ALL)), " ".join(sorted(READING))
        for token, kind, app, scopes in (
            (made["access_token"], "private", PRIVATE_APP, everything),
            (made["service_key"], "private", SERVICE_APP, everything),
            (viewer, "private", VIEWER_APP, reading),
            (made["refresh_token"], "refresh", OAUTH_APP, everything),
        ):
            client = made["client_id"] if kind == "refresh" else ""
            self.store.keep("token", token, kind, app, scopes, None, client, "")


def own_definition(kind: ObjectType, given: Mapping[str, Any], now: str) -> dict[str, Any]:
    """The shown form of an account's own property (§12)."""
    pairs = given.get("options") or []
    return {
        "updatedAt": now, "createdAt": now, "name": given["name"], "label": given["label"], "type": given["type"],
        "fieldType": given["fieldType"], "description": given.get("description", ""),
        "groupName": given.get("groupName") or f"{kind.singular.replace('_', '')}information",
        "options": [
            {
                "label": one["label"], "value": one["value"], "displayOrder": one.get("displayOrder", place),
                "hidden": bool(one.get("hidden", False)), "description": one.get("description", ""),
            }
            for place, one in enumerate(pairs)
        ],
        "displayOrder": given.get("displayOrder", -1), "calculated": bool(given.get("calculationFormula")),
        "externalOptions": bool(given.get("externalOptions", False)), "archived": False,
        "hasUniqueValue": bool(given.get("hasUniqueValue", False)), "hidden": bool(given.get("hidden", False)),
        "hubspotDefined": False,
        "modificationMetadata": {
            "archivable": True, "readOnlyDefinition": False, "readOnlyValue": bool(given.get("calculationFormula")),
            "readOnlyOptions": False,
        },
        "formField": bool(given.get("formField", False)), "createdUserId": str(USER_ID), "updatedUserId": str(USER_ID),
        "dataSensitivity": given.get("dataSensitivity", "non_sensitive"),
        **{name: given[name] for name in ("calculationFormula", "referencedObjectType", "numberDisplayHint", "currencyPropertyName", "showCurrencySymbol") if given.get(name) is not None},
    }  # fmt: skip


def new_token(prefix: str) -> str:
    """An opaque token, long as OAuth tokens are."""
    return f"{prefix}{secrets.token_urlsafe(72)}"


def tier_lacks(feature: str) -> Refusal:
    """403: the account's tier has no such feature."""
    return Refusal(403, f"This account does not have access to {feature}.", "FORBIDDEN")
