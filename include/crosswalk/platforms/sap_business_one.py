"""SAP Business One: an ERP. Its client opens no record by a link, so that there are no screens to link to."""

from __future__ import annotations

from crosswalk.platforms.definition import ConnectionField, ConnectionForm, Platform, SandboxAccess, Screens

_FORM = ConnectionForm(
    parts={"login": "User", "password": "Password"},
    fields=(
        ConnectionField("base_url", "Address of the Service Layer (https://server:50000)", required=True),
        ConnectionField("company_db", "Company database", required=True),
        ConnectionField("time_zone", "Time zone of the company's server (Europe/Berlin)"),
        ConnectionField("key_field", "User field that bears our keys", default="U_CrosswalkKey"),
        ConnectionField("concurrency", "Concurrent requests", "whole_number", default=4, least=1),
        ConnectionField("language", "Language of error texts (number of the language in SAP Business One)"),
        ConnectionField("bearer_token", "Bearer token (instead of user and password)", "secret"),
        ConnectionField("ca_file", "CA file (the Service Layer's certificate is its own by default)"),
    ),
)

PLATFORM = Platform(
    name="sap_business_one",
    title="SAP Business One",
    side="erp",
    form=_FORM,
    screens=Screens(lambda _extra: None, {}),
    sandbox=SandboxAccess(
        port=8804,
        parts={"login": "user_name", "password": "password"},
        extra=("base_url", "company_db", "time_zone", "ca_file"),
    ),
)
