"""How rows are shown by the present model, and the ETag of a version (SAP Business One §2, §7)."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from .account import Account
from .shapes import Shapes
from .templates import Templates


@lru_cache(maxsize=4096)
def etag(version: int) -> str:
    """The ETag of a version: SHA-1 of its digits (§7)."""
    return f'W/"{hashlib.sha1(str(version).encode()).hexdigest().upper()}"'  # noqa: S324 - the vendor's way to say a version, no secret


class Renderer:
    """Completes stored rows. One for each state of the model."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._model = account.model
        self.templates = Templates()
        self._shapes = {
            version: Shapes(self._model.types.__getitem__, account.defaults, old=version == 1) for version in (1, 2)
        }

    @property
    def is_current(self) -> bool:
        """Whether the model has not changed since."""
        return self._account.model is self._model

    def shapes(self, version: int) -> Shapes:
        """What writes rows in the form of a version of the protocol."""
        return self._shapes[version]
