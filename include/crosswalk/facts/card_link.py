"""Signed links to one customer's card: read-only, for one record of one system, until they expire.

    /crosswalk-card/<pairing>/<system>/<key>?expires=<unix seconds>&by=<key id>&signature=<hex>

The signature is HMAC-SHA256, in lower-case hex, by the key called ``by`` over the UTF-8 text of these six lines joined by line feeds:
``crosswalk-card``, pairing, system, key, expires, by. Whoever holds the key can make links himself: that is how a CRM page shows the
card without anything being written into the CRM. A key may be bound to one system, and links are revoked by taking their key away.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from crosswalk.model.errors import ConfigurationError

ROUTE = "/crosswalk-card"
LONGEST = timedelta(days=400)
SHORTEST_SECRET = 32
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret that signs links; ``scope`` (``<pairing>/<system>``) bounds what it may sign, None is everything."""

    name: str
    secret: str = field(repr=False)
    scope: str | None = None

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ConfigurationError(
                f"The card's signing key {self.name} is shorter than {SHORTEST_SECRET} characters.",
                hint="Make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )

    def may_sign(self, pairing: str, system: str) -> bool:
        """Return whether links to records of ``system`` may carry this key's signature."""
        return self.scope in (None, f"{pairing}/{system}")


@dataclass(frozen=True, slots=True)
class CardLink:
    """What a link names."""

    pairing: str
    system: str
    key: str
    expires: int
    by: str
    signature: str

    @property
    def path(self) -> str:
        """The link below the server's address."""
        query = urlencode({"expires": self.expires, "by": self.by, "signature": self.signature})
        return (
            f"{ROUTE}/{quote(self.pairing, safe='')}/{quote(self.system, safe='')}/{quote(self.key, safe='')}?{query}"
        )


def sign(signing: SigningKey, pairing: str, system: str, key: str, *, expires: datetime) -> CardLink:
    """Return a link to one customer's card; raises ConfigurationError for a key that may not sign it."""
    if not signing.may_sign(pairing, system):
        raise ConfigurationError(
            f"Signing key {signing.name} is for {signing.scope}, not for {pairing}/{system}.",
            hint="Use another key, or make one without a scope.",
        )
    stamp = int(expires.timestamp())
    return CardLink(
        pairing, system, key, stamp, signing.name, _signature(signing.secret, pairing, system, key, stamp, signing.name)
    )


def is_genuine(link: CardLink, keys: Mapping[str, SigningKey]) -> bool:
    """Return whether a link was signed by a key that is there and may sign it, in time or not.

    Compared in constant time; an unknown key costs what a known one does.
    """
    signing = keys.get(link.by)
    secret = signing.secret if signing else _NOBODY
    expected = _signature(secret, link.pairing, link.system, link.key, link.expires, link.by)
    same = hmac.compare_digest(expected.encode(), link.signature.encode("utf-8", "replace"))
    return same and signing is not None and signing.may_sign(link.pairing, link.system)


def is_in_time(link: CardLink, *, now: datetime) -> bool:
    """Return whether a link still holds; one that would hold for longer than :data:`LONGEST` never does."""
    return now.timestamp() < link.expires <= (now + LONGEST).timestamp()


def signing_keys(secret_keys: Mapping[str, str], scopes: Mapping[str, str]) -> dict[str, SigningKey]:
    """Return the keys by name; raises ConfigurationError for a scope without its key, or a key that is too short."""
    if stray := sorted(set(scopes) - set(secret_keys)):
        raise ConfigurationError(
            f"The card's connection bounds {', '.join(stray)}, which is no key of it.",
            hint="Correct the name under `scopes`, or add the key under `secret_keys`.",
        )
    return {name: SigningKey(name, secret, scopes.get(name)) for name, secret in secret_keys.items()}


def _signature(secret: str, pairing: str, system: str, key: str, expires: int, by: str) -> str:
    message = "\n".join(("crosswalk-card", pairing, system, key, str(expires), by))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
