"""What Airflow does after a failure, by the engine's error classes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy

if TYPE_CHECKING:
    from airflow.sdk import Context


class CrosswalkRetryPolicy(RetryPolicy):
    """Configuration errors fail at once; limits wait as long as the system asked; the rest is tried again soon."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide by the error's type; called in the worker."""
        from crosswalk.model.errors import ConfigurationError, RateLimitedError, ReadOnlyError, RetryableError

        if isinstance(exception, ConfigurationError | ReadOnlyError):
            return RetryDecision.fail(reason=f"{exception.error_class}: a person has to act")
        if isinstance(exception, RateLimitedError):
            return RetryDecision.retry(
                delay=timedelta(seconds=min(exception.retry_after or 120, 3600)), reason="the system asked for patience"
            )
        if isinstance(exception, RetryableError | ConnectionError | TimeoutError):
            return RetryDecision.retry(
                delay=timedelta(seconds=15 * 2 ** min(try_number, 5)), reason="the system or the way to it is disturbed"
            )
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return what the serialized DAG keeps: the policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> RetryPolicy:
        """Return the policy."""
        return cls()
