"""The systems whose customers are read: how somebody signs in there without us, which fields are asked for, how customers are changed.

Changes are made as a user's import would make them, and each system takes them in at its own pace: who changed something waits until a
pull can see it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import requests

from benchmarks.emulators import Emulator
from benchmarks.engine import INCLUDE, pairing, side_of
from crosswalk.mapping.document import load_mapping
from crosswalk.model.records import Selection
from crosswalk.pairing.document import Side

BY_REST = "crosswalk by REST"
ENGINE = "crosswalk"
DLT = "dlt"
_SALESFORCE_BATCH = 200  # records of a collection (Salesforce §7.1)
_HUBSPOT_BATCH, _HUBSPOT_PAGE = 100, 100  # HubSpot §9, §8
_INDEXED = 4.0  # seconds until a search of HubSpot knows a change (§10)
_FAST = 10**6  # calls in ten seconds, so that pages cost what they cost and not a wait


@dataclass(frozen=True, slots=True)
class End:
    """One system. ``contenders`` are ``{name: (tool, options of our connector)}``, of which ``bare`` only reads and keeps nothing.

    ``account`` is what the emulator is told. ``change`` gives so many customers another name of a place, after an instant's second is over.
    """

    system: str
    title: str
    contenders: Mapping[str, tuple[str, Mapping[str, object]]]
    bare: str
    token: Callable[[Emulator], str]
    extra: Sequence[str]
    change: Callable[[Emulator, int, datetime, str], None]
    account: Mapping[str, object] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        """The side of its pairing that it is on."""
        return side_of(pairing(self.system), self.system)

    @property
    def selection(self) -> Selection:
        """What the shipped mapping reads of a customer."""
        return load_mapping(INCLUDE / "mappings" / f"{self.system}.yaml").entities["customer"].selection

    def fields(self) -> list[str]:
        """Return what all contenders ask for: what the mapping reads, columns of other objects by what is asked for them."""
        names = [one.path for one in self.selection.fields]
        if self.system != "salesforce":
            names = [_PROPERTIES.get(name.partition(".")[0], name.partition(".")[0]) for name in names]
        return [*self.extra, *dict.fromkeys(name for name in names if name not in ("computed", *self.extra))]

    @property
    def where(self) -> str:
        """What restricts customers there; empty for nothing."""
        return self.selection.where or ""


_PROPERTIES = {
    "billing": "BPAddresses",
    "shipping": "BPAddresses",
    "PaymentTermsType": "PayTermsGrpCode",
    "PriceList": "PriceListNum",
    "SalesPerson": "SalesPersonCode",
}


# --- Salesforce -----------------------------------------------------------------------------------


def salesforce_token(org: Emulator) -> str:
    """Return a new session of the org (client credentials, Salesforce §2.3)."""
    access = org.access()
    answer = requests.post(
        access["token_url"],
        data={"grant_type": "client_credentials"},
        auth=(access["consumer_key"], access["consumer_secret"]),
        timeout=60,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def change_in_salesforce(org: Emulator, accounts: int, since: datetime, city: str = "Newtown") -> None:
    """Give so many accounts another ``city``, in collections."""
    _after(since)
    headers = {"Authorization": f"Bearer {salesforce_token(org)}"}
    root = f"{org.base_url}/services/data/v62.0"
    soql = f"SELECT Id FROM Account ORDER BY Id LIMIT {accounts}"
    found = requests.get(f"{root}/query", params={"q": soql}, headers=headers, timeout=60).json()["records"]
    ids = [record["Id"] for record in found]
    for start in range(0, accounts, _SALESFORCE_BATCH):
        records = [
            {"attributes": {"type": "Account"}, "Id": key, "BillingCity": f"{city} {start}"}
            for key in ids[start : start + _SALESFORCE_BATCH]
        ]
        answer = requests.patch(
            f"{root}/composite/sobjects", json={"allOrNone": True, "records": records}, headers=headers, timeout=60
        )
        if not all(row["success"] for row in answer.json()):
            raise RuntimeError("The org refused the changes that were to be pulled.")


# --- HubSpot ----------------------------------------------------------------------------------------


def hubspot_token(portal: Emulator) -> str:
    """Return the token of the account's app (HubSpot §2)."""
    return str(portal.settings().password or portal.settings().extra["access_token"])


def change_in_hubspot(portal: Emulator, companies: int, since: datetime, city: str = "Newtown") -> None:
    """Give so many companies another ``city``, a hundred a call, and wait until searches know of it."""
    _after(since)
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {hubspot_token(portal)}"
        path = f"{portal.base_url}/crm/v3/objects/companies"
        wanted = list(islice(_companies(session, path), companies))
        for start in range(0, companies, _HUBSPOT_BATCH):
            ids = wanted[start : start + _HUBSPOT_BATCH]
            inputs = [{"id": one, "properties": {"city": f"{city} {ids[0]}"}} for one in ids]
            answer = session.post(f"{path}/batch/update", json={"inputs": inputs}, timeout=60)
            if answer.status_code != 200:
                raise RuntimeError("HubSpot refused the changes that were to be pulled.")
    time.sleep(_INDEXED)


def _companies(session: requests.Session, path: str) -> Iterator[str]:
    after: dict[str, Any] = {}
    while True:
        page = session.get(path, params={"limit": _HUBSPOT_PAGE, **after}, timeout=60).json()
        yield from (str(row["id"]) for row in page["results"])
        after = page["paging"]["next"]


# --- SAP Business One ---------------------------------------------------------------------------------


def business_one_token(company: Emulator) -> str:
    """Return a new session of the company (SAP Business One §3)."""
    access = company.access()
    body = {"CompanyDB": access["company_db"], "UserName": access["user_name"], "Password": access["password"]}
    answer = requests.post(f"{company.base_url}/b1s/v2/Login", json=body, timeout=60)
    answer.raise_for_status()
    return str(answer.json()["SessionId"])


def change_in_business_one(company: Emulator, partners: int, since: datetime, city: str = "Newtown") -> None:
    """Give so many customers another web address, one a call."""
    _after(since)
    site = f"https://{city.lower().replace(' ', '-')}.example.com"
    with requests.Session() as session:
        session.headers["Cookie"] = f"B1SESSION={business_one_token(company)}"
        root, last, left = f"{company.base_url}/b1s/v2/BusinessPartners", "", partners
        while left:
            query = {"$select": "CardCode", "$orderby": "CardCode", "$filter": f"CardType eq 'cCustomer' and CardCode gt '{last}'"}  # fmt: skip
            page = session.get(
                root, params=query, headers={"Prefer": f"odata.maxpagesize={min(left, 500)}"}, timeout=60
            )
            for row in page.json()["value"]:
                last, left = row["CardCode"], left - 1
                if session.patch(f"{root}('{last}')", json={"Website": site}, timeout=60).status_code != 204:
                    raise RuntimeError("Business One refused the changes that were to be pulled.")
        session.post(f"{company.base_url}/b1s/v2/Logout", timeout=60)


def _after(since: datetime) -> None:
    while datetime.now(UTC).replace(microsecond=0) <= since:
        time.sleep(0.05)


ENDS = {
    "salesforce": End(
        "salesforce",
        "Salesforce accounts",
        {ENGINE: (ENGINE, {}), BY_REST: (ENGINE, {"bulk_from": 10**9}), DLT: (DLT, {}), "simple-salesforce": ("simple-salesforce", {})},
        "simple-salesforce",
        salesforce_token,
        ("Id", "SystemModstamp"),
        change_in_salesforce,
    ),
    "hubspot": End(
        "hubspot",
        "HubSpot companies",
        {ENGINE: (ENGINE, {"searches_per_second": 100}), "hubspot-api-client": ("hubspot-api-client", {})},
        "hubspot-api-client",
        hubspot_token,
        (),
        change_in_hubspot,
        {"rate_limits": False, "burst": _FAST},
    ),
    "sap_business_one": End(
        "sap_business_one",
        "SAP Business One partners",
        {ENGINE: (ENGINE, {}), "requests": ("requests", {})},
        "requests",
        business_one_token,
        ("CardCode",),
        change_in_business_one,
    ),
}  # fmt: skip
