"""HubSpot: a CRM. Everything is kept in the connection's extra, since Airflow's connection test lower-cases the host."""

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

_OWN = ("https://api.hubapi.com", None)


def _address(extra: Mapping[str, str]) -> str | None:
    """Return the screens beside the address the connection gives, else the account's own."""
    given = origin(extra.get("base_url"))
    if given not in _OWN:
        return given
    host = extra.get("ui_domain") or "app.hubspot.com"
    return f"https://{host}" if host.replace(".", "").replace("-", "").isalnum() else None


_FORM = ConnectionForm(
    fields=(
        ConnectionField("access_token", "Access token (private app or service key)", "secret"),
        ConnectionField("client_id", "Client id (OAuth app, instead of the token)", "secret"),
        ConnectionField("client_secret", "Client secret", "secret"),
        ConnectionField("refresh_token", "Refresh token", "secret"),
        ConnectionField("portal_id", "Account id (for links to records)"),
        ConnectionField("ui_domain", "Host of the screens (app.hubspot.com, app-eu1.hubspot.com)"),
        ConnectionField("time_zone", "Time zone of days (empty: the account's own)"),
        ConnectionField("api_version", "Version of the API (v3, or a dated one such as 2026-03)", default="v3"),
        ConnectionField("event_template", "Event template of the OAuth app (empty: events are notes)"),
        ConnectionField("base_url", "Base URL (only for a sandbox on another host)"),
        ConnectionField("ca_file", "CA file (only for a sandbox with its own certificate)"),
    )
)
_TYPES = {"customer": "0-2", "contact": "0-1", "product": "0-7", "deal": "0-3", "deal_line": "0-8"}

PLATFORM = Platform(
    name="hubspot",
    title="HubSpot",
    side="crm",
    form=_FORM,
    screens=Screens(
        _address, {entity: f"/contacts/{{portal_id}}/record/{kind}/{{key}}" for entity, kind in _TYPES.items()}
    ),
    timeline_subject="companies.id",
    sandbox=SandboxAccess(port=8803, extra=("access_token", "portal_id", "base_url", "ca_file")),
)
