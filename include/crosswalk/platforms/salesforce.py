"""Salesforce: a CRM. Its connection type is the one of Airflow's own provider."""

from __future__ import annotations

from crosswalk.platforms.definition import Platform, SandboxAccess, Screens, origin

_WITH_A_PAGE = ("customer", "contact", "product", "price", "deal", "deal_line", "order")

PLATFORM = Platform(
    name="salesforce",
    title="Salesforce",
    side="crm",
    screens=Screens(lambda extra: origin(extra.get("instance_url")), dict.fromkeys(_WITH_A_PAGE, "/{key}")),
    sandbox=SandboxAccess(
        port=8801,
        parts={"login": "username", "password": "password"},
        extra=(
            "security_token",
            "consumer_key",
            "consumer_secret",
            "private_key",
            "domain",
            "instance_url",
            "version",
            "login_url",
            "ca_file",
        ),
    ),
)
