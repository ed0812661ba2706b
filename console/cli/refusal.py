"""How the command line refuses: exit 2 and one line that says what was wrong and what would be right."""

from __future__ import annotations

import click


class Refused(click.ClickException):
    """Input that is not known."""

    exit_code = 2


def in_words(error: click.ClickException) -> str:
    """Return the one line: click's own English refusals in French, the others as they are."""
    return f"Erreur : {error.message if not isinstance(error, click.UsageError) else _usage(error)}"


def _usage(error: click.UsageError) -> str:
    help_command = f"voir {error.ctx.command_path} --help" if error.ctx else "voir sos3624 --help"
    if isinstance(error, click.NoSuchOption):
        near = (
            f" ; vouliez-vous {', '.join(error.possibilities)} ?"
            if error.possibilities
            else f" ; {help_command}"
        )
        return f"option inconnue {error.option_name}{near}"
    if isinstance(error, click.BadOptionUsage):
        return f"l'option {error.option_name} attend une valeur ; {help_command}"
    if isinstance(error, click.BadParameter) and error.param:
        if isinstance(error.param.type, click.Path):
            name = error.param.human_readable_name
            return f"{name} : attendu un fichier, il n'y en a pas à cet endroit ; {help_command}"
        return f"{error.param.opts[0]} : valeur refusée ; {help_command}"
    return f"commande ou argument inconnu ; {help_command}"
