"""What the account says of itself: time zone, currencies, owners and stages; asked once, and only when a record needs it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crosswalk.connectors.hubspot.client import Client
from crosswalk.model.errors import ConfigurationError


class Account:
    """Facts of one account, kept for the life of a connector. ``zone`` given spares the question for it."""

    def __init__(self, client: Client, zone: str | None = None) -> None:
        self._client, self._zone = client, zone
        self._lock = threading.Lock()
        self._stages: dict[str, Mapping[str, str]] = {}
        self._types: dict[str, Mapping[str, Mapping[str, Any]]] = {}

    @cached_property
    def details(self) -> Mapping[str, Any]:
        """Time zone and currencies (HubSpot §18)."""
        return self._client.account()

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which an instant is shown as a day (HubSpot §17: `closedate`)."""
        name = self._zone or str(self.details.get("timeZone") or "UTC")
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError(
                f"{name!r} is no time zone.",
                hint="Give the connection's extra `time_zone` a name such as Europe/Berlin.",
                field="time_zone",
            ) from None

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """The account's currencies, its own first."""
        return (str(self.details["companyCurrency"]), *map(str, self.details.get("additionalCurrencies") or ()))

    @cached_property
    def _present(self) -> Mapping[str, str]:
        return {str(owner["id"]): _name(owner) for owner in self._client.owners()}

    @cached_property
    def _former(self) -> Mapping[str, str]:
        return {str(owner["id"]): _name(owner) for owner in self._client.owners(archived=True)}

    def owner(self, key: str) -> str | None:
        """Return an owner's name; those who left are asked for when a record still names one (HubSpot §14)."""
        return self._present.get(key) or self._former.get(key)

    def stage(self, native: str, key: str) -> str:
        """Return a stage's label; the key itself where no pipeline has it."""
        with self._lock:
            if native not in self._stages:
                pipelines = self._client.pipelines(native)
                stages = [stage for pipeline in pipelines for stage in pipeline.get("stages") or ()]
                self._stages[native] = {str(stage["id"]): str(stage["label"]) for stage in stages}
        return self._stages[native].get(key, key)

    def definitions(self, native: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the definitions of an object's properties by name."""
        with self._lock:
            if native not in self._types:
                self._types[native] = {str(one["name"]): one for one in self._client.properties(native)}
        return self._types[native]


def _name(owner: Mapping[str, Any]) -> str:
    full = f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
    return full or str(owner.get("email") or owner["id"])
