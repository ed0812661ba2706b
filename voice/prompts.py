"""Every French sentence a caller or a regulator hears in a call (call-back legs: `leg_prompts`).

Sentences are short, say the function before the key, offer at most four choices, and are free of
characters that a document could choke on (`speakable`).
"""

from __future__ import annotations

from collections.abc import Sequence

from routing import spoken
from routing.model import Need, Notice, Reason
from voice.call import Brief
from workers.callbacks.callback import AgeClass

# What the console shows as well: an association's rules shape these.
WELCOME, ASK_PLACE, ASK_AGE, STAY = spoken.WELCOME, spoken.ASK_PLACE, spoken.ASK_AGE, spoken.STAY
need_menu, connecting, speakable = spoken.need_menu, spoken.connecting, spoken.speakable

PLACE_NOT_HEARD = (
    "Tapez les cinq chiffres du code postal, ou dites la commune. Pour parler à quelqu'un, tapez 0."
)
PLACE_UNKNOWN = "Ce code ne désigne aucune commune."  # nor does a CEDEX, which a letter may bear
SAY_COMMUNE = "Dites le nom de la commune. Pour parler à quelqu'un, tapez 0."
CHOICE_NOT_HEARD = "Je n'ai pas compris."
TO_A_HUMAN = "Je vous passe quelqu'un. Ne quittez pas."
NEXT_DESK = "Pas de réponse à ce poste. Nous appelons le suivant, ne quittez pas."
GOODBYE = "Au revoir."
OFFER = (
    "Personne ne peut répondre pour l'instant. Pour être rappelé, tapez 1. Pour rester en ligne, tapez 2. "
    "Si l'état s'aggrave, raccrochez et composez le 15."
)
ASK_NUMBER = "Tapez les dix chiffres du numéro où vous rappeler."
NUMBER_REFUSED = "Ce numéro ne peut pas être rappelé. Donnez un numéro français ordinaire."
ASK_CONSENT = (
    "Pour une consultation en vidéo, par un lien envoyé en SMS, tapez 1. "
    "Pour un conseil par téléphone, sans vidéo, tapez 2."
)
ADVICE_ONLY = "Ce sera un conseil par téléphone, sans vidéo."
# After these the desks ring once more, or the last resort is said: neither may be promised here.
NOT_BOOKED = "Votre demande n'a pas pu être enregistrée."
NOT_CHANGED = "Ce rappel ne peut être ni changé ni annulé en ce moment."
CALLBACK_CANCELLED = "Votre rappel est annulé. Restez en ligne pour parler à quelqu'un."
# The 116 117 is not said: it answers in some départements only, the 15 everywhere.
LAST_RESORT = (
    "Personne ne peut répondre. Composez le 15 si l'état est grave ou ne peut attendre. "
    "Sinon, rappelez le 36 24 un peu plus tard."
)
WHISPER_KEYS = "Pour prendre l'appel, tapez 1. Pour entendre le numéro, tapez 2."
REHEARSAL_OVER = (
    "Cet essai est fini : le brouillon est publié ou abandonné. Ouvrez-le de nouveau dans la console."
)
REHEARSAL_FAILED = "L'essai a échoué. Aucun appel n'a été passé."
REHEARSED_CALLBACK = (
    "Ici un rappel serait promis. C'est un essai : rien n'est enregistré, personne ne rappellera."
)
FAULT = "Ne quittez pas, nous appelons la régulation. En cas de danger, raccrochez et composez le 15."

NEED_WORDS = {
    Need.VISIT: "visite",
    Need.CONSULTATION: "consultation",
    Need.TELECONSULTATION: "téléconsultation",
    Need.ADVICE: "conseil",
}
AGE_WORDS = {
    AgeClass.INFANT: "bébé",
    AgeClass.CHILD: "enfant",
    AgeClass.ADULT: "adulte",
    AgeClass.SENIOR: "75 ans ou plus",
}
_NO_SUCH = {
    Need.VISIT: "Pas de visite à domicile possible",
    Need.CONSULTATION: "Pas de consultation possible",
    Need.TELECONSULTATION: "Pas de téléconsultation possible",
    Need.ADVICE: "Pas de conseil possible",
    None: "Pas de médecin disponible",
}


def danger(number: str) -> str:
    """The way out, said before anything else; `number` is the territory's own (the 15 almost everywhere)."""
    return f"Raccrochez et composez le {number}, maintenant. Si vous ne le pouvez pas, restez en ligne."


def proof(code: str) -> str:
    """What a test call speaks to a desk's new number, digit by digit."""
    return f"Appel d'essai du 36 24. Le code de ce numéro est : {', '.join(code)}."


def confirm_place(name: str) -> str:
    """A guessed or said place, confirmed by silence."""
    return f"Le malade est {at(name)} ? Sinon, tapez son code postal."


def choose_commune(names: Sequence[str], other: bool) -> str:
    """Which of the communes sharing a postcode; the last key may stand for the rest."""
    lines = [f"Pour {name}, tapez {key}." for key, name in enumerate(names, 1)]
    if other:
        lines.append(f"Pour une autre commune, tapez {len(names) + 1}.")
    return " ".join(lines)


def notice(told: Notice, place: str | None) -> str:
    """Why the thing asked for cannot be had, in one sentence; a closure speaks its own words."""
    if told.message:
        return speakable(told.message)
    where = f" {at(place)}" if place else ""
    when = " en ce moment" if told.reason in (Reason.OUT_OF_HOURS, Reason.CLOSURE) else ""
    return f"{_NO_SUCH[told.need]}{where}{when}."


def own_number(number: str) -> str:
    """The caller's own number, read back. Nothing is promised yet: whoever hangs up here is not rung."""
    return f"Pour être rappelé au {in_pairs(number)}, tapez 1. À un autre numéro, tapez 2."


def read_back(number: str) -> str:
    """A typed number, read back."""
    return f"Vous avez tapé le {in_pairs(number)}. Pour confirmer, tapez 1. Pour corriger, tapez 2."


def promised(promise: str, number: str) -> str:
    """The promise, spoken only once it is committed."""
    return (
        f"C'est noté. SOS Médecins vous rappelle {promise}, au {in_pairs(number)}. "
        f"Si l'état s'aggrave, composez le 15. {GOODBYE}"
    )


def waiting(promise: str, ahead: int | None) -> str:
    """What a caller who already waits for a call-back hears when ringing again."""
    place = f"{ahead} personne{'s' * (ahead > 1)} avant vous. " if ahead else "Vous êtes le prochain. "
    return (
        f"SOS Médecins vous rappelle {promise}. {'' if ahead is None else place}Pour annuler, tapez 1. "
        "Pour changer de numéro, tapez 2. Pour parler à quelqu'un, restez en ligne."
    )


def whisper(brief: Brief) -> str:
    """« Appel 3624, Toulouse, visite. »: place, need, age class and urgency, nothing more."""
    parts = ["Appel prioritaire 36 24" if brief.priority else "Appel 36 24"]
    parts.append(brief.place or "lieu inconnu")
    parts.append(NEED_WORDS[brief.need] if brief.need else "besoin inconnu")
    if brief.age:
        parts.append(AGE_WORDS[brief.age])
    return ", ".join(parts) + "."


def caller_number(number: str | None) -> str:
    """The patient's number, so that a call that breaks can be rung back."""
    return f"Numéro du patient : {in_pairs(number)}." if number else "Numéro masqué."


def at(name: str) -> str:
    """« à Toulouse », « au Mans », « aux Ulis », « à La Rochelle »."""
    if name.startswith("Le "):
        return f"au {name[3:]}"
    if name.startswith("Les "):
        return f"aux {name[4:]}"
    return f"à {name}"


def around(name: str) -> str:
    """A commune that stands for its neighbours of one postcode: the caller may live in any of them."""
    return f"{name} et alentours"


def in_pairs(number: str) -> str:
    """A number as it is dialled from France, in pairs: 06 39 98 00 01, 05 96 …, 00 44 …."""
    dialled = _from_france(number)
    if len(dialled) % 2:
        return " ".join(dialled)
    return " ".join(dialled[i : i + 2] for i in range(0, len(dialled), 2))


def _from_france(number: str) -> str:
    for code in ("33", "262", "590", "594", "596"):
        if number.startswith(f"+{code}"):
            return "0" + number[len(code) + 1 :]
    if number.startswith("+508"):  # six digits on the islands
        return "0" + number[1:]
    return "00" + number[1:] if number.startswith("+") else number


def rehearsed_ring(names: str, seconds: int) -> str:
    """Instead of ringing a desk, a draft's rehearsal says whose it is."""
    return f"Ici sonnerait {names}, {seconds} secondes. Si elle décroche, tapez 1. Sinon, attendez."
