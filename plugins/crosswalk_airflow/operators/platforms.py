"""Which hook and which operators belong to which platform."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crosswalk_airflow.hooks.connector import ConnectorHook
    from crosswalk_airflow.operators.transfer import DeliverOperator, PullOperator, SettleOperator

_PREFIX = {"netsuite": "NetSuite", "salesforce": "Salesforce"}


def hook_class(platform: str) -> type[ConnectorHook]:
    """Return the platform's hook class."""
    return getattr(import_module(f"crosswalk_airflow.hooks.{platform}"), f"{_PREFIX[platform]}Hook")


def pull_operator(platform: str) -> type[PullOperator]:
    """Return the platform's pull operator."""
    return getattr(import_module(f"crosswalk_airflow.operators.{platform}"), f"{_PREFIX[platform]}PullOperator")


def deliver_operator(platform: str) -> type[DeliverOperator]:
    """Return the platform's deliver operator."""
    return getattr(import_module(f"crosswalk_airflow.operators.{platform}"), f"{_PREFIX[platform]}DeliverOperator")


def settle_operator(platform: str) -> type[SettleOperator]:
    """Return the platform's settle operator."""
    return getattr(import_module(f"crosswalk_airflow.operators.{platform}"), f"{_PREFIX[platform]}SettleOperator")
