"""The pipeline endpoints (HubSpot §13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import USER_ID, Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation
from crosswalk_sandbox.hubspot.pipelines import deal_metadata, pipeline, stage
from crosswalk_sandbox.hubspot.schema.types import DEAL, ObjectType

_BASE: Final = "/crm/v3/pipelines/{name}"
_ONE: Final = f"{_BASE}/{{ident}}"
_STAGE: Final = f"{_ONE}/stages/{{at}}"
_FIRST: Final = 900_001
_STATES: Final = {"0-5": ("ticketState",), "0-123": ("state",)}


class PipelineRoutes:
    """Serves pipelines and their stages."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for methods, path, handler in (
            ("GET", _BASE, self.all), ("POST", _BASE, self.create), ("GET", _ONE, self.one), ("PUT PATCH", _ONE, self.change),
            ("DELETE", _ONE, self.remove), ("GET", f"{_ONE}/audit", self.audit), ("GET", f"{_ONE}/stages", self.stages),
            ("POST", f"{_ONE}/stages", self.add_stage), ("GET", _STAGE, self.stage), ("PUT PATCH", _STAGE, self.change_stage),
            ("DELETE", _STAGE, self.remove_stage), ("GET", f"{_STAGE}/audit", self.audit),
        ):  # fmt: skip
            routes.add(methods, path, handler)

    def all(self, call: Call, name: str) -> Reply:
        """Every pipeline of a type."""
        return Reply(200, {"results": self._account.pipelines(self._kind(name))})

    def one(self, call: Call, name: str, ident: str) -> Reply:
        """One pipeline."""
        return Reply(200, self._find(self._kind(name), ident))

    def create(self, call: Call, name: str) -> Reply:
        """A pipeline with its stages: 201."""
        kind, given, now = self._kind(name), call.object(), moments.iso(self._store.now())
        if not given.get("label"):
            raise validation("Pipeline label is required")
        ident = str(given.get("pipelineId") or self._store.next_id("pipeline", _FIRST))
        made = pipeline(
            ident,
            str(given["label"]),
            int(given.get("displayOrder") or 0),
            self._stages(kind, given.get("stages")),
            now,
        )
        self._keep(kind, made, "CREATE")
        return Reply(201, made)

    def change(self, call: Call, name: str, ident: str) -> Reply:
        """PUT replaces label, order and stages; PATCH changes what is given."""
        kind, given = self._kind(name), call.object()
        shown = self._find(kind, ident)
        if call.method == "PUT":
            before = {one["id"] for one in shown["stages"]}
            shown["stages"] = self._stages(kind, given.get("stages"))
            if _checked(call):
                self._unused(kind, ident, before - {one["id"] for one in shown["stages"]})
        shown |= {key: given[key] for key in ("label", "displayOrder") if key in given}
        if given.get("archived") is True:
            shown |= {"archived": True, "archivedAt": moments.iso(self._store.now())}
        self._keep(kind, shown, "UPDATE")
        return Reply(200, shown)

    def remove(self, call: Call, name: str, ident: str) -> Reply:
        """204; with the check asked for, a pipeline with records inside is a 400."""
        kind = self._kind(name)
        shown = self._find(kind, ident)
        if _checked(call):
            self._unused(kind, ident, {one["id"] for one in shown["stages"]})
        self._store.execute("DELETE FROM pipeline WHERE type = ? AND id = ?", (kind.id, ident))
        self._audit(kind, ident, None, "DELETE", shown)
        self._account.forget()
        return Reply(204)

    # stages

    def stages(self, call: Call, name: str, ident: str) -> Reply:
        """The stages of a pipeline."""
        return Reply(200, {"results": self._find(self._kind(name), ident)["stages"]})

    def stage(self, call: Call, name: str, ident: str, at: str) -> Reply:
        """One stage."""
        return Reply(200, _stage(self._find(self._kind(name), ident), at))

    def add_stage(self, call: Call, name: str, ident: str) -> Reply:
        """A stage: 201."""
        kind = self._kind(name)
        shown = self._find(kind, ident)
        [made] = self._stages(kind, [call.object()])
        if len(shown["stages"]) >= kind.most_stages:
            raise validation(f"A pipeline takes at most {kind.most_stages} stages")
        shown["stages"] = sorted([*shown["stages"], made], key=lambda one: one["displayOrder"])
        self._keep(kind, shown, "UPDATE", made["id"])
        return Reply(201, made)

    def change_stage(self, call: Call, name: str, ident: str, at: str) -> Reply:
        """A changed stage."""
        kind, given = self._kind(name), call.object()
        shown = self._find(kind, ident)
        found = _stage(shown, at)
        if "metadata" in given:
            found["metadata"] = self._metadata(kind, {**found["metadata"], **(given["metadata"] or {})})
        found |= {key: given[key] for key in ("label", "displayOrder", "archived") if key in given}
        found["updatedAt"] = moments.iso(self._store.now())
        self._keep(kind, shown, "UPDATE", at)
        return Reply(200, found)

    def remove_stage(self, call: Call, name: str, ident: str, at: str) -> Reply:
        """204."""
        kind = self._kind(name)
        shown = self._find(kind, ident)
        found = _stage(shown, at)
        self._unused(kind, ident, {at})
        shown["stages"] = [one for one in shown["stages"] if one is not found]
        self._keep(kind, shown, "UPDATE", at)
        return Reply(204)

    def audit(self, call: Call, name: str, ident: str, at: str | None = None) -> Reply:
        """Who changed what, newest first."""
        kind = self._kind(name)
        rows = self._store.rows(
            "SELECT stage, shown FROM audit WHERE type = ? AND pipeline = ? ORDER BY number DESC", (kind.id, ident)
        )
        return Reply(200, {"results": [orjson.loads(shown) for stage_id, shown in rows if at in (None, stage_id)]})

    # inside

    def _kind(self, name: str) -> ObjectType:
        kind = self._account.kind(name)
        if not kind.pipeline:
            raise validation(f"{kind.path} has no pipelines")
        return kind

    def _find(self, kind: ObjectType, ident: str) -> dict[str, Any]:
        found = next((one for one in self._account.pipelines(kind) if one["id"] == ident), None)
        if found is None:
            raise missing(f"Pipeline '{ident}' does not exist", pipelineId=[ident])
        copy: dict[str, Any] = orjson.loads(orjson.dumps(found))
        return copy

    def _stages(self, kind: ObjectType, given: Any) -> list[dict[str, Any]]:
        if not isinstance(given, list) or not given:
            raise validation("A pipeline needs at least one stage")
        if len(given) > kind.most_stages:
            raise validation(f"A pipeline takes at most {kind.most_stages} stages")
        now, made = moments.iso(self._store.now()), []
        for place, one in enumerate(given):
            if not one.get("label"):
                raise validation("Stage label is required")
            ident = str(one.get("stageId") or one.get("id") or self._store.next_id("pipeline", _FIRST))
            order = int(one.get("displayOrder", place))
            made.append(stage(ident, str(one["label"]), order, self._metadata(kind, one.get("metadata") or {}), now))
        return sorted(made, key=lambda one: one["displayOrder"])

    def _metadata(self, kind: ObjectType, given: Mapping[str, Any]) -> dict[str, str]:
        """Deals need a probability; tickets and orders are open or closed (§13). Raises Refusal 400."""
        if kind.id == DEAL:
            text = str(given.get("probability", ""))
            try:
                share = float(text)
            except ValueError:
                share = -1.0
            if not 0.0 <= share <= 1.0:
                raise validation("A deal stage needs a probability from 0.0 to 1.0", probability=[text])
            return deal_metadata(text)
        for name in _STATES.get(kind.id, ()):
            if given.get(name, "OPEN") not in ("OPEN", "CLOSED"):
                raise validation(f"{name} is OPEN or CLOSED", **{name: [str(given[name])]})
        return {str(key): str(value) for key, value in given.items()}

    def _unused(self, kind: ObjectType, ident: str, stages: set[str]) -> None:
        """Refuse to drop stages that records are in (§13)."""
        marks = ", ".join("?" * len(stages))
        rows = self._store.rows(
            f"SELECT id, json_extract(properties, '$.{kind.stage}') FROM record WHERE type = ? AND state = 0"
            f" AND json_extract(properties, '$.{kind.stage}') IN ({marks}) AND json_extract(properties, '$.{kind.pipeline}') = ? LIMIT 50",
            [kind.id, *sorted(stages), ident],
        )
        if rows:
            used = sorted({str(row[1]) for row in rows})
            raise Refusal(
                400, f"Cannot delete stages that are in use: {', '.join(used)}", "VALIDATION_ERROR", sub_category="PipelineError.STAGE_ID_IN_USE",
                context={"stageIds": used, "objectIds": [str(row[0]) for row in rows]},
            )  # fmt: skip

    def _keep(self, kind: ObjectType, shown: dict[str, Any], action: str, at: str | None = None) -> None:
        shown["updatedAt"] = moments.iso(self._store.now())
        self._store.keep("pipeline", kind.id, shown["id"], shown)
        self._audit(kind, shown["id"], at, action, shown)
        self._account.forget()

    def _audit(self, kind: ObjectType, ident: str, at: str | None, action: str, shown: Mapping[str, Any]) -> None:
        entry = {
            "identifier": at or ident, "portalId": self._account.options.portal_id, "action": action, "fromUserId": USER_ID,
            "timestamp": moments.iso(self._store.now()), "rawObject": dict(shown), "message": f"{action} {kind.singular} pipeline",
        }  # fmt: skip
        sql = "INSERT INTO audit (type, pipeline, stage, shown) VALUES (?, ?, ?, ?)"
        self._store.execute(sql, (kind.id, ident, at, orjson.dumps(entry).decode()))


def _checked(call: Call) -> bool:
    return call.flag("validateReferencesBeforeDelete") or call.flag("validateDealStageUsagesBeforeDelete")


def _stage(shown: Mapping[str, Any], at: str) -> dict[str, Any]:
    found: dict[str, Any] | None = next((one for one in shown["stages"] if one["id"] == at), None)
    if found is None:
        raise missing(f"Pipeline stage '{at}' does not exist", stageId=[at])
    return found
