"""Rows of a batch that fail for no fault of their own, as rows do while others write."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from typing import Any

Error = tuple[str, str]
"""Code and message in the vendor's words."""


class Mishaps:
    """Seeded dice over the rows of batches; nothing happens until :meth:`arm`. Thread-safe."""

    def __init__(self, usual: Error) -> None:
        self._guard = threading.Lock()
        self._usual = usual
        self._probability, self._error = 0.0, usual
        self._left: int | None = None
        self._dice = random.Random(0)

    def arm(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """From now on each row fails with ``probability`` from ``seed``, at most ``count`` (None: without end).

        It fails with ``code`` and ``message``, the vendor's usual ones unless told otherwise. Raises ValueError.
        """
        probability = float(given.get("probability", 1.0))
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability lies between 0 and 1, not at {probability}")
        with self._guard:
            self._probability, self._left = probability, given.get("count")
            self._dice = random.Random(int(given.get("seed", 0)))
            self._error = (str(given.get("code", self._usual[0])), str(given.get("message", self._usual[1])))
        return {"probability": probability}

    def strikes(self) -> Error | None:
        """The error of the next row when the dice fall against it."""
        if not self._probability:
            return None
        with self._guard:
            if self._left == 0 or self._dice.random() >= self._probability:
                return None
            if self._left is not None:
                self._left -= 1
            return self._error
