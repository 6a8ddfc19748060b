"""The hub for notebooks: scores, failing rows and linked records as pandas frames. It can only read.

>>> frames = open_frames("include/pairings/<pairing>.yaml", "postgresql://…")
>>> frames.scores()                     # one line a check, with what it costs
>>> frames.violations("customer_fields")
>>> frames.entity("customer")           # both systems' records side by side, linked ones on one line

Every read is a read-only transaction of its own. Finance fields (credit limits, balances) are left out unless the pairing file
allows them under ``checks.finance_fields``; free fields (extras) are not read at all. Money is Decimal, instants are aware and UTC.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crosswalk.hub.checks import stored_violations
from crosswalk.hub.database import Connection, Hub
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing, load_pairing
from crosswalk.pairing.document import SIDES
from crosswalk.quality.checks import checks_of, load_mappings
from crosswalk.quality.drill import visible_fields
from crosswalk.quality.report import EntityScore, entity_scores, latest_checks, losses, trend
from crosswalk.quality.scope import literal, pair_of, table
from crosswalk.quality.tables import failing_rows

HUB_VARIABLE = "AIRFLOW_CONN_CROSSWALK_HUB"
MOST_ROWS = 5_000_000


def open_frames(pairing: str | Path, dsn: str | None = None) -> Frames:
    """Open a pairing's hub for reading; ``dsn`` is by default what Airflow's environment variable for the connection says.

    Raises ConfigurationError when the pairing file is wrong, or no hub is named or reached.
    """
    found = dsn or os.environ.get(HUB_VARIABLE, "").replace("postgres://", "postgresql://", 1)
    if not found:
        raise ConfigurationError("No hub is named.", hint=f"Give its DSN, or set {HUB_VARIABLE}.")
    file = Path(pairing)
    return Frames(Hub(found), load_pairing(file), file.parent.parent / "mappings")


@dataclass(frozen=True)
class Frames:
    """What analysts read of one pairing; with ``mappings``, the folder of the mapping files, frames have their columns even when empty."""

    hub: Hub
    pairing: Pairing
    mappings: Path | None = None

    def scores(self) -> pd.DataFrame:
        """Return the last run's checks, one line each, what costs most first.

        Columns: check, entity, title, severity, success, error, violations, population, score (percent), points_lost,
        share_of_loss (percent of all that is missing), measured_at.
        """
        with _read_only(self.hub) as connection:
            checks = latest_checks(connection, self.pairing.name)
        cost = {loss.check.check_id: loss for loss in losses(checks)}
        lines = [
            {
                "check": one.check_id,
                "entity": one.entity,
                "title": one.title,
                "severity": one.severity,
                "success": one.success,
                "error": one.error,
                "violations": one.violations,
                "population": one.population,
                "score": float(one.score),
                "points_lost": cost[one.check_id].points if one.check_id in cost else 0.0,
                "share_of_loss": cost[one.check_id].share if one.check_id in cost else 0.0,
                "measured_at": one.measured_at,
            }
            for one in checks
        ]
        found = pd.DataFrame(lines)
        return found if found.empty else found.sort_values("points_lost", ascending=False, ignore_index=True)

    def entities(self) -> pd.DataFrame:
        """Return how each entity stands in the last run, the worst first: entity, score, compared, out_of_order, checks, failed."""
        with _read_only(self.hub) as connection:
            found = entity_scores(latest_checks(connection, self.pairing.name))
        return pd.DataFrame(found, columns=list(EntityScore.__dataclass_fields__))

    def trend(self, *, entity: str = "", check: str = "", days: int = 30) -> pd.DataFrame:
        """Return the score of the runs of the last ``days``, oldest first: measured_at, score (percent)."""
        with _read_only(self.hub) as connection:
            points = trend(connection, self.pairing.name, entity=entity, check=check, days=days)
        return pd.DataFrame([(one.measured_at, one.score) for one in points], columns=["measured_at", "score"])

    def violations(self, check: str, *, limit: int = MOST_ROWS) -> pd.DataFrame:
        """Return the rows that broke ``check`` in the last run; for checks of fields one line a field, with both systems' values.

        Keys are in ``<system>_key``. Raises ConfigurationError for a check that was not run.
        """
        with _read_only(self.hub) as connection:
            results = latest_checks(connection, self.pairing.name)
            result = next((one for one in results if one.check_id == check), None)
            if result is None:
                names = ", ".join(sorted(one.check_id for one in results)) or "none yet"
                raise ConfigurationError(f"{check!r} was not run.", hint=f"Checks of the last run: {names}.")
            rows = stored_violations(connection, self.pairing.name, result.run_id, check, limit=limit)
            details = self._details(connection, check)
        found = failing_rows(self.pairing, check, rows, details)
        return pd.DataFrame(list(found.rows), columns=list(found.columns))

    def entity(self, name: str, *, limit: int = MOST_ROWS) -> pd.DataFrame:
        """Return the living records of ``name`` in both systems, linked ones on one line (a deal with its order).

        Columns are ``<field>_<system>``, ``key_<system>`` and ``linked``. A record without counterpart has nothing on the other side.
        Raises ConfigurationError for what is no entity.
        """
        if name not in ENTITIES:
            raise ConfigurationError(f"{name!r} is no entity.", hint=f"Entities are: {', '.join(sorted(ENTITIES))}.")
        with _read_only(self.hub) as connection, connection.cursor() as cursor:
            cursor.execute(self._joined(name, limit).encode())
            columns = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=columns)

    def _details(self, connection: Connection, check: str) -> list[str]:
        """Return what a violation of ``check`` tells, by its SQL, which is not run."""
        if self.mappings is None:
            return []
        known = checks_of(self.pairing, load_mappings(self.pairing, self.mappings))
        query = next((one.violations for one in known if one.check_id == check), None)
        found = connection.execute(f"select * from ({query}) v limit 0".encode()) if query else None
        return [column.name for column in (found.description or ())] if found else []

    def _joined(self, name: str, limit: int) -> str:
        pair = pair_of(name)
        sides = {}
        for side in SIDES:
            system, entity = self.pairing.side(side).system, pair.entity(side)
            fields = "".join(
                f", x.{field.name} as {field.name}_{system}" for field in visible_fields(self.pairing, entity)
            )
            sides[side] = f"""select x.key as key_{system}, e.link_id as {side}_link{fields} from {table(entity)} x
                left join hub.every_end e on e.pairing = {literal(self.pairing.name)} and e.entity = {literal(pair.link)}
                    and e.system = x.system and e.key = x.key
                where x.system = {literal(system)} and x.deleted_at is null"""
        crm, erp = self.pairing.crm.system, self.pairing.erp.system
        every = [f"key_{crm}", f"key_{erp}"]
        every += [f"{field.name}_{crm}" for field in visible_fields(self.pairing, pair.crm)]
        every += [f"{field.name}_{erp}" for field in visible_fields(self.pairing, pair.erp)]
        return f"""select {", ".join(every)}, key_{crm} is not null and key_{erp} is not null as linked
            from ({sides["crm"]}) a full join ({sides["erp"]}) b on a.crm_link = b.erp_link
            order by key_{crm} nulls last, key_{erp} limit {int(limit)}"""


@contextmanager
def _read_only(hub: Hub) -> Iterator[Connection]:
    """Lend a transaction in which Postgres refuses every write."""
    with hub.connection() as connection:
        connection.execute("set transaction read only")
        yield connection
