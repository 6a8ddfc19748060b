"""The demo company as rows of Business One."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .account import Account

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company


def load_company(account: Account, company: Company) -> None:
    """Fill the company in one transaction: all or nothing. Raises ValueError when it is filled already."""
    store = account.store
    if store.setting("loaded") is not None:
        raise ValueError("This Business One company holds data already; start with an empty state directory.")
    with store.fill():
        store.set_setting("loaded", company.name)
