"""How requests are signed: the protocol, and the single-flight renewal every token scheme needs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import requests


class Authenticator(Protocol):
    """Signs each attempt of a request.

    An authenticator whose credentials cannot change has ``renewable = False``: a refusal is then final at once.
    """

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request; called anew for each attempt."""
        ...

    def refresh(self) -> None:
        """Get new credentials after the system refused the ones this thread signed with last."""
        ...


class Anonymous:
    """Signs nothing: for login hosts, whose credentials are in the body."""

    renewable = False  # a refused login is final: a second one could lock the account

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the request as it is."""
        return request

    def refresh(self) -> None:
        """Do nothing: there is nothing to renew."""


class RenewableAuthenticator(ABC):
    """A token shared by threads, fetched when first needed and renewed once however many threads see it refused.

    Each thread remembers the generation it signed with; a refresh only renews when that is still the current one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self._signed = threading.local()

    @abstractmethod
    def renew(self) -> None:
        """Fetch new credentials and keep them; raises AuthenticationError when they are refused."""

    @abstractmethod
    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the current credentials on the request."""

    def apply(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign with the current credentials, fetching them first when there are none."""
        with self._lock:
            if self._generation == 0:
                self._renew()
            self._signed.generation = self._generation
            return self.sign(request)

    def refresh(self) -> None:
        """Renew unless another thread has done so since this thread signed."""
        with self._lock:
            if getattr(self._signed, "generation", 0) == self._generation:
                self._renew()

    def _renew(self) -> None:
        self.renew()
        self._generation += 1
