"""How the platform signs what it sends (HubSpot §21)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final
from urllib.parse import unquote

_DECODED: Final = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def version1(secret: str, body: bytes) -> str:
    """Webhooks: hex SHA-256 of secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def version2(secret: str, method: str, uri: str, body: bytes) -> str:
    """Workflow actions and cards: hex SHA-256 of secret, method, URI and body."""
    return hashlib.sha256(f"{secret}{method}{uri}".encode() + body).hexdigest()


def version3(secret: str, method: str, uri: str, body: bytes, timestamp: int) -> str:
    """Everything current: base64 HMAC of method, URI with some characters decoded, body and milliseconds."""
    plain = _DECODED.sub(lambda found: unquote(found[0]), uri)
    signed = f"{method}{plain}".encode() + body + str(timestamp).encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
