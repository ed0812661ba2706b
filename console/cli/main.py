"""The command line `sos3624`: each command lies in a file of its own and is loaded when it is asked for."""

from __future__ import annotations

import importlib

import click

from config.settings import SettingsRefused

COMMANDS = {
    "call": "Joue un appel dans le terminal, à travers les vrais webhooks.",
    "check": "Vérifie les règles de routage : trous, recouvrements, boucles, numéros morts.",
    "doctor": "Dit l'état de chaque réglage et de chaque dépendance, avec la réparation.",
    "release": "Met le schéma à jour et charge les règles de démonstration s'il n'y en a aucune.",
    "route": "Dit qui serait appelé, et pourquoi.",
    "run": "Démarre tous les processus (make run).",
}


class _Lazily(click.Group):
    """Loads a command's module only when it is run: `route` must not wait for what `run` imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"console.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commandes"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SettingsRefused as refused:
            raise click.ClickException(str(refused)) from None


@click.command(cls=_Lazily, options_metavar="", subcommand_metavar="COMMANDE [OPTIONS]…")
def main() -> None:
    """3624 : le téléphone de SOS Médecins."""


if __name__ == "__main__":
    main()
