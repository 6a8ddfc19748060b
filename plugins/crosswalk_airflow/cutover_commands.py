"""`crosswalk cutover`: what is linked, doubtful, only on one side or there twice, before orders go live."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import astuple

import click

from crosswalk.identity.cutover import BUCKETS, COLUMNS, MATCHED, Bucket, records, table
from crosswalk.identity.cutover import cutover as counts
from crosswalk.pairing import load_pairings
from crosswalk.quality.tables import Table, as_csv
from crosswalk_airflow.local.layout import find_project
from crosswalk_airflow.preflight import enter_airflow


@click.command("cutover")
@click.argument("pairing_name", metavar="PAIRING")
@click.option("--records", "bucket", type=click.Choice(BUCKETS), help="The records behind one figure, as CSV.")
@click.option("--entity", type=click.Choice(MATCHED), default="customer", show_default=True, help="Whose records.")
def cutover(pairing_name: str, bucket: Bucket | None, entity: str) -> None:
    """Print the cutover report of PAIRING, or the records behind one of its figures. Reads the hub only."""
    known = {pairing.name: pairing for pairing in load_pairings(find_project() / "include" / "pairings")}
    if pairing_name not in known:
        raise click.UsageError(f"There is no pairing {pairing_name!r}; there are: {', '.join(known)}.")
    pairing = known[pairing_name]
    enter_airflow()
    with redirect_stdout(sys.stderr):  # Airflow's own log lines
        from crosswalk_airflow.hooks.hub import HubHook

        hub = HubHook(pairing.hub_connection).get_conn()
    with hub.connection() as connection:
        if bucket is None:
            click.echo(table(pairing, counts(connection, pairing)))
            return
        rows = tuple(astuple(row) for row in records(connection, pairing, entity, bucket, limit=None))
    click.echo(as_csv(Table(f"{entity} {bucket}", COLUMNS, rows)), nl=False)
