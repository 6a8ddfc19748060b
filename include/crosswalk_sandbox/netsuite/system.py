"""``/services/rest/system/v1`` (NetSuite §1, §10)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import method_not_allowed, permission, unknown_url
from crosswalk_sandbox.netsuite.exchange import Answer, Call

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.governance import Governor
    from crosswalk_sandbox.netsuite.store import Store


class System:
    """Server time and concurrency limits."""

    def __init__(self, store: Store, governor: Governor) -> None:
        self._store = store
        self._governor = governor

    def serve(self, call: Call) -> Answer:
        """Either of the two resources; they exist since 2025.2."""
        name = call.segments[4:]
        if self._store.options.release < "2025.2" or name not in (("serverTime",), ("governanceLimits",)):
            raise unknown_url(call.path)
        if call.method != "GET":
            raise method_not_allowed(call.method)
        return self._server_time() if name == ("serverTime",) else self._limits(call)

    def _server_time(self) -> Answer:
        now = self._store.clock.now().astimezone(UTC)
        return Answer(200, {"serverTime": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"})

    def _limits(self, call: Call) -> Answer:
        if not call.caller.role.administrator:
            raise permission("Setup -> Integration Governance")
        limit, reserved = self._governor.limit, self._store.options.integration_concurrency
        if reserved:
            return Answer(200, {
                "accountConcurrencyLimit": limit,
                "accountUnallocatedConcurrencyLimit": max(limit - reserved, 0),
                "integrationConcurrencyLimit": self._governor.allowed,
                "integrationLimitType": "integrationSpecific",
            })  # fmt: skip
        return Answer(200, {
            "accountConcurrencyLimit": limit,
            "accountUnallocatedConcurrencyLimit": limit,
            "integrationLimitType": "accountLimit",
        })  # fmt: skip
