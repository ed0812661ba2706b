"""Every French sentence of the line on which an association is closed."""

from __future__ import annotations

# Whoever hears this may be a patient who took the wrong number: it says where help is.
UNKNOWN = (
    "Ce téléphone n'est pas inscrit pour fermer une association. "
    "Pour un médecin, composez le 36 24. En cas d'urgence, composez le 15. Au revoir."
)
PIN = "Fermeture d'urgence. Tapez votre code, puis dièse."
WRONG = "Code refusé. Au revoir."
WHAT_VISIT = "Pour fermer les visites, tapez 1. "
WHAT_ALL = "Pour fermer toutes les demandes, tapez 2."
REOPEN = " Pour rouvrir maintenant, tapez 3."
SHUT = "Fermé jusqu'à {until} : {what}. "
UNTIL = "Pendant deux heures, tapez 1. Jusqu'à 6 heures, tapez 2. Jusqu'à 8 heures, 3. Jusqu'à 20 heures, 4."
SURE = "Vous fermez : {what}, à {city}, jusqu'à {until}. Pour confirmer, tapez 1. Pour annuler, tapez 2."
SURE_REOPEN = "Vous rouvrez {city} maintenant. Pour confirmer, tapez 1. Pour annuler, tapez 2."
UNCLEAR = "Je n'ai pas compris. "
NOTHING_DONE = "Rien n'a été changé. Au revoir."
CLOSED = "C'est fermé. La réouverture sera automatique. Au revoir."
REOPENED = "C'est rouvert. Au revoir."
REFUSED = (
    "La fermeture n'a pas pu être publiée. Rien n'a été changé. Appelez la fédération. "
    "En cas d'urgence, composez le 15."
)


def hello(city: str) -> str:
    """Whose line it is, so that nobody closes another town."""
    return f"SOS Médecins, {city}."
