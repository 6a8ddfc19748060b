"""The lines of the connectors' error tables: what a platform's code, or an answer of a certain look, means to us."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crosswalk.model.errors import CrosswalkError


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code is to us. ``executed=False``: the platform says that it has not carried the request out."""

    kind: type[CrosswalkError]
    hint: str = ""
    executed: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """A line for answers that no code alone tells apart: fits when all that it gives fits.

    ``numbers`` are those some platforms put in front of the text.
    """

    error: type[CrosswalkError]
    hint: str
    status: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    text: str = ""
    numbers: tuple[str, ...] = ()

    def fits(self, status: int, code: str, text: str, number: str = "") -> bool:
        """Tell whether the rule is about this answer."""
        return (
            (not self.status or status in self.status)
            and (not self.codes or code in self.codes)
            and (not self.numbers or number in self.numbers)
            and (not self.text or re.search(self.text, text, re.IGNORECASE | re.DOTALL) is not None)
        )
