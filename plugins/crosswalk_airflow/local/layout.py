"""Where the local runtime keeps its things: one folder, `.crosswalk`, in the project."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from crosswalk.model.errors import ConfigurationError

_LONGEST_SOCKET_PATH = 90  # the kernel allows 103 (macOS) or 107 bytes, and supervisor adds its pid while binding


def find_project() -> Path:
    """Return the project's root: $CROSSWALK_PROJECT, else the checkout this code runs from, else the nearest above."""
    if given := os.environ.get("CROSSWALK_PROJECT"):
        return Path(given).resolve()
    here = Path.cwd().resolve()
    for folder in (Path(__file__).resolve().parents[3], here, *here.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "dags").is_dir():
            return folder
    raise ConfigurationError(
        "This is not a Crosswalk project: no pyproject.toml beside a dags folder here or above.",
        hint="Change to the project's folder, or set CROSSWALK_PROJECT to it.",
    )


def short_hash(path: Path) -> str:
    """Name a folder in ten characters, so that two checkouts never share what lies outside of them."""
    return hashlib.sha256(str(path).encode()).hexdigest()[:10]


@dataclass(frozen=True)
class Layout:
    """All paths of one installation; `state` is everything that `crosswalk reset` deletes."""

    project: Path
    state: Path

    @property
    def logs(self) -> Path:
        """One file per component, written by supervisor."""
        return self.state / "logs"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder: task logs and the password file."""
        return self.state / "airflow"

    @property
    def passwords(self) -> Path:
        """The users' passwords, in the form of Airflow's SimpleAuthManager."""
        return self.state / "passwords.json"

    @property
    def secrets(self) -> Path:
        """Generated keys and database passwords."""
        return self.state / "secrets.json"

    @property
    def settings(self) -> Path:
        """The settings of the last start: what the components obey."""
        return self.state / "settings.json"

    @property
    def databases(self) -> Path:
        """The databases' URLs."""
        return self.state / "databases.json"

    @property
    def provisioned(self) -> Path:
        """Fingerprints of the connections that were written last."""
        return self.state / "provisioned.json"

    @property
    def migrated(self) -> Path:
        """Which Airflow migrated its database last, and to which revision."""
        return self.state / "migrated.json"

    @property
    def sandbox(self) -> Path:
        """The emulators' data."""
        return self.state / "sandbox"

    @property
    def postgres(self) -> Path:
        """The embedded server's folder, where its user may go."""
        return self.state / "postgres"

    @property
    def supervisor_configuration(self) -> Path:
        """The rendered supervisord.conf."""
        return self.state / "supervisord.conf"

    @property
    def supervisor_pid(self) -> Path:
        """The supervisor's pid file."""
        return self.state / "supervisord.pid"

    @property
    def supervisor_socket(self) -> Path:
        """The supervisor's Unix socket: in the state folder, or, where its path is too long, in a short private one."""
        inside = self.state / "supervisor.sock"
        return inside if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH else self.short_folder / "supervisor.sock"

    @property
    def short_folder(self) -> Path:
        """A private folder with a short path, unique to this state folder."""
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        if len(os.fsencode(base)) > 50 or not os.access(base, os.W_OK):
            base = "/tmp"  # noqa: S108 - the folder below is made private and checked for its owner
        return Path(base) / f"crosswalk-{os.geteuid()}-{short_hash(self.state)}"

    def workplace(self, component: str) -> Path:
        """The working directory of a component: every process that works there belongs to it, and to nothing else."""
        return self.state / "run" / component

    def log(self, component: str) -> Path:
        """A component's log file."""
        return self.logs / f"{component}.log"

    def prepare(self) -> None:
        """Create the folders. Only the owner may look inside; others may pass through to the database's folder."""
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.logs, self.airflow_home, self.sandbox, self.state / "run"):
            folder.mkdir(mode=0o700, exist_ok=True)
        if self.supervisor_socket.parent != self.state:
            _make_private(self.short_folder)


def _make_private(folder: Path) -> None:
    """Create a folder below a shared one; refuse a folder that somebody else put there."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise ConfigurationError(
            f"{folder} is not a private folder of this user.", hint="Delete it, or set XDG_RUNTIME_DIR to one that is."
        )
