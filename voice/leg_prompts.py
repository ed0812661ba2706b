"""Every French sentence of a call-back's legs: what the doctor hears, and the patient who is rung back."""

from __future__ import annotations

from routing.model import Need
from voice.prompts import AGE_WORDS, NEED_WORDS, in_pairs
from workers.callbacks.callback import Callback

TAKE_OR_LEAVE = "Pour prendre, tapez 1. Pour passer à un confrère, tapez 2."
NO_LONGER = "Ce rappel n'est plus à faire. Merci."
NEXT_DOCTOR = "Merci, un confrère est appelé."
RINGING_PATIENT = "Nous appelons le patient, ne quittez pas."
PATIENT_PICKS_UP = "SOS Médecins vous rappelle. Pour prendre l'appel, tapez 1."
# Left on a machine anyone may listen to: not a word says what the call was about.
VOICEMAIL = (
    "Bonjour. Le 36 24 vous rappelle, comme convenu. Nous essaierons encore. Vous pouvez refaire le 36 24."
)
VOICEMAIL_LAST = "Bonjour. Le 36 24 vous a rappelé, comme convenu. Vous pouvez refaire le 36 24."
NOT_JOINED = "Le correspondant n'a pas pris l'appel. Il sera rappelé. Merci."
NOT_JOINED_LAST = "Le correspondant n'a pas pris l'appel. Une personne s'en charge. Merci."
CONCLUDE = (
    "Pour terminer, tapez 1. Visite nécessaire, tapez 2. Orienté vers le 15, tapez 3. Autre issue, tapez 4."
)
OTHER_ISSUE = "Patient non joint, à rappeler, tapez 1. Mauvais numéro, tapez 2."
VIDEO_SENT = "Le lien de la vidéo part par SMS."
NOTED = "C'est noté. Merci."
SORRY = "Incident technique. Le patient reste dans la file. Merci."

# Heard by whoever picks up, or by a machine: not a word says what the call was about.
NOTICE_VOID = "Bonjour, ici le 36 24. Ce message n'est plus d'actualité. Au revoir."
NOTICE_CANCELLED = "Votre rappel est annulé. Vous pouvez refaire le 36 24 à tout moment. Au revoir."
NOTICE_FAILED = (
    "Bonjour, ici le 36 24. Votre rappel est maintenu. Vous pouvez refaire le 36 24 à tout moment. "
    "En cas d'urgence, composez le 15. Au revoir."
)
NOTICE_KEPT = "Votre rappel est maintenu. Au revoir."

# Whoever hears this may be a patient who took the wrong number: it says where help is.
DUTY_UNKNOWN = (
    "Ce numéro n'est pas celui d'un médecin inscrit. "
    "Pour un médecin, composez le 36 24. En cas d'urgence, composez le 15. Au revoir."
)
DUTY_PIN = "Tapez votre code, puis dièse."
DUTY_WRONG = "Code refusé. Au revoir."
DUTY_FAILED = "Rien n'a pu être noté. Rappelez dans un instant. En cas d'urgence, composez le 15. Au revoir."
DUTY_MENU = "Disponible, tapez 1. Fin, tapez 2."
DUTY_ON = "Vous êtes disponible pour les rappels, pour douze heures au plus. Merci."
DUTY_OFF = "Vous ne recevrez plus de rappel. Merci."


def whisper(callback: Callback, place: str | None, minutes: int) -> str:
    """« Rappel 36 24, Toulouse, conseil sans vidéo, enfant, attend depuis 12 minutes. »

    Place, need, age class and wait: nothing more passes through the carrier.
    """
    parts = ["Rappel prioritaire 36 24" if callback.urgent else "Rappel 36 24", place or "lieu inconnu"]
    parts.append(_need(callback))
    if callback.age:
        parts.append(AGE_WORDS[callback.age])
    parts.append(f"attend depuis {minutes} minute{'s' * (minutes > 1)}" if minutes else "vient d'appeler")
    return ", ".join(parts) + "."


def ringing(callback: Callback) -> str:
    """The patient's number, so that a call that breaks can be made again, and where the video is."""
    video = f"{VIDEO_SENT} " if callback.video else ""
    return f"Numéro du patient : {in_pairs(callback.number)}. {video}{RINGING_PATIENT}"


def late(when: str) -> str:
    """« nous vous rappelons avant 21 h 40 », told by a short call to a landline."""
    return (
        f"Bonjour, ici le 36 24. Votre rappel prend du retard : nous vous rappelons {when}. "
        "Pour annuler, tapez 1. Pour parler à quelqu'un, tapez 2. Sinon, raccrochez."
    )


def _need(callback: Callback) -> str:
    """A teleconsultation without video is advice: the doctor hears which it is."""
    if callback.need is Need.TELECONSULTATION:
        return "téléconsultation en vidéo" if callback.video else "conseil sans vidéo"
    return NEED_WORDS[callback.need]
