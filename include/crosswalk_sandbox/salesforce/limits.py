"""API usage: the daily budget, its lagging header, ``/limits`` and record counts (Salesforce §10)."""

from __future__ import annotations

import threading

from .calls import Call, Reply
from .errors import ApiError
from .org import Org

HOUR, DAY_HOURS = 3_600, 24
SHOWN_EVERY = 5
SAVE_EVERY = 50
REAL_LIMITS = {
    "ActiveScratchOrgs": 3, "AnalyticsExternalDataSizeMB": 40960, "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20, "DailyAsyncApexExecutions": 250_000, "DailyAsyncApexTests": 500,
    "DailyBulkApiBatches": 15_000, "DailyBulkV2QueryFileStorageMB": 976_562, "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 10_000, "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000, "DailyGenericStreamingApiEvents": 10_000, "DailyScratchOrgs": 6,
    "DailyStandardVolumePlatformEvents": 10_000, "DailyStreamingApiEvents": 10_000, "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 10_240, "DurableStreamingApiConcurrentClients": 20, "FileStorageMB": 10_240, "HourlyAsyncReportRuns": 1_200,
    "HourlyPublishedPlatformEvents": 50_000, "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 1_000, "MassEmail": 5_000, "PermissionSets": 1_500,
    "SingleEmail": 5_000, "StreamingApiConcurrentClients": 20,
}  # fmt: skip
FORCED = {
    "daily": "TotalRequests Limit exceeded.",
    "concurrent": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    "long": "ConcurrentPerOrgLongTxn Limit exceeded.",
}


class Usage:
    """Counts calls in hours of the emulator's clock; the day is rolling. ``forced`` makes every call fail (§6, three texts)."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.forced: str | None = None
        self._guard = threading.Lock()
        self._hours: dict[tuple[str, int], int] = {}
        self._unsaved = 0
        self._shown = 0
        for name, bucket, calls in org.store.connection.execute("SELECT name, bucket, calls FROM _usage"):
            self._hours[(name, bucket)] = calls

    def _bucket(self) -> int:
        return int(self.org.now().timestamp()) // HOUR

    def used(self, name: str = "DailyApiRequests") -> int:
        """Calls of the last 24 hours."""
        first = self._bucket() - DAY_HOURS
        return sum(calls for (kind, bucket), calls in list(self._hours.items()) if kind == name and bucket > first)

    def spend(self, calls: int = 1, name: str = "DailyApiRequests") -> None:
        """Counts calls. Raises ApiError 403 REQUEST_LIMIT_EXCEEDED beyond the budget."""
        if name == "DailyApiRequests" and (self.forced or self.used() >= self.org.options.daily_api_requests):
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", FORCED[self.forced or "daily"])
        with self._guard:
            key = (name, self._bucket())
            self._hours[key] = self._hours.get(key, 0) + calls
            self._unsaved += 1
            save = self._unsaved >= SAVE_EVERY
            if save:
                self._unsaved = 0
                rows = [(kind, bucket, count) for (kind, bucket), count in self._hours.items()]
        if save:
            with self.org.store.writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO _usage VALUES (?, ?, ?)", rows)

    def header(self) -> str:
        """``Sforce-Limit-Info``: lags behind, so that calls in a row show the same number."""
        used = self.used()
        if used < self._shown or used - self._shown >= SHOWN_EVERY:
            self._shown = used
        return f"api-usage={self._shown}/{self.org.options.daily_api_requests}"

    def limits(self, call: Call) -> Reply:
        """``GET /limits``."""
        body = {name: {"Max": most, "Remaining": max(most - self.used(name), 0)} for name, most in REAL_LIMITS.items()}
        most = self.org.options.daily_api_requests
        body["DailyApiRequests"] = {"Max": most, "Remaining": max(most - self.used(), 0)}
        return Reply(200, dict(sorted(body.items())))


def record_count(call: Call) -> Reply:
    """``GET /limits/recordCount?sObjects=…``: approximate; empty and unknown objects are left out."""
    given = [part.strip() for part in call.query.get("sObjects", "").split(",") if part.strip()]
    wanted = (
        [found for name in given if (found := call.org.sobject(name))]
        if given
        else list(call.org.schema.objects.values())
    )
    entries = []
    for sobject in sorted(wanted, key=lambda item: item.name):
        live = ' WHERE "IsDeleted" = 0' if sobject.has("IsDeleted") else ""
        count = call.org.store.connection.execute(f'SELECT COUNT(*) FROM "{sobject.name}"{live}').fetchone()[0]
        if count:
            entries.append({"count": count, "name": sobject.name})
    return Reply(200, {"sObjects": entries})
