"""Ends what a killed test run leaves: a system is a daemon with a supervisor of its own and outlives the pytest that started it.

`with guarded(command): …` starts a watcher that waits for the end of a pipe from this process. The kernel closes the pipe when this
process dies, however it dies; then the watcher runs the command. A process that comes to the end of the block calls it off.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

_CALLED_OFF = b"."


@contextmanager
def guarded(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run ``command`` if this process dies inside the block; ``environment`` is the command's."""
    with subprocess.Popen(
        [sys.executable, "-I", __file__, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # what ends the test run's whole group spares the watcher
    ) as watcher:
        try:
            yield
        finally:
            watcher.communicate(_CALLED_OFF)


if __name__ == "__main__":
    if not sys.stdin.buffer.read():
        os.execvp(sys.argv[1], sys.argv[1:])
