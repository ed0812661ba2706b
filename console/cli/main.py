"""The command line `sos3624`: each command lies in a file of its own and is loaded when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click

from config.settings import SettingsRefused
from console.cli.refusal import in_words

COMMANDS = {
    "route": "Dit qui serait appelé, et pourquoi.",
    "check": "Vérifie les règles de routage : trous, recouvrements, boucles, numéros morts.",
    "call": "Joue un appel dans le terminal, à travers les vrais webhooks.",
    "doctor": "Dit l'état de chaque réglage et de chaque dépendance, avec la réparation.",
    "sheet": "Écrit une feuille à imprimer, pour le jour où les écrans sont éteints.",
    "backup": "Sauvegarde tout dans un fichier chiffré ; drill : prouve qu'on sait le restaurer.",
    "restore": "Remet en place une sauvegarde.",
    "synthetic": "Place un appel d'essai à travers nos webhooks, sans rien faire sonner.",
    "admin": "Crée le premier compte de la console, ou un lien pour revenir.",
    "release": "Met le schéma à jour et charge les règles de démonstration s'il n'y en a aucune.",
    "demo-data": "Remplit les chiffres d'un passé vraisemblable (démonstration).",
    "rules": "Les règles de routage : sortir, comparer, vérifier, rejouer, publier, défaire.",
    "callbacks": "Les rappels : en cours, à traiter, chiffres.",
    "duty": "Les médecins qui rappellent : inscrire, disponible, fin.",
    "records": "Les chiffres : refaire les cumuls, les vérifier, effacer une personne.",
    "api-token": "Les jetons de l'API : créer, lister, révoquer.",
    "audit": "Le journal des changements : vérifier que rien n'y a été touché.",
    "run": "Démarre tous les processus (make run).",
}


def main(words: list[str] | None = None) -> None:
    """Run one command; exit 2 with one line on input that is not known."""
    try:
        sys.exit(_commands.main(words, prog_name="sos3624", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as nothing_asked:
        click.echo(nothing_asked.message)
    except click.ClickException as error:
        click.echo(in_words(error), err=True)
        sys.exit(error.exit_code)
    except SettingsRefused as refused:
        click.echo(str(refused), err=True)
        sys.exit(1)
    except click.Abort:
        sys.exit(130)
    except Exception as fault:
        if not (said := _of_the_database(fault)):
            raise
        click.echo(f"Erreur : {said} ; voir sos3624 doctor.", err=True)
        sys.exit(1)


def _of_the_database(fault: Exception) -> str:
    """What the database or the way to it says; nothing for a fault of ours. Loads nothing by itself."""
    kinds = sys.modules.get("sqlalchemy.exc")
    if kinds is None or not isinstance(fault, (kinds.OperationalError, kinds.ProgrammingError)):
        return ""
    first = str(fault.orig).strip().splitlines()[0]
    return f"la base ne répond pas, ou n'est pas à jour ({first})"


class _Lazily(click.Group):
    """Loads a command's module only when it is run: `route` must not wait for what `run` imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"console.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commandes"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Lazily, options_metavar="", subcommand_metavar="COMMANDE [OPTIONS]…")
def _commands() -> None:
    """3624 : le téléphone de SOS Médecins."""


if __name__ == "__main__":
    main()
