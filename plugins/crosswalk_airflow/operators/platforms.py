"""Which hook and which operators belong to which platform."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from crosswalk.platforms import platform_of

if TYPE_CHECKING:
    from crosswalk_airflow.hooks.connector import ConnectorHook
    from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator


def hook_class(platform: str) -> type[ConnectorHook]:
    """Return the platform's hook class."""
    return cast("type[ConnectorHook]", _named(platform, "hooks", "Hook"))


def pull_operator(platform: str) -> type[PullOperator]:
    """Return the platform's pull operator."""
    return cast("type[PullOperator]", _named(platform, "operators", "PullOperator"))


def deliver_operator(platform: str) -> type[DeliverOperator]:
    """Return the platform's deliver operator."""
    return cast("type[DeliverOperator]", _named(platform, "operators", "DeliverOperator"))


def settle_operator(platform: str) -> type[SettleOperator]:
    """Return the platform's settle operator."""
    return cast("type[SettleOperator]", _named(platform, "operators", "SettleOperator"))


def _named(platform: str, room: str, role: str) -> Any:
    return getattr(import_module(f"crosswalk_airflow.{room}.{platform}"), f"{platform_of(platform).class_prefix}{role}")
