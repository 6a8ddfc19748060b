"""Who a token belongs to: the identity URL and userinfo (Salesforce §2.1)."""

from __future__ import annotations

from typing import Any

from .errors import not_found
from .org import Org
from .values import stamp


def identity_url(org: Org, user_id: str) -> str:
    """The identity URL, part of the signature."""
    return f"https://login.salesforce.com/id/{org.fact('org_id')}/{user_id}"


def identity_card(org: Org, user_id: str, base_url: str) -> dict[str, Any]:
    """The body of the identity URL: the facts of userinfo under this resource's own names."""
    info = user_info(org, user_id, base_url)
    return {
        "id": info["sub"], "asserted_user": True, "user_id": user_id, "organization_id": info["organization_id"],
        "username": info["preferred_username"], "nick_name": info["nickname"], "display_name": info["name"],
        "email": info["email"], "email_verified": True, "first_name": info["given_name"], "last_name": info["family_name"],
        "timezone": info["zoneinfo"], "photos": info["photos"], "urls": info["urls"], "active": info["active"],
        "user_type": info["user_type"], "language": info["language"], "locale": info["locale"], "utcOffset": info["utcOffset"],
        "last_modified_date": info["updated_at"], "is_app_installed": True,
    }  # fmt: skip


def user_info(org: Org, user_id: str, base_url: str) -> dict[str, Any]:
    """The body of userinfo."""
    user = org.store.fetch(org.schema.objects["user"], user_id)
    if user is None:
        raise not_found()
    org_id = org.fact("org_id")
    return {
        "sub": identity_url(org, user_id), "user_id": user_id, "organization_id": org_id,
        "preferred_username": user["Username"], "nickname": user["CommunityNickname"], "name": user["Name"], "email": user["Email"],
        "email_verified": True, "given_name": user["FirstName"], "family_name": user["LastName"], "zoneinfo": user["TimeZoneSidKey"],
        "photos": {"picture": f"{base_url}/profilephoto/005/F", "thumbnail": f"{base_url}/profilephoto/005/T"},
        "profile": f"{base_url}/{user_id}", "picture": f"{base_url}/profilephoto/005/F", "address": {},
        "is_salesforce_integration_user": True, "is_app_installed": True, "user_type": "STANDARD",
        "urls": {
            "rest": f"{base_url}/services/data/v{{version}}/", "sobjects": f"{base_url}/services/data/v{{version}}/sobjects/",
            "query": f"{base_url}/services/data/v{{version}}/query/", "partner": f"{base_url}/services/Soap/u/{{version}}/{org_id[:15]}",
            "metadata": f"{base_url}/services/Soap/m/{{version}}/{org_id[:15]}", "custom_domain": base_url,
        },
        "active": bool(user["IsActive"]), "language": user["LanguageLocaleKey"], "locale": user["LocaleSidKey"],
        "utcOffset": 0, "updated_at": stamp(org.now())[:19] + "Z",
    }  # fmt: skip
