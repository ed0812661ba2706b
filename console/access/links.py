"""The link that opens an account, or opens it anew: sent by e-mail, shown only in the demonstration."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash

from console.access.accounts import Account
from console.access.demonstration import demonstrates
from console.office import office, visitor

_LETTER = """Bonjour {name},

{by} vous ouvre un accès à la console du 3624.
Choisissez votre mot de passe ici, dans les trois jours ; ce lien ne sert qu'une fois :

{link}

Si vous n'attendiez pas ce message, ne faites rien.
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a link: gone by mail (neither), shown here, or a problem in French."""

    link: str | None = None
    problem: str | None = None


def sent(account: Account) -> Sent:
    """Send the link. Without a mail server it is shown only in the demonstration, never on a real service."""
    here, by = office(), visitor().name
    secret = here.invitations.make(account.id, by, here.now())
    link = f"{here.settings.console_url}/invitation/{secret}"
    text = _LETTER.format(name=account.name, by=by, link=link)
    if here.letters.send(account.email, "Votre accès à la console du 3624", text):
        flash(f"Le lien est parti à {account.email}.")
        return Sent()
    if not here.letters.leaves and demonstrates(here.settings):
        return Sent(link=link)
    return Sent(problem="Le message n'est pas parti : vérifiez SMTP_URL, puis renvoyez le lien.")
