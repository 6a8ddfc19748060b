"""Rows of a batch that fail for no fault of their own, as rows do while others write (Salesforce §6.2, §8.1)."""

from __future__ import annotations

import random
import threading

from .errors import RowError

LOCKED = ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


class Mishaps:
    """Seeded dice over the rows of collections and bulk jobs; nothing happens until :meth:`arm`."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.arm(0.0)

    def arm(
        self,
        probability: float,
        *,
        seed: int = 0,
        count: int | None = None,
        code: str = LOCKED[0],
        message: str = LOCKED[1],
    ) -> None:
        """From now on each row fails with ``probability``, at most ``count`` in all (None: without end)."""
        with self._guard:
            self._probability, self._left = probability, count
            self._dice = random.Random(seed)
            self._error = (code, message)

    def strike(self) -> None:
        """Raises RowError when the dice fall against the next row."""
        if not self._probability:
            return
        with self._guard:
            if self._left == 0 or self._dice.random() >= self._probability:
                return
            if self._left is not None:
                self._left -= 1
        raise RowError(*self._error)
