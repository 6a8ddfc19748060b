"""`crosswalk pairing`: look at pairing and mapping files before Airflow does."""

from __future__ import annotations

from pathlib import Path

import click

from crosswalk.lifecycle.fit import refuse_unfit
from crosswalk.model.errors import ConfigurationError
from crosswalk.orders.fit import refuse_strange_keys, refuse_unwritable
from crosswalk.pairing import Pairing, load_pairing, load_pairings
from crosswalk.quality.checks import load_mappings
from crosswalk_airflow.local.layout import find_project


@click.group()
def pairing() -> None:
    """Check pairing and mapping files; tell what Airflow needs for them."""


@pairing.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Read FILES (all pairings by default) with their mappings as Airflow would; name every mistake."""
    include = find_project() / "include"
    mistakes = 0
    for file in files or sorted((include / "pairings").glob("*.yaml")):
        try:
            summary = _summary(load_pairing(file), include / "mappings")
        except ConfigurationError as error:
            mistakes += 1
            click.echo(f"{file.name}: not usable\n{error}", err=True)
        else:
            click.echo(f"{file.name}: {summary}")
    if mistakes:
        raise SystemExit(1)


@pairing.command(name="pools")
def pools_command() -> None:
    """Print the pools that the pairings' tasks run in, as a file for `airflow pools import`."""
    from crosswalk_airflow.local.provisioning import pools_file

    click.echo(pools_file(load_pairings(find_project() / "include" / "pairings")))


def _summary(pairing: Pairing, mappings: Path) -> str:
    """Return what a sound pairing connects; raises ConfigurationError for an unsound mapping or an entity it lacks."""
    read = load_mappings(pairing, mappings)
    for name, mapping in read.items():
        side = pairing.side(name)
        wanted = {entity for phase in pairing.phases.values() for entity in phase.read.get(name, ())}
        if missing := sorted(wanted - set(mapping.entities)):
            raise ConfigurationError(
                f"{side.mapping} maps no {', '.join(missing)}, but pairing {pairing.name} reads it.",
                hint=f"Add it to {side.mapping}, or take it out of the pairing.",
            )
    refuse_unfit(pairing, read)
    refuse_unwritable(pairing, read)
    refuse_strange_keys(pairing, read["erp"])
    return f"{pairing.crm.system} and {pairing.erp.system}, orders {pairing.phases['orders'].mode}"
