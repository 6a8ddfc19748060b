"""What the platform does by itself some seconds later: a company for a contact's address (HubSpot §17)."""

from __future__ import annotations

from typing import Final

from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Caller
from crosswalk_sandbox.hubspot.schema.types import COMPANY, CONTACT

from .service import Records

_FREE_MAIL: Final = frozenset(
    {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "gmx.de", "web.de", "icloud.com"}
)


class Automation:
    """Runs what is due, at the next request after its time."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store

    def run(self) -> None:
        """Find or create, and associate, the companies of new contacts with business addresses; keep what was noted."""
        self._account.keep_notes()
        if not self._account.options.company_automation:
            return
        rows = self._store.rows(
            "SELECT number, contact FROM automation WHERE due <= ? ORDER BY number", (self._store.now(),)
        )
        for number, ident in rows:
            with self._store.write():
                self._store.execute("DELETE FROM automation WHERE number = ?", (number,))
                self._company_for(ident)

    def _company_for(self, ident: int) -> None:
        contact = self._store.record(ident)
        if contact is None or contact.state != 0 or self._records.links.linked(ident, COMPANY):
            return
        domain = contact.properties.get("email", "").rpartition("@")[2]
        if not domain or domain in _FREE_MAIL:
            return
        sql = "SELECT id FROM record WHERE type = '0-2' AND state = 0 AND lower(json_extract(properties, '$.domain')) = ? ORDER BY id"
        known = self._store.value(sql, (domain,))
        kind = self._account.types.by_id(COMPANY)
        if known is None:
            given = {"properties": {"name": domain.split(".")[0].capitalize(), "domain": domain}}
            company = self._records.create(kind, given, Caller()).record
        else:
            company = self._records.find(kind, str(known))
        plain = self._records.links.types.plain(self._account.types.by_id(CONTACT), kind)
        self._records.links.attach(contact, company, [plain])
