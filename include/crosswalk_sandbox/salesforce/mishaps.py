"""Rows of collections and bulk jobs that fail because others write (Salesforce §6.2, §8.1)."""

from __future__ import annotations

from crosswalk_sandbox.kernel.mishaps import Mishaps

from .errors import RowError

LOCKED = ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


class RowMishaps(Mishaps):
    """The dice, with the org's usual error."""

    def __init__(self) -> None:
        super().__init__(LOCKED)

    def strike(self) -> None:
        """Raises RowError when the dice fall against the next row."""
        error = self.strikes()
        if error is not None:
            raise RowError(*error)
