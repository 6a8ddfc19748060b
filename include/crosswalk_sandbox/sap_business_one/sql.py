"""Stored SQL (SAP Business One §12)."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r":(\w+)")


def normalised(text: str) -> tuple[str, str]:
    """A query's text as it is kept, and its parameters."""
    return text.strip(), ",".join(dict.fromkeys(_PARAMETER.findall(text)))
