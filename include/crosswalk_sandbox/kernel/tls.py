"""Throw-away certificates for https on loopback, kept in the state folder so that clients' settings stay valid."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trustme

# Names that clients dial: loopback, and the vendors' own hosts for clients that know no others.
_NAMES: Final = (
    "localhost",
    "127.0.0.1",
    "::1",
    "login.salesforce.com",
    "test.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.suitetalk.api.netsuite.com",
    "*.restlets.api.netsuite.com",
    "api.hubapi.com",
    "app.hubspot.com",
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: ``ca`` for clients to trust, ``server`` (chain and key in one) for the server."""

    ca: Path
    server: Path


def certificates(directory: Path) -> Certificates:
    """The certificates of ``directory``, made on first use; safe when several processes ask at once."""
    made = Certificates(directory / "ca.pem", directory / "server.pem")
    if made.ca.exists():
        return made
    directory.parent.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="Crosswalk sandbox")
    issued = authority.issue_cert(*_NAMES)
    unfinished = Path(tempfile.mkdtemp(prefix=".tls-", dir=directory.parent))
    authority.cert_pem.write_to_path(str(unfinished / "ca.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(unfinished / "server.pem"))
    (unfinished / "server.pem").chmod(0o600)
    try:
        os.rename(unfinished, directory)
    except OSError:  # another process was faster; its certificates count
        shutil.rmtree(unfinished)
    return made
