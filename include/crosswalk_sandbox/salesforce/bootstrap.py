"""What a new org holds before any business data: organization, people, stages, currencies, permissions, ERP fields."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from importlib.resources import files
from typing import Any

from .access import GOVERNED
from .auth import make_keys, new_grant
from .ids import mint, scatter
from .org import ORG_NUMBER, Org
from .schema import SObject
from .values import stamp

INTEGRATION_NUMBER = 900_001
AUTOMATED_NUMBER = 900_002
STANDARD_BOOK_NUMBER = 1
INTEGRATION_USERNAME = "crosswalk.integration@northwind.demo"
STAGES = (
    ("Prospecting", 0, 0, "Pipeline", "Pipeline", 10), ("Qualification", 0, 0, "Pipeline", "Pipeline", 10),
    ("Needs Analysis", 0, 0, "Pipeline", "Pipeline", 20), ("Value Proposition", 0, 0, "Pipeline", "Pipeline", 50),
    ("Id. Decision Makers", 0, 0, "Pipeline", "Pipeline", 60), ("Perception Analysis", 0, 0, "Pipeline", "Pipeline", 70),
    ("Proposal/Price Quote", 0, 0, "Pipeline", "Pipeline", 75), ("Negotiation/Review", 0, 0, "Pipeline", "Pipeline", 90),
    ("Closed Won", 1, 1, "Closed", "Closed", 100), ("Closed Lost", 1, 0, "Omitted", "Omitted", 0),
)  # fmt: skip
RATES = {"USD": 1.0, "EUR": 0.92, "GBP": 0.79, "CAD": 1.36, "JPY": 151.0, "AUD": 1.52, "CHF": 0.9, "MXN": 17.1}


def bootstrap(org: Org) -> None:
    """Fills a new org; does nothing in one that is filled already."""
    if org.store.setting("org_id") is not None:
        _object_permissions(org)
        return
    with org.store.writing():
        org_id = mint("00D", ORG_NUMBER)
        user_id = mint("005", INTEGRATION_NUMBER)
        _secrets(org, org_id, user_id)
        _people(org, user_id)
        put(org, "Organization", ORG_NUMBER, _organization(org))
        _sales_setup(org)
        permission_set = _permissions(org, user_id)
        if org.options.erp_fields:
            _erp_fields(org, permission_set)
        _object_permissions(org)
    org.access.changed()


def put(org: Org, object_name: str, number: int, values: dict[str, Any], when: str | None = None) -> str:
    """Stores a system row under a fixed number; answers its id."""
    sobject = org.schema.objects[object_name.lower()]
    row = blank(sobject, org.fact("integration_user"), when or stamp(org.now()))
    row.update({name: value for name, value in values.items() if sobject.has(name)})
    row["Id"] = mint(sobject.prefix, number)
    org.store.insert(sobject, {"_row": scatter(number), **row})
    org.store.raise_number(object_name, number)
    return str(row["Id"])


def blank(sobject: SObject, user_id: str, when: str) -> dict[str, Any]:
    """A row with nothing but its system fields."""
    row: dict[str, Any] = {item.name: 0 for item in sobject.stored if item.type == "boolean"}
    for name, value in (("CreatedDate", when), ("LastModifiedDate", when), ("SystemModstamp", when),
                        ("CreatedById", user_id), ("LastModifiedById", user_id)):  # fmt: skip
        if sobject.has(name):
            row[name] = value
    return row


def _secrets(org: Org, org_id: str, user_id: str) -> None:
    private, public = make_keys()
    facts = {
        "org_id": org_id, "integration_user": user_id, "username": INTEGRATION_USERNAME,
        "consumer_key": f"3MVG9{secrets.token_urlsafe(60)}", "consumer_secret": secrets.token_hex(32).upper(),
        "password": secrets.token_urlsafe(12), "security_token": secrets.token_urlsafe(18)[:24],
        "private_key": private, "public_key": public,
    }  # fmt: skip
    for name, value in facts.items():
        org.store.set_setting(name, value)
    org.store.set_setting("refresh_token", new_grant(org, user_id))


def _people(org: Org, user_id: str) -> None:
    profile = put(org, "Profile", 1, {"Name": "System Administrator", "UserType": "Standard"})
    minimum = put(org, "Profile", 2, {"Name": "Minimum Access - API Only Integrations", "UserType": "Standard"})
    common = {"IsActive": 1, "TimeZoneSidKey": org.options.time_zone, "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
              "LanguageLocaleKey": "en_US", "UserType": "Standard", "DefaultCurrencyIsoCode": org.options.corporate_currency,
              "CurrencyIsoCode": org.options.corporate_currency}  # fmt: skip
    people = (
        (INTEGRATION_NUMBER, "Crosswalk", "Integration", INTEGRATION_USERNAME, "xwalk", minimum),
        (AUTOMATED_NUMBER, "Automated", "Process", "autoproc@northwind.demo", "autop", profile),
    )
    for number, first, last, username, alias, profile_id in people:
        put(org, "User", number, {**common, "FirstName": first, "LastName": last, "Name": f"{first} {last}", "Username": username,
            "Email": username, "Alias": alias, "CommunityNickname": alias, "ProfileId": profile_id})  # fmt: skip


def _organization(org: Org) -> dict[str, Any]:
    return {
        "Name": org.options.organization_name, "Country": "US", "PrimaryContact": "Crosswalk Integration",
        "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": org.options.time_zone, "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1, "DefaultAccountAccess": "Edit", "DefaultContactAccess": "ControlledByParent",
        "DefaultOpportunityAccess": "Edit", "DefaultLeadAccess": "ReadEditTransfer", "DefaultCaseAccess": "ReadEditTransfer",
        "DefaultCalendarAccess": "HideDetailsInsert", "DefaultPricebookAccess": "ReadSelect", "DefaultCampaignAccess": "All",
        "UiSkin": "Theme3", "SignupCountryIsoCode": "US", "OrganizationType": "Enterprise Edition", "InstanceName": "CS420",
        "IsSandbox": 1, "WebToCaseDefaultOrigin": "Web", "MonthlyPageViewsUsed": 0, "MonthlyPageViewsEntitlement": 0, "NumKnowledgeService": 2,
        "TrialExpirationDate": stamp(org.now() + timedelta(days=3650)),
    }  # fmt: skip


def _sales_setup(org: Org) -> None:
    for number, (label, closed, won, category, shown, probability) in enumerate(STAGES, 1):
        put(org, "OpportunityStage", number, {
            "MasterLabel": label, "ApiName": label, "IsActive": 1, "SortOrder": number, "IsClosed": closed, "IsWon": won,
            "ForecastCategory": category, "ForecastCategoryName": shown, "DefaultProbability": float(probability)})  # fmt: skip
    for number, status in enumerate(("Draft", "Activated"), 1):
        put(org, "OrderStatus", number, {"MasterLabel": status, "ApiName": status, "SortOrder": number, "IsDefault": int(number == 1),
                                         "StatusCode": status})  # fmt: skip
    put(org, "Pricebook2", STANDARD_BOOK_NUMBER, {"Name": "Standard Price Book", "IsActive": 1, "IsStandard": 1})
    if org.options.multi_currency:
        for number, code in enumerate(org.options.currencies, 1):
            put(org, "CurrencyType", number, {"IsoCode": code, "ConversionRate": RATES.get(code, 1.0), "IsActive": 1,
                "DecimalPlaces": 0 if code == "JPY" else 2, "IsCorporate": int(code == org.options.corporate_currency)})  # fmt: skip


def _permissions(org: Org, user_id: str) -> str:
    rights = {"PermissionsApiEnabled": 1, "PermissionsViewAllData": 1, "PermissionsActivateOrder": 1, "IsCustom": 1}
    permission_set = put(org, "PermissionSet", 1, {"Name": "ERP_Sync", "Label": "ERP Sync", **rights})
    put(org, "PermissionSetAssignment", 1, {"PermissionSetId": permission_set, "AssigneeId": user_id})
    return permission_set


def _object_permissions(org: Org) -> None:
    """The synchronisation's permission set may do everything with every business object the org has, once and for all."""
    sets = org.schema.objects["permissionset"]
    with org.store.writing():
        known = set(json.loads(org.store.setting("object_permissions") or "[]"))
        wanted = [name for name in GOVERNED if org.sobject(name) and name not in known]
        if not wanted:
            return
        parent = org.store.fetch_where(sets, '"Name" = ?', ["ERP_Sync"])[0]["Id"]
        rights = dict.fromkeys(("Create", "Read", "Edit", "Delete", "ViewAllRecords"), 1)
        for name in wanted:
            number = org.store.next_number("ObjectPermissions")
            facts = {f"Permissions{right}": value for right, value in rights.items()}
            put(org, "ObjectPermissions", number, {"ParentId": parent, "SobjectType": name, **facts})
        org.store.set_setting("object_permissions", json.dumps(sorted(known | set(wanted))))
    org.access.changed()


def _erp_fields(org: Org, permission_set: str) -> None:
    number = 0
    for spec in json.loads((files(__package__) / "data" / "erp_fields.json").read_text("utf-8")):
        for object_name in spec["on"]:
            number += 1
            field = {key: value for key, value in spec.items() if key != "on"}
            install_field(org, object_name, field, mint("00N", number))
            put(org, "FieldPermissions", number, {"ParentId": permission_set, "SobjectType": object_name,
                "Field": f"{object_name}.{spec['name']}", "PermissionsRead": 1, "PermissionsEdit": int(not spec.get("formula"))})  # fmt: skip
    org.store.raise_number("CustomField", number)


def install_field(org: Org, object_name: str, spec: dict[str, Any], record_id: str) -> None:
    """Adds a custom field under an id."""
    org.add_custom_field(object_name, spec, record_id)
