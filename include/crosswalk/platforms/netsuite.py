"""NetSuite: an ERP. Everything is kept in the connection's extra, since Airflow's connection test lower-cases the host."""

from __future__ import annotations

from collections.abc import Mapping

from crosswalk.platforms.definition import (
    ConnectionField,
    ConnectionForm,
    Platform,
    SandboxAccess,
    Screens,
    origin,
)


def _address(extra: Mapping[str, str]) -> str | None:
    """Return the screens beside the base URL that the connection gives, else the ones that the account's id names."""
    if given := origin(extra.get("base_url")):
        return given.replace(".suitetalk.api.", ".app.")
    account = extra.get("account_id", "").lower().replace("_", "-")
    return f"https://{account}.app.netsuite.com" if account.replace("-", "").isalnum() else None


_FORM = ConnectionForm(
    fields=(
        ConnectionField("account_id", "Account id (1234567 or 1234567_SB1)", required=True),
        ConnectionField("consumer_key", "Consumer key (token-based authentication)", "secret"),
        ConnectionField("consumer_secret", "Consumer secret", "secret"),
        ConnectionField("token_id", "Token id", "secret"),
        ConnectionField("token_secret", "Token secret", "secret"),
        ConnectionField("client_id", "Client id (OAuth 2.0, instead of the four above)", "secret"),
        ConnectionField("certificate_id", "Certificate id"),
        ConnectionField("private_key", "Private key (PEM)", "lines"),
        ConnectionField("concurrency", "Concurrent requests", "whole_number", default=5, least=1),
        ConnectionField("sql_time_zone", "Time zone of SuiteQL dates", default="America/Los_Angeles"),
        ConnectionField(
            "track_deletes",
            "Read which records were deleted (needs the permission Deleted Records)",
            "yes_or_no",
            default=True,
        ),
        ConnectionField(
            "date_header",
            "Take the server's time from the Date of its answers (no: ask for it, a call a pull)",
            "yes_or_no",
            default=True,
        ),
        ConnectionField("base_url", "Base URL (only for a sandbox on another host)"),
        ConnectionField("ca_file", "CA file (only for a sandbox with its own certificate)"),
    )
)

PLATFORM = Platform(
    name="netsuite",
    title="NetSuite",
    side="erp",
    form=_FORM,
    screens=Screens(
        _address,
        {
            "customer": "/app/common/entity/custjob.nl?id={key}",
            "contact": "/app/common/entity/contact.nl?id={key}",
            "product": "/app/common/item/item.nl?id={key}",
            **dict.fromkeys(
                ("order", "invoice", "payment", "shipment"), "/app/accounting/transactions/transaction.nl?id={key}"
            ),
        },
    ),
    sandbox=SandboxAccess(
        port=8802,
        extra=(
            "account_id",
            "consumer_key",
            "consumer_secret",
            "token_id",
            "token_secret",
            "base_url",
            "concurrency",
            "sql_time_zone",
            "ca_file",
        ),
    ),
)
