"""The emulator's switches, reached at ``/__sandbox__/actions/{name}`` (SAP Business One §18)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from .account import Account
from .options import Options
from .sessions import Sessions

Action = Callable[[Mapping[str, Any]], Any]
_KINDS = ("text", "integer", "number", "date", "time")


class Actions:
    """What the control routes may do to the company."""

    def __init__(self, account: Account, sessions: Sessions) -> None:
        self._account = account
        self._store = account.store
        self._sessions = sessions

    def table(self) -> dict[str, Action]:
        """Actions by name."""
        return {
            "switch": self.switch, "lose_node": self.lose_node, "find_node": self.find_node, "sessions": self.sessions,
            "hide_field": self.hide_field, "retype_field": self.retype_field, "require_field": self.require_field,
            "restore_fields": self.restore_fields, "fail_rows": self._account.mishaps.arm, "notification": self.notification,
            "index_lag": self.index_lag,
        }  # fmt: skip

    def switch(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Change options of the running company; answers all of them."""
        self._account.options = Options.read({**dataclasses.asdict(self._account.options), **wish})
        return dataclasses.asdict(self._account.options)

    def lose_node(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let ``node`` be down for the next ``count`` requests of its sessions (all without), which end (§3)."""
        self._sessions.lost[int(wish.get("node", 1))] = wish.get("count")
        return {"lost": sorted(self._sessions.lost)}

    def find_node(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Bring ``node`` back."""
        self._sessions.lost.pop(int(wish.get("node", 1)), None)
        return {"lost": sorted(self._sessions.lost)}

    def sessions(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """How many sessions are alive."""
        return {"alive": self._sessions.count()}

    def index_lag(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let lists be up to ``seconds`` behind what was saved, as a secondary database is; 0 ends it."""
        self._store.index.arm(float(wish.get("seconds", 0)))
        return {"seconds": float(wish.get("seconds", 0))}

    def notification(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let the company's procedure refuse (§10): ``set``, ``transactions`` (``A``, ``U``), ``number``, ``text``, and which rows:
        ``property`` that is ``above`` an amount or ``equals`` a value; without one all. ``clear`` takes all rules away."""
        rules = [] if wish.get("clear") else self._account.notifications()
        if "set" in wish:
            if wish["set"] not in self._account.model.sets:
                raise ValueError(f"There is no set {wish['set']!r}")
            rules.append({"transactions": "AU", "number": 1, "text": "Not allowed", **wish})
        self._store.set_setting("notifications", orjson.dumps(rules).decode())
        return {"rules": rules}

    # the schema

    def hide_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Take ``full_name`` (``BusinessPartner.Phone1``) away, as a schema file does (§11)."""
        return self._change(wish, {"hidden": True})

    def retype_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let ``full_name`` be of another ``kind``."""
        if wish.get("kind") not in _KINDS:
            raise ValueError(f"kind is one of {', '.join(_KINDS)}")
        return self._change(wish, {"with": {"kind": wish["kind"], "type": ""}})

    def require_field(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Let ``full_name`` be mandatory on whatever is saved; ``required`` false ends it."""
        return self._change(wish, {"with": {"required": bool(wish.get("required", True))}})

    def restore_fields(self, _wish: Mapping[str, Any]) -> dict[str, Any]:
        """Take all changes of fields back."""
        self._store.set_setting("schema_changes", "{}")
        self._account.forget()
        return {}

    def _change(self, wish: Mapping[str, Any], change: dict[str, Any]) -> dict[str, Any]:
        kind, _, name = str(wish.get("full_name", "")).partition(".")
        structure = self._account.model.types.get(kind)
        if structure is None or name not in structure.properties:
            raise ValueError(f"There is no property {wish.get('full_name')!r}; name it like BusinessPartner.Phone1")
        changes = orjson.loads(self._store.setting("schema_changes") or "{}")
        changes.setdefault(kind, {})[name] = change
        self._store.set_setting("schema_changes", orjson.dumps(changes).decode())
        self._account.forget()
        return {"full_name": wish["full_name"], **change}
