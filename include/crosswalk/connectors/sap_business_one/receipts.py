"""What became of a write."""

from __future__ import annotations

from dataclasses import replace

from crosswalk.model.errors import (
    AuthenticationError,
    ConfigurationError,
    CrosswalkError,
    InDoubtError,
    RateLimitedError,
    RetryableError,
)
from crosswalk.model.records import Outcome, Receipt, Write

PATIENCE = 300.0  # seconds before a write is tried again that the connection kept from going: a person has to act

Receipts = dict[str, Receipt]
"""By intent key."""


def done(write: Write, key: str, *, adopted: bool = False) -> Receipt:
    """Return the receipt of a write that is in the company under ``key``."""
    return Receipt(write.intent_key, Outcome.DONE, native_id=key, adopted=adopted)


def in_doubt(write: Write) -> Receipt:
    """Return the receipt of a create that was taken without a word on what it became."""
    return Receipt(
        write.intent_key,
        Outcome.IN_DOUBT,
        message="The Service Layer took it without saying as what; it is looked up by its key.",
    )


def receipt_of(write: Write, error: CrosswalkError) -> Receipt:
    """Return the receipt for a write that ended in ``error``."""
    outcome, wait = _outcome(error)
    return replace(Receipt.of_error(write.intent_key, outcome, error, native_id=write.native_id), retry_after=wait)


def _outcome(error: CrosswalkError) -> tuple[Outcome, float | None]:
    """Return how a write ended that failed with ``error``, and how long to wait before the next try."""
    if isinstance(error, InDoubtError):
        return Outcome.IN_DOUBT, None
    if isinstance(error, RateLimitedError):
        return Outcome.RETRY, error.retry_after
    if isinstance(error, RetryableError):
        return Outcome.RETRY, None
    if isinstance(error, AuthenticationError) or (type(error) is ConfigurationError and error.code is None):
        return Outcome.RETRY, PATIENCE  # the record is not at fault: it goes when the connection is right again
    return Outcome.REJECTED, None
