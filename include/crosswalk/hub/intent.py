"""What everybody who reads an intent wants to know of it, whatever else they ask."""

from __future__ import annotations

from dataclasses import dataclass

OF_SOURCE = "(select * from hub.intent i where i.source_system = {0} and i.source_key = {1} offset 0)"
OF_TARGET = "(select * from hub.intent i where i.target_system = {0} and i.target_key = {1} offset 0)"
"""SQL: every intent that a record is the source, or the target, of. What else is asked of them is asked of these few: a planner without
statistics takes an index of what is done for as good, and reads all that ever was for each record.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An intent: what is to be done, and which record it comes from."""

    key: str
    entity: str
    operation: str
    source_system: str
    source_entity: str
    source_key: str
