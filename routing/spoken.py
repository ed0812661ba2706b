"""The sentences that rules shape: the voice says them, the console shows them as they will be said.

The others are in `voice/prompts`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from routing.model import Need

# The 15 comes first, before any menu: a caller in danger must not have to listen.
WELCOME = (
    "SOS Médecins. Danger vital : raccrochez, composez le 15. "
    "Malaise grave, mal à respirer, douleur à la poitrine : tapez étoile."
)
ASK_PLACE = "Tapez le code postal du malade, ou dites le nom de sa commune."
ASK_AGE = (
    "Pour un bébé de moins de 2 ans, tapez 1. Un enfant, tapez 2. "
    "Un adulte, tapez 3. Une personne de 75 ans ou plus, tapez 4."
)
STAY = "Ne quittez pas."
_MENU = {
    Need.VISIT: "une visite à domicile",
    Need.CONSULTATION: "une consultation",
    Need.TELECONSULTATION: "une téléconsultation",
    Need.ADVICE: "un conseil",
}
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PACE = 15  # characters a second, as a French voice reads


def need_menu(offers: Sequence[Need]) -> str:
    """« Pour une visite à domicile, tapez 1. Une consultation, tapez 2. … »"""
    lines = [f"{_MENU[need]}, tapez {key}." for key, need in enumerate(offers, 1)]
    return "Pour " + " ".join(line if i == 0 else line[0].upper() + line[1:] for i, line in enumerate(lines))


def connecting(name: str | None) -> str:
    """Said before the first desk rings, so that the caller knows where the call goes."""
    return f"SOS Médecins, {name}. {STAY}" if name else STAY


def speakable(text: str) -> str:
    """Text without the characters XML 1.0 forbids: one of them in an announcement drops the call."""
    return " ".join(_UNSPEAKABLE.sub(" ", text).split())


def seconds(text: str) -> float:
    """How long a text lasts when it is spoken."""
    return len(text) / _PACE
