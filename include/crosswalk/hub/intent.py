"""What everybody who reads an intent wants to know of it, whatever else they ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """An intent: what is to be done, and which record it comes from."""

    key: str
    entity: str
    operation: str
    source_system: str
    source_entity: str
    source_key: str
