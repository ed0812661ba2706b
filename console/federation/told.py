"""The federation is told by mail when an association closes by the emergency switch, and when it reopens."""

from __future__ import annotations

from threading import Thread

from console.access.roles import Role
from console.association.scene import Scene
from console.french import moment
from console.office import Office
from routing.document import Closure
from routing.words import NEEDS


def closed(here: Office, at: Scene, one: Closure, by: str) -> None:
    """Who, what, until when, why."""
    what = ", ".join(NEEDS[need] for need in one.needs) or "toutes les demandes"
    _tell(
        here,
        f"{at.one.city} a fermé jusqu'au {moment(one.ends, at.zone)}",
        f"{at.one.name} a fermé d'urgence : {what}.\nMotif : {one.reason}.\nPar : {by}.\n"
        f"La réouverture est automatique, le {moment(one.ends, at.zone)} (heure locale).\n\n"
        f"{here.settings.console_url}/federation/fermetures\n",
    )


def reopened(here: Office, at: Scene, by: str) -> None:
    """Before its time."""
    text = f"{at.one.name} a rouvert le {moment(at.now, at.zone)}.\nPar : {by}.\n"
    _tell(here, f"{at.one.city} a rouvert", text)


def _tell(here: Office, subject: str, text: str) -> None:
    """To each of the federation's administrators, beside the page: closing waits for no mail server."""
    to = [
        account.email
        for account in here.accounts.listed()
        if account.active and any(grant.role is Role.FEDERATION for grant in account.grants)
    ]

    def send() -> None:
        for email in to:
            here.letters.send(email, f"3624 : {subject}", text)

    Thread(target=send, name="letters", daemon=True).start()
