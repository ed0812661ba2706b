"""How the command line refuses: exit 2 and one line that says what was wrong and what would be right."""

from __future__ import annotations

from typing import IO, Any

import click


class Refused(click.ClickException):
    """Input that is not known."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the one line."""
        click.echo(f"Erreur : {self.message}", file=file, err=True)


def in_words(error: click.ClickException) -> click.ClickException:
    """Return click's own English refusals as one French line; the others as they are."""
    if not isinstance(error, click.UsageError):
        return error
    help_command = f"voir {error.ctx.command_path} --help" if error.ctx else "voir sos3624 --help"
    if isinstance(error, click.NoSuchOption):
        near = (
            f" ; vouliez-vous {', '.join(error.possibilities)} ?"
            if error.possibilities
            else f" ; {help_command}"
        )
        return Refused(f"option inconnue {error.option_name}{near}")
    if isinstance(error, click.BadOptionUsage):
        return Refused(f"l'option {error.option_name} attend une valeur ; {help_command}")
    if isinstance(error, click.BadParameter) and error.param:
        return Refused(f"{error.param.opts[0]} : valeur refusée ; {help_command}")
    return Refused(f"commande ou argument inconnu ; {help_command}")
