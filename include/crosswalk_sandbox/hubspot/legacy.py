"""Paths of version 1 and 2 that tools still call, and empty answers for what they probe (HubSpot §12, §25)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .account import Account
from .calls import Call, Reply, Routes
from .errors import not_found
from .records.render import past, value_of
from .records.service import Records
from .schema.types import COMPANY, CONTACT, DEAL, LINE_ITEM, ObjectType
from .store import ALIVE, Record, record_of

_EMPTY: Final[Mapping[str, Any]] = {
    "/forms/v2/forms": [], "/contacts/v1/lists": {"lists": [], "has-more": False, "offset": 0},
    "/email/public/v1/campaigns/by-id": {"campaigns": [], "hasMore": False, "offset": ""},
    "/email/public/v1/campaigns": {"campaigns": [], "hasMore": False, "offset": ""},
    "/email/public/v1/subscriptions/timeline": {"timeline": [], "hasMore": False, "offset": ""},
    "/email/public/v1/subscriptions": {"subscriptionDefinitions": []},
    "/email/public/v1/events": {"events": [], "hasMore": False, "offset": ""},
    "/automation/v3/workflows": {"workflows": []}, "/automation/v4/flows": {"results": []}, "/marketing/v3/forms": {"results": []},
    "/marketing/v3/forms/": {"results": []}, "/marketing/v3/campaigns": {"results": []}, "/marketing/v3/emails": {"results": []},
    "/marketing-emails/v1/emails/with-statistics": {"objects": [], "total": 0, "offset": 0, "limit": 10},
    "/engagements/v1/engagements/paged": {"results": [], "hasMore": False, "offset": 0},
    "/engagements/v1/engagements/modified/after": {"results": [], "hasMore": False, "offset": 0},
    "/crm/v3/lists/search": {"lists": [], "hasMore": False, "offset": 0, "total": 0}, "/settings/v3/users": {"results": []},
    "/settings/v3/users/teams": {"results": []}, "/events/v3/events": {"results": []}, "/cms/v3/blogs/posts": {"results": []}, "/crm/v3/lists": {"lists": []},
    "/crm/v3/imports": {"results": []}, "/conversations/v3/conversations/threads": {"results": []},
}  # fmt: skip
_MOST: Final = 250


class LegacyRoutes:
    """Serves the old shapes over the same records."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("GET", "/properties/v2/{name}/properties", self.properties), ("GET", "/properties/v1/{name}/properties", self.properties),
            ("GET", "/(?P<name>contacts|deals)/v1/properties", self.properties), ("GET", "/(?P<name>companies)/v2/properties", self.properties),
            ("GET", "/crm-pipelines/v1/pipelines/{name}", self.pipelines), ("GET", "/deals/v1/pipelines", self.deal_pipelines),
            ("GET", "/owners/v2/owners", self.owners), ("GET", "/integrations/v1/me", self.me),
            ("GET", "/companies/v2/companies/paged", self.companies), ("GET", "/companies/v2/companies/recent/{word}", self.recent_companies),
            ("GET", "/companies/v2/companies/{ident:d}", self.company), ("GET", "/companies/v2/companies/{ident:d}/vids", self.vids),
            ("GET", "/deals/v1/deal/paged", self.deals), ("GET", "/deals/v1/deal/recent/{word}", self.recent_deals),
            ("GET", "/deals/v1/deal/{ident:d}", self.deal), ("GET", "/contacts/v1/lists/all/contacts/all", self.contacts),
            ("GET", "/contacts/v1/lists/recently_updated/contacts/recent", self.recent_contacts),
            ("GET", "/contacts/v1/contact/vids/batch", self.contacts_by_id), ("GET", "/contacts/v1/contact/vid/{ident:d}/profile", self.contact),
            ("GET", "/contacts/v1/contact/email/{address}/profile", self.contact_by_email),
        ):  # fmt: skip
            routes.add(methods, path, handler)
        for path, body in _EMPTY.items():
            routes.add("GET POST", path, lambda _call, _body=body: Reply(200, _body))

    def properties(self, call: Call, name: str) -> Reply:
        """Definitions as a bare array."""
        kind = self._account.kind(name)
        return Reply(200, [dict(one.shown) for one in self._account.definitions(kind).values()])

    def pipelines(self, call: Call, name: str) -> Reply:
        """Pipelines with the old names of their keys."""
        shown = [
            {
                "pipelineId": one["id"], "label": one["label"], "displayOrder": one["displayOrder"], "active": not one["archived"],
                "stages": [{"stageId": stage["id"], "label": stage["label"], "displayOrder": stage["displayOrder"], "active": True, "metadata": stage["metadata"]} for stage in one["stages"]],
            }
            for one in self._account.pipelines(self._account.kind(name))
        ]  # fmt: skip
        return Reply(200, {"results": shown})

    def deal_pipelines(self, call: Call) -> Reply:
        """Deal pipelines as a bare array."""
        return Reply(200, self.pipelines(call, "deals").body["results"])

    def owners(self, call: Call) -> Reply:
        """Owners as a bare array with numbers for ids."""
        shown = self._store.shown("SELECT shown FROM owner WHERE archived = 0 ORDER BY id")
        portal = self._account.options.portal_id
        keys = ("email", "type", "firstName", "lastName")
        return Reply(
            200, [{"ownerId": int(one["id"]), "portalId": portal, **{key: one[key] for key in keys}} for one in shown]
        )

    def me(self, call: Call) -> Reply:
        """The account behind a token."""
        options = self._account.options
        return Reply(
            200,
            {
                "portalId": options.portal_id,
                "timeZone": options.time_zone,
                "currency": self._account.company_currency(),
                "appId": call.caller.app_id,
            },
        )

    def companies(self, call: Call) -> Reply:
        """A page of companies."""
        kind = self._account.types.by_id(COMPANY)
        rows, following = self._page(kind, call, "offset")
        return Reply(
            200,
            {
                "companies": [self._company(one, call) for one in rows],
                "has-more": following is not None,
                "offset": following or 0,
            },
        )

    def recent_companies(self, call: Call, word: str) -> Reply:
        """Companies, the last changed or made first."""
        return self._recent(self._account.types.by_id(COMPANY), call, word, self._company)

    def company(self, call: Call, ident: str) -> Reply:
        """One company."""
        return Reply(200, self._company(self._find(COMPANY, ident), call))

    def vids(self, call: Call, ident: str) -> Reply:
        """Contact ids of a company."""
        found, following = self._records.links.page(
            self._find(COMPANY, ident).id, CONTACT, call.number("vidOffset", 0, 10**18, least=0), 100
        )
        return Reply(
            200, {"vids": [one for one, _ in found], "hasMore": following is not None, "vidOffset": following or 0}
        )

    def deals(self, call: Call) -> Reply:
        """A page of deals."""
        rows, following = self._page(self._account.types.by_id(DEAL), call, "offset")
        return Reply(
            200,
            {
                "deals": [self._deal(one, call) for one in rows],
                "hasMore": following is not None,
                "offset": following or 0,
            },
        )

    def recent_deals(self, call: Call, word: str) -> Reply:
        """Deals, the last changed or made first."""
        return self._recent(self._account.types.by_id(DEAL), call, word, self._deal)

    def deal(self, call: Call, ident: str) -> Reply:
        """One deal."""
        return Reply(200, self._deal(self._find(DEAL, ident), call))

    def contacts(self, call: Call) -> Reply:
        """A page of contacts."""
        rows, following = self._page(self._account.types.by_id(CONTACT), call, "vidOffset")
        return Reply(
            200,
            {
                "contacts": [self._contact(one, call) for one in rows],
                "has-more": following is not None,
                "vid-offset": following or 0,
            },
        )

    def recent_contacts(self, call: Call) -> Reply:
        """Contacts, the last changed first, page by page back in time."""
        kind = self._account.types.by_id(CONTACT)
        count, before = call.number("count", 20, 100), call.number("timeOffset", 10**18, 10**18, least=0)
        place = call.number("vidOffset", 10**18, 10**18, least=0)
        rows = self._store.rows(
            "SELECT id, type, state, created, modified, archived, properties FROM record WHERE type = ? AND state = 0"
            " AND (modified, id) < (?, ?) ORDER BY modified DESC, id DESC LIMIT ?",
            (kind.id, before, place, count + 1),
        )
        found = [record_of(row) for row in rows]
        last = found[:count][-1] if found else None
        return Reply(
            200,
            {
                "contacts": [self._contact(one, call) for one in found[:count]],
                "has-more": len(found) > count,
                "vid-offset": last.id if last else 0,
                "time-offset": last.modified if last else 0,
            },
        )

    def contacts_by_id(self, call: Call) -> Reply:
        """Contacts by their ids, those that are not there left out."""
        wanted = [int(one) for one in call.listed("vid") if one.isdigit()]
        found = (self._store.record(one) for one in dict.fromkeys(wanted))
        alive = [one for one in found if one is not None and one.type == CONTACT and one.state == ALIVE]
        return Reply(200, {str(one.id): self._contact(one, call) for one in alive})

    def contact(self, call: Call, ident: str) -> Reply:
        """One contact."""
        return Reply(200, self._contact(self._find(CONTACT, ident), call))

    def contact_by_email(self, call: Call, address: str) -> Reply:
        """One contact by its address."""
        return Reply(200, self._contact(self._records.find(self._account.types.by_id(CONTACT), address, "email"), call))

    # inside

    def _find(self, kind: str, ident: str) -> Record:
        return self._records.find(self._account.types.by_id(kind), ident)

    def _page(self, kind: ObjectType, call: Call, word: str) -> tuple[list[Record], int | None]:
        limit = call.number("limit" if word == "offset" else "count", 100, _MOST)
        start = call.number(word, 0, 10**18, least=0)
        found = self._store.page(kind.id, ALIVE, start, limit + 1)
        return found[:limit], found[limit].id if len(found) > limit else None

    def _recent(self, kind: ObjectType, call: Call, word: str, show: Any) -> Reply:
        if word not in ("modified", "created"):
            raise not_found()
        column = "modified" if word == "modified" else "created"
        count, offset = call.number("count", 20, _MOST), call.number("offset", 0, 10_000, least=0)
        since = call.number("since", 0, 10**18, least=0)
        where = f"FROM record WHERE type = ? AND state = 0 AND {column} >= ?"
        rows = self._store.rows(
            f"SELECT id, type, state, created, modified, archived, properties {where} ORDER BY {column} DESC, id DESC LIMIT ? OFFSET ?",
            (kind.id, since, count, offset),
        )
        total = int(self._store.value(f"SELECT count(*) {where}", (kind.id, since)))
        done = offset + len(rows)
        return Reply(
            200,
            {
                "results": [show(record_of(row), call) for row in rows],
                "hasMore": done < total,
                "offset": done,
                "total": total,
            },
        )

    def _company(self, record: Record, call: Call) -> dict[str, Any]:
        return {
            "companyId": record.id,
            "portalId": self._account.options.portal_id,
            "isDeleted": False,
            "properties": self._values(record, call),
        }

    def _deal(self, record: Record, call: Call) -> dict[str, Any]:
        linked = self._records.links.linked
        found = {
            "associatedVids": linked(record.id, CONTACT),
            "associatedCompanyIds": linked(record.id, COMPANY),
            "associatedDealIds": linked(record.id, DEAL),
        }
        return {
            "dealId": record.id, "portalId": self._account.options.portal_id, "isDeleted": False, "associations": found,
            "properties": self._values(record, call), "lineItemIds": linked(record.id, LINE_ITEM),
        }  # fmt: skip

    def _contact(self, record: Record, call: Call) -> dict[str, Any]:
        identities = (
            [{"type": "EMAIL", "value": record.properties["email"], "timestamp": record.created, "is-primary": True}]
            if record.properties.get("email")
            else []
        )
        return {
            "vid": record.id, "canonical-vid": record.id, "portal-id": self._account.options.portal_id, "is-contact": True,
            "addedAt": record.created, "properties": self._values(record, call), "merged-vids": [],
            "identity-profiles": [{"vid": record.id, "identities": identities}],
        }  # fmt: skip

    def _values(self, record: Record, call: Call) -> dict[str, Any]:
        kind = self._account.types.by_id(record.type)
        asked = call.listed("properties") or call.listed("property") or list(record.properties)
        names = dict.fromkeys([*(name for name in asked if name in self._account.definitions(kind)), *kind.always])
        shown = {}
        for name in names:
            value = value_of(kind, record, name)
            if value is None:
                continue
            entry = {"value": value, "timestamp": record.modified, "source": "API", "sourceId": None}
            if call.flag("includePropertyVersions"):
                entry["versions"] = [{"name": name, **one} for one in past(self._store, record, name)]
            shown[name] = entry
        return shown
