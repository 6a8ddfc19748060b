"""`crosswalk`: one command line for the local system, the sandbox and the hub. Commands are imported when asked for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping

import click

from crosswalk.model.errors import CrosswalkError

# name -> (module, attribute, help shown in the overview)
_COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "up": ("crosswalk_airflow.local.commands", "up", "Start everything and wait until it is healthy."),
    "down": ("crosswalk_airflow.local.commands", "down", "Stop what `up` started; all state stays."),
    "reset": ("crosswalk_airflow.local.commands", "reset", "Stop, then delete all local state."),
    "status": ("crosswalk_airflow.local.commands", "status", "Show each component and its health."),
    "logs": ("crosswalk_airflow.local.commands", "logs", "Show the components' logs."),
    "airflow": ("crosswalk_airflow.local.commands", "airflow", "Run Airflow's command line on the local system."),
    "hub": ("crosswalk_airflow.local.hub_commands", "hub", "Migrate the hub's database."),
    "sandbox": ("crosswalk_sandbox.cli", "sandbox", "Run and steer the vendor emulators."),
    "pairing": ("crosswalk_airflow.pairing_commands", "pairing", "Check pairing and mapping files."),
    "preflight": ("crosswalk_airflow.preflight", "preflight", "Check connections and rights before going live."),
    "cutover": ("crosswalk_airflow.cutover_commands", "cutover", "Report what is linked and doubtful before cutover."),
    "card-link": ("crosswalk_airflow.card_commands", "card_link", "Sign a link to a customer's card."),
}


class _LazyGroup(click.Group):
    """A group that imports a command when it is called, so that `crosswalk --help` stays fast."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for name, (module, _, _) in _COMMANDS.items() if _is_installed(module)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        module, attribute, _ = _COMMANDS[name]
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{attribute} is not a click command")
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][2]) for name in self.list_commands(context)])


def _is_installed(module: str) -> bool:
    """Say whether a module is there, importing no more than its package."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@click.group(cls=_LazyGroup)
def cli() -> None:
    """Crosswalk keeps ERPs and CRMs in step."""


def main() -> None:
    """Run the command line; errors meant for people are printed as a sentence, exit status 1."""
    try:
        cli()
    except CrosswalkError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
