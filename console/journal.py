"""The page « Journal »: who changed what, when, before and after; of an association, of the whole country."""

from __future__ import annotations

import re
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from config import journal
from console.access.door import opens
from console.access.roles import Right
from console.association.scene import scene
from console.office import office

bp = Blueprint("journal", __name__)
PAGE = 50
# Lines of accounts, whose roles are « membre, pau »: a line keeps the identifier, a page says the name.
_OF_ROLES = frozenset({"account_made", "role_given", "role_taken"})
_PLACE = re.compile(r", ([a-z0-9-]+)(?= ;|$)")
ACTIONS = {
    "published": "règles publiées",
    "closure_unveiled": "fermeture rendue publique",
    "draft_approved": "brouillon approuvé",
    "draft_scheduled": "publication prévue",
    "draft_unscheduled": "publication déprogrammée",
    "draft_refused": "publication refusée à son heure",
    "draft_abandoned": "brouillon abandonné",
    "pact_answered": "réponse à une entente",
    "draft_kept": "brouillon changé",
    "draft_submitted": "seconde personne demandée",
    "case_kept": "cas enregistré",
    "case_dropped": "cas retiré",
    "recording_kept": "annonce enregistrée",
    "recording_forgotten": "enregistrement effacé",
    "callback_claimed": "rappel pris par une personne",
    "callback_concluded": "rappel noté",
    "callback_hastened": "rappel à faire sonner maintenant",
    "lost_rung_back": "appel perdu rappelé",
    "callback_given_back": "rappel rendu au service",
    "account_made": "compte créé",
    "account_shut": "compte fermé",
    "account_opened": "compte rouvert",
    "role_given": "rôle donné",
    "role_taken": "rôle retiré",
    "invited": "lien d'accès envoyé",
    "taken_up": "lien d'accès servi",
    "sessions_ended": "sessions finies",
    "password_set": "mot de passe choisi",
    "codes_set": "application de codes réglée",
    "recovery_renewed": "codes de secours refaits",
    "recovery_used": "code de secours servi",
    "passkey_added": "clé ajoutée",
    "passkey_renamed": "clé renommée",
    "passkey_removed": "clé retirée",
    "identity_linked": "identité liée",
    "identity_unlinked": "identité déliée",
    "way_back_asked": "retour demandé",
    "way_back_granted": "retour accordé",
    "way_back_refused": "retour refusé",
    "way_back_used": "retour servi",
    "closer_added": "téléphone de fermeture ajouté",
    "closer_removed": "téléphone de fermeture retiré",
    "wall_made": "écran au mur ouvert",
    "wall_ended": "écran au mur arrêté",
    "doctor_added": "médecin inscrit",
    "doctor_removed": "médecin de rappel radié",
    "duty_begun": "médecin disponible",
    "duty_ended": "fin de disponibilité",
    "callback_cancelled": "rappel annulé",
    "desk_proved": "numéro de poste vérifié",
    "alerts_to": "adresse des alertes",
    "alert_taken": "alerte prise en charge",
    "setting_chosen": "réglage choisi",
    "person_erased": "personne effacée",
    "token_made": "jeton d'API créé",
    "token_revoked": "jeton d'API révoqué",
    "restored": "sauvegarde remise en place",
}


@bp.get("/a/<association>/journal")
@opens(Right.JOURNAL)
def of_association(association: str) -> str:
    """What was changed in one association."""
    return render_template("association/journal.html", at=scene(association), **_found(association))


@bp.get("/federation/journal")
@opens(Right.WATCH)
def of_all() -> str:
    """What was changed anywhere; with `association=-`, what belongs to the federation alone."""
    asked = request.args.get("association", "")
    chain = {"": None, "-": journal.FEDERATION}.get(asked, asked)
    cities = sorted((one.city, one.slug) for one in office().book.associations.values())
    names = {slug: city for city, slug in cities}
    return render_template("federation/journal.html", cities=cities, names=names, **_found(chain))


def _found(chain: str | None) -> dict[str, object]:
    asked: MultiDict[str, str] = request.args
    lines = journal.read(
        office().engine,
        chain,
        action=asked.get("action", ""),
        words=asked.get("words", ""),
        named=ACTIONS,
        before=_before(asked.get("before", "")),
        limit=PAGE + 1,
    )
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    more = f"{last.at.isoformat(timespec='microseconds')},{last.chain},{last.number}" if last else ""
    return {"lines": list(map(_named, lines[:PAGE])), "more": more, "asked": asked, "actions": ACTIONS}


def _named(line: journal.Line) -> journal.Line:
    if line.action not in _OF_ROLES:
        return line
    known = office().book.associations

    def city(found: re.Match[str]) -> str:
        one = known.get(found[1])
        return f", {one.city}" if one else found[0]

    return replace(line, before=_PLACE.sub(city, line.before), after=_PLACE.sub(city, line.after))


def _before(text: str) -> tuple[str, str, int] | None:
    found = re.fullmatch(r"([0-9T:.+-]{10,40}),([a-z0-9-]*),(\d{1,9})", text)
    return (found[1], found[2], int(found[3])) if found else None
