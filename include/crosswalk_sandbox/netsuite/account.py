"""Who may sign in and as what: integration, roles, tokens and certificates of the account, kept over restarts."""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store

LEVELS: Final = ("None", "View", "Create", "Edit", "Full")


@dataclass(frozen=True, slots=True)
class Role:
    """A role: permission label -> level; an administrator may everything. ``subsidiaries`` None means all."""

    id: int
    name: str
    administrator: bool = False
    permissions: Mapping[str, str] = field(default_factory=dict)
    default_level: str = "Full"
    subsidiaries: tuple[int, ...] | None = None

    def may(self, permission: str, level: str) -> bool:
        """Whether the role holds the permission at that level or above."""
        held = self.permissions.get(permission, self.default_level)
        return self.administrator or LEVELS.index(held) >= LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: employee ``entity`` in ``role``."""

    role: Role
    entity: int = -5
    integration: str = ""


# Roles of a new account: an administrator's, the integration's own, one that may look only.
_ROLES: Final = (
    Role(3, "Administrator", administrator=True),
    Role(1001, "Integration", permissions={"Integration Governance": "None"}),
    Role(1002, "Viewer", default_level="View"),
)


class Account:
    """The account's credentials. Secrets are random, made once and kept in the account's file."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        kept = store.setting("account")
        self._facts: dict[str, Any] = json.loads(kept) if kept else _new_facts()
        if not kept:
            self._keep()

    def role(self, number: int) -> Role:
        """The role with this id."""
        facts = self._facts["roles"][str(number)]
        limited = facts["subsidiaries"]
        return Role(**{**facts, "subsidiaries": tuple(limited) if limited is not None else None})

    def secrets(self, consumer: str, token: str) -> tuple[str, str, Caller] | None:
        """Consumer secret, token secret and caller of a token pair; None for an unknown pair."""
        held = self._facts["tokens"].get(token)
        if consumer != self._facts["consumer_key"] or held is None:
            return None
        caller = Caller(self.role(held["role"]), held["entity"], consumer)
        return self._facts["consumer_secret"], held["secret"], caller

    def certificate(self, ident: str) -> dict[str, Any] | None:
        """Public key (PEM), role and entity of a certificate id; None for an unknown one."""
        found: dict[str, Any] | None = self._facts["certificates"].get(ident)
        return found

    @property
    def client_id(self) -> str:
        """Client id of the integration record; its consumer key is the same value."""
        return str(self._facts["consumer_key"])

    @property
    def session_secret(self) -> str:
        """What signs the access tokens that are valid now."""
        return str(self._facts["session_secret"])

    def expire_sessions(self) -> None:
        """Make every access token that was given out invalid."""
        with self._lock:
            self._facts["session_secret"] = secrets.token_hex(32)
            self._keep()

    def add_role(self, role: Role) -> dict[str, str]:
        """Add a role (or replace the one with its id) and a token for it."""
        with self._lock:
            self._facts["roles"][str(role.id)] = asdict(role)
            token, secret = secrets.token_hex(32), secrets.token_hex(32)
            self._facts["tokens"][token] = {"secret": secret, "role": role.id, "entity": -5}
            self._keep()
        return {"token_id": token, "token_secret": secret}

    def token_of(self, role: int) -> dict[str, str]:
        """Token id and secret of the first token that acts in the role."""
        for token, held in self._facts["tokens"].items():
            if held["role"] == role:
                return {"token_id": token, "token_secret": held["secret"]}
        raise KeyError(role)

    def pair(self) -> dict[str, str]:
        """Consumer key and secret."""
        return {name: self._facts[name] for name in ("consumer_key", "consumer_secret")}

    def machine(self, kind: str, rsa_bits: int) -> dict[str, str]:
        """Certificate id and private key (PEM) for machine-to-machine sign-in; ``kind`` is ``rsa`` or ``ec``."""
        with self._lock:
            if kind not in self._facts["keys"]:
                self._make_key(kind, rsa_bits)
            held: dict[str, str] = self._facts["keys"][kind]
            return held

    def _make_key(self, kind: str, rsa_bits: int) -> None:
        key = (
            rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
            if kind == "rsa"
            else ec.generate_private_key(ec.SECP256R1())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        ident = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))
        self._facts["certificates"][ident] = {"public_key": public.decode(), "role": 1001, "entity": -5}
        self._facts["keys"][kind] = {"certificate_id": ident, "private_key": private.decode()}
        self._keep()

    def _keep(self) -> None:
        self._store.set_setting("account", json.dumps(self._facts))


def _new_facts() -> dict[str, Any]:
    tokens = {
        secrets.token_hex(32): {"secret": secrets.token_hex(32), "role": role.id, "entity": -5} for role in _ROLES
    }
    return {
        "consumer_key": secrets.token_hex(32),
        "consumer_secret": secrets.token_hex(32),
        "session_secret": secrets.token_hex(32),
        "tokens": tokens,
        "roles": {str(role.id): asdict(role) for role in _ROLES},
        "certificates": {},
        "keys": {},
    }
