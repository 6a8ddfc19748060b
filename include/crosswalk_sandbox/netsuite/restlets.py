"""RESTlets: scripts of the customer behind one URL (NetSuite §1), here ones that echo or answer what they were given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import orjson

from crosswalk_sandbox.netsuite.exchange import Answer, Call

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.store import Store

RESTLET_PATH: Final = "/app/site/hosting/restlet.nl"
_METHODS: Final = ("GET", "POST", "PUT", "DELETE")


class Restlets:
    """The deployed RESTlets of the account, kept over restarts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Deploy a RESTlet; ``answers`` maps methods to what they answer, without it every method echoes."""
        script, deploy = str(wish["script"]), str(wish.get("deploy", "1"))
        answers = {str(method).upper(): body for method, body in dict(wish.get("answers") or {}).items()}
        deployed = self._deployed() | {f"{script} {deploy}": answers}
        self._store.set_setting("restlets", json.dumps(deployed))
        return {"script": script, "deploy": deploy}

    def serve(self, call: Call) -> Answer:
        """``/app/site/hosting/restlet.nl?script=…&deploy=…``."""
        query = call.query
        answers = self._deployed().get(f"{query.get('script', '')} {query.get('deploy', '')}")
        if answers is None:
            return failure(404, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists.")
        if call.method not in (answers or _METHODS):
            return failure(405, "METHOD_NOT_ALLOWED", f"The RESTlet has no function for {call.method}.")
        return Answer(200, answers[call.method] if answers else _echo(call), "json")

    def _deployed(self) -> dict[str, dict[str, Any]]:
        kept: dict[str, dict[str, Any]] = json.loads(self._store.setting("restlets") or "{}")
        return kept


def failure(status: int, code: str, message: str) -> Answer:
    """A RESTlet's error has a body of its own."""
    return Answer(status, {"error": {"code": code, "message": message}}, "json")


def too_many() -> Answer:
    """RESTlets share the account's limit but answer 400 beyond it (NetSuite §10)."""
    return failure(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.")


def _echo(call: Call) -> dict[str, Any]:
    given = parse_qsl(call.raw_query, keep_blank_values=True)
    parameters = {name: value for name, value in given if name not in ("script", "deploy")}
    try:
        body = orjson.loads(call.body) if call.body else None
    except orjson.JSONDecodeError:
        body = call.body.decode("utf-8", "replace")
    return {"method": call.method, "parameters": parameters, "body": body}
