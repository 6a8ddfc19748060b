"""Which processes are ours, and how to end them.

Every component works in a folder of its own (`.crosswalk/run/<component>`), which its children inherit and nobody else
uses. So the working directory says whose a process is, even when its parent is long dead, its title was rewritten and
its number was used again. Processes on a terminal are never ours: somebody may have looked into the folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

_PATIENCE = 10.0  # seconds between asking a process to end and ending it


def working_in(folder: Path) -> Iterator[psutil.Process]:
    """Yield the living processes whose working directory is `folder` or below, except the caller and terminals' own."""
    root = str(folder.resolve())
    for process in psutil.process_iter():
        try:
            place = process.cwd().removesuffix(" (deleted)")
            inside = place == root or place.startswith(root + os.sep)
            if inside and process.pid != os.getpid() and process.terminal() is None and is_alive(process.pid):
                yield process
        except psutil.Error:
            continue  # gone meanwhile, or another user's


def is_alive(pid: int) -> bool:
    """Say whether a process exists and is not a zombie waiting to be reaped."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end(processes: Iterable[psutil.Process], patience: float = _PATIENCE) -> list[int]:
    """Ask processes to end, then make them; return the pids that were alive."""
    asked = [process for process in processes if _signalled(process, psutil.Process.terminate)]
    _, stubborn = psutil.wait_procs(asked, timeout=patience)
    for process in stubborn:
        _signalled(process, psutil.Process.kill)
    psutil.wait_procs(stubborn, timeout=patience)
    return [process.pid for process in asked]


def _signalled(process: psutil.Process, send: Callable[[psutil.Process], None]) -> bool:
    try:
        send(process)
    except psutil.Error:
        return False
    return True


def listener_on(port: int) -> str | None:
    """Name the process that listens on a loopback port, as `pid 123 (nginx)`; None when the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            place = connection.laddr and connection.laddr.port
            if connection.status == psutil.CONN_LISTEN and place == port and connection.pid:
                return f"pid {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None
    return None
