"""The requests a system bears at once, handed to threads; a reading for many writes goes before writes that wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """So many turns at once. Whoever is ``first`` gets the next one that is free, before all who waited longer."""

    def __init__(self, many: int) -> None:
        self._free = many
        self.readings = 0  # that wait
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, *, first: bool = False) -> Iterator[None]:
        """Wait for a slot and hold it meanwhile."""
        with self._changed:
            self.readings += first
            self._changed.wait_for(lambda: self._free > 0 and (first or not self.readings))
            self.readings -= first
            self._free -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
