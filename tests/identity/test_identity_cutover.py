"""The cutover report: its figures are those of other SQL over the same hub, and they add up."""

from __future__ import annotations

import csv
import io
import os
import random
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.further import add_further
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.hub.matches import Proposal, propose
from crosswalk.identity.cutover import BUCKETS, MATCHED, cutover, records, table
from crosswalk.model.entities import ENTITIES
from crosswalk.model.records import Image
from crosswalk.pairing import Pairing, load_pairing

PROJECT = Path(__file__).parents[2]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SYSTEMS = ("salesforce", "netsuite")
SAME = {"customer": "name || ' ' || billing_postal_code", "contact": "email", "product": "sku"}


@pytest.fixture
def pairing() -> Pairing:
    return load_pairing(PROJECT / "include" / "pairings" / "netsuite_salesforce.yaml")


def fill(hub: Hub, pairing: Pairing, seed: int) -> None:
    """Land records of which some are deleted, linked, doubtful or there twice, at random."""
    dice = random.Random(seed)
    for entity in MATCHED:
        count = dice.randint(30, 60)
        for system in SYSTEMS:
            images = [_image(dice, system, entity, f"{system[0]}{n}") for n in range(count)]
            with hub.connection() as connection:
                land(connection, system=system, entity=ENTITIES[entity], images=images, run_id="r", watermark=None)
        keys = [[f"{system[0]}{n}" for n in dice.sample(range(count), count // 2)] for system in SYSTEMS]
        rules = ("exact:email", "scored", "person")
        pairs = [
            LinkPair("salesforce", left, "netsuite", right, dice.choice(rules))
            for left, right in zip(*keys, strict=True)
        ]
        open_ = {(f"s{dice.randrange(count)}", f"n{dice.randrange(count)}") for _ in range(12)}
        proposals = [Proposal(left, right, 5.0, "not enough speaks for it", ()) for left, right in open_]
        with hub.connection() as connection:
            create_links(connection, pairing.name, entity, pairs, "r")
            propose(connection, pairing.name, entity, SYSTEMS, proposals, "r")
            if entity == "customer":
                _further(connection, pairing, keys, count)
            connection.execute(f"update hub.{entity} set deleted_at = now() where key like '%7'".encode())


def _further(connection: Connection, pairing: Pairing, keys: list[list[str]], count: int) -> None:
    """Make customers that are left over further ones of linked accounts, each in a subsidiary of its own."""
    connection.execute("update hub.customer set subsidiary = 'of ' || key where system = 'netsuite'")
    left = [f"n{n}" for n in range(count) if f"n{n}" not in keys[1]][:9]
    pairs = [LinkPair("salesforce", keys[0][place // 2], "netsuite", key, "person") for place, key in enumerate(left)]
    assert add_further(connection, pairing.name, pairs, "r") == len(pairs)


def _image(dice: random.Random, system: str, entity: str, key: str) -> Image:
    values: dict[str, dict[str, object]] = {
        "customer": {"name": f"firm {dice.randrange(20)}", "billing_postal_code": dice.choice(["1", "2"])},
        "contact": {"last_name": "x", "email": dice.choice([None, f"a{dice.randrange(30)}@b.de"])},
        "product": {"name": "thing", "sku": dice.choice([None, f"s{dice.randrange(30)}"])},
    }
    return Image(system, entity, key, "1", NOON, False, values[entity], fingerprint=dice.randrange(10**9))


def by_other_means(connection: Connection, entity: str) -> dict[str, object]:
    """Count the same in sets: what lives, less what is linked to something living, less what is asked about."""

    def one(query: str) -> int:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])

    living = f"(select system, key from hub.{entity} where deleted_at is null)"
    link = f"(select l.id, l.rule from hub.link l join hub.link_end e on e.link_id = l.id join {living} r using (system, key) where l.entity = '{entity}' group by 1, 2 having count(*) = 2)"
    further = f"(select f.system, f.key from hub.further_end f join {living} r using (system, key) join hub.link_end e on e.link_id = f.link_id and e.system = 'salesforce' join {living} a on (a.system, a.key) = (e.system, e.key) where f.entity = '{entity}')"
    linked = f"(select e.system, e.key from hub.link_end e join {link} k on k.id = e.link_id union select * from {further} f)"
    open_ = f"(select * from hub.match_candidate where entity = '{entity}' and status = 'open')"
    asked = f"(select left_system as system, left_key as key from {open_} a union select right_system, right_key from {open_} b)"
    result: dict[str, object] = {
        "entity": entity,
        "further": one(f"select count(*) from {further} f"),
        "linked": dict(connection.execute(f"select rule, count(*) from {link} k group by rule".encode()).fetchall()),
    }
    for side, system in (("crm", "salesforce"), ("erp", "netsuite")):
        free = f"(select * from {living} r except select * from {linked} k)"
        result[side] = one(f"select count(*) from {living} r where system = '{system}'")
        result["doubtful" if side == "crm" else "doubtful_erp"] = one(
            f"select count(*) from ((select * from {free} f) intersect (select * from {asked} q)) d where system = '{system}'"
        )
        result[f"only_{side}"] = one(
            f"select count(*) from ((select * from {free} f) except (select * from {asked} q)) d where system = '{system}'"
        )
        result[f"twice_{side}"] = one(
            f"select coalesce(sum(n), 0) from (select count(*) as n from hub.{entity} where deleted_at is null and system = '{system}'"
            f" and key <> all(select key from hub.further_end where system = '{system}' and entity = '{entity}')"
            f" and {SAME[entity]} is not null group by {SAME[entity]} having count(*) > 1) t"
        )
    return result


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_figures_are_those_of_other_sql_and_add_up(hub: Hub, pairing: Pairing, seed: int):
    fill(hub, pairing, seed)
    with hub.connection() as connection:
        found = cutover(connection, pairing)
        assert [asdict(one) for one in found] == [
            {**asdict(one), **by_other_means(connection, one.entity)} for one in found
        ]
        for one in found:
            assert one.crm == one.pairs + one.doubtful + one.only_crm
            assert one.erp == one.pairs + one.further + one.doubtful_erp + one.only_erp
            assert (one.further > 0) == (one.entity == "customer")
            assert min(one.pairs, one.doubtful, one.only_erp, one.twice_crm) > 0
            for bucket in BUCKETS:
                listed = records(connection, pairing, one.entity, bucket, limit=None)
                assert len(listed) == len({(row.system, row.key) for row in listed}) == getattr(one, bucket)
        ended = [row for row in records(connection, pairing, "customer", "only_crm") if "deleted" in row.note]
        assert ended


def test_the_command_line_says_the_same(hub: Hub, hub_dsn: str, pairing: Pairing, tmp_path: Path):
    fill(hub, pairing, 1)
    with hub.connection() as connection:
        found = cutover(connection, pairing)
        listed = records(connection, pairing, "contact", "doubtful", limit=None)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        f"AIRFLOW_CONN_{pairing.hub_connection.upper()}": hub_dsn,
    }

    asked = [[], ["--records", "doubtful", "--entity", "contact"]]
    script = f"from crosswalk_airflow.command_line import cli\nfor more in {asked}: cli(['cutover', '{pairing.name}', *more], standalone_mode=False)"
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    counts = table(pairing, found) + "\n"
    assert told.startswith(counts)
    rows = list(csv.DictReader(io.StringIO(told.removeprefix(counts))))
    assert [(row["key"], row["note"]) for row in rows] == [(one.key, one.note) for one in listed]
