"""`crosswalk card-link`: signed links to the customer card, for one record or for all."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from crosswalk.facts.card_link import LONGEST, SigningKey, sign
from crosswalk.pairing import Pairing, load_pairings
from crosswalk_airflow.local.layout import find_project
from crosswalk_airflow.preflight import enter_airflow

if TYPE_CHECKING:
    from crosswalk.facts.card_link import CardLink

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LIVING = "select key from hub.customer where system = %s and deleted_at is null order by key"


class _Period(click.ParamType[timedelta]):
    """A time such as ``90m``, ``8h`` or ``30d``."""

    name = "period"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d{1,6})([mhd])", str(value))
        if match is None:
            self.fail(f"{value!r} is no time; write 90m, 8h or 30d.", param, ctx)
        period = timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})
        if not timedelta() < period <= LONGEST:
            self.fail(f"A link holds for at most {LONGEST.days} days.", param, ctx)
        return period


@click.command("card-link")
@click.argument("pairing_name", metavar="PAIRING")
@click.argument("system")
@click.argument("key", required=False)
@click.option("--all", "every", is_flag=True, help="Links for all customers of SYSTEM, as CSV: key,link.")
@click.option("--valid", type=_Period(), default="8h", show_default=True, help="How long a link holds: 90m, 8h, 30d.")
@click.option("--by", help="Id of the key that signs; by default the connection's current one.")
@click.option("--base-url", help="Address of Airflow as the reader's browser knows it; by default [api] base_url.")
def card_link(
    pairing_name: str, system: str, key: str | None, every: bool, valid: timedelta, by: str | None, base_url: str | None
) -> None:
    """Print a signed link to the card of the customer that SYSTEM knows as KEY.

    The keys are in the Airflow connection that the pairing names under `card`. Nothing is written anywhere.
    """
    if (key is None) == (not every):
        raise click.UsageError("Name a KEY, or ask for --all.")
    pairing = _pairing(pairing_name, system)
    enter_airflow()
    with redirect_stdout(sys.stderr):  # Airflow's own log lines
        signing = _signing_key(pairing, by)
        base = (base_url or _base_url()).rstrip("/")
        expires = datetime.now(UTC) + valid
        links = (
            _links(pairing, system, signing, expires)
            if every
            else iter([_one(pairing, system, key or "", signing, expires)])
        )
    if not every:
        click.echo(base + next(links).path)
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("key", "link"))
    writer.writerows((link.key, base + link.path) for link in links)


def _one(pairing: Pairing, system: str, key: str, signing: SigningKey, expires: datetime) -> CardLink:
    return sign(signing, pairing.name, system, key, expires=expires)


def _links(pairing: Pairing, system: str, signing: SigningKey, expires: datetime) -> Iterator[CardLink]:
    from crosswalk_airflow.hooks.hub import HubHook

    hub = HubHook(pairing.hub_connection).get_conn()
    with hub.connection() as connection, connection.cursor(name="card_links") as cursor:
        for (key,) in cursor.execute(_LIVING, (system,)):
            yield _one(pairing, system, key, signing, expires)


def _pairing(name: str, system: str) -> Pairing:
    known = {pairing.name: pairing for pairing in load_pairings(find_project() / "include" / "pairings")}
    if name not in known:
        raise click.UsageError(f"There is no pairing {name!r}; there are: {', '.join(known)}.")
    systems = (known[name].crm.system, known[name].erp.system)
    if system not in systems:
        raise click.UsageError(f"{name} has no system {system!r}; its systems are {' and '.join(systems)}.")
    return known[name]


def _signing_key(pairing: Pairing, by: str | None) -> SigningKey:
    from crosswalk_airflow.card_keys import card_keys

    keys, current = card_keys(pairing.card.connection)
    chosen = keys.get(by or current or "")
    if chosen is None:
        raise click.UsageError(
            f"Connection {pairing.card.connection} has no key {by!r}."
            if by
            else f"There is no Airflow connection {pairing.card.connection} with signing keys; docs/customer_card.md says how to make it."
        )
    return chosen


def _base_url() -> str:
    from airflow.sdk.configuration import conf

    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080")
