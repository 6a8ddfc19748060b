"""What must never be seen in a log, an XCom or an answer."""

from __future__ import annotations

from typing import Any

from tests.stack import Stack

SECRETS = {
    "consumer_key",
    "consumer_secret",
    "token_id",
    "token_secret",
    "private_key",
    "password",
    "security_token",
    "refresh_token",
}


def secrets_of(stack: Stack, system: str) -> list[tuple[str, str]]:
    """Every secret an emulator gives out, by name; a private key by each of its lines."""
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any]] = list(stack.access[system].items())
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{name}.{inner}", inside) for inner, inside in value.items()]
        elif name.rpartition(".")[2] in SECRETS:
            lines = [line for line in str(value).splitlines() if not line.startswith("-----")]
            found += [(name, line) for line in lines if len(line) > 7]
    return found
