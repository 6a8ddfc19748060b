"""Free ports on the loopback interface."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_block(size: int) -> int:
    """Return the first of so many consecutive ports that nobody listens on now; raises RuntimeError when none is found."""
    for _ in range(100):
        base = random.randrange(20_000, 30_000)
        if all(_is_free(port) for port in range(base, base + size)):
            return base
    raise RuntimeError(f"No {size} free ports in a row.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
