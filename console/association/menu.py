"""« Menu et annonces » as its form writes it, and what a patient then hears, word for word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.association.editing import Unreadable
from routing import spoken
from routing.document import Association
from routing.model import Need

LONGEST = 400  # characters of one announcement


@dataclass(frozen=True, slots=True)
class Form:
    """What the form holds, as typed."""

    order: tuple[Need, ...]  # all needs, those offered and the others
    offered: frozenset[Need]
    asks_age: bool
    announcement: str
    red_flags: str


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the call, when it is heard, and whether the association wrote it."""

    when: str
    text: str
    own: bool = False
    recording: str | None = None
    length: float | None = None  # seconds of the recording

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return spoken.seconds(self.text) if self.length is None else self.length


def form_of(one: Association) -> Form:
    """The form of the menu as it is."""
    order = (*one.menu, *(need for need in Need if need not in one.menu))
    return Form(order, frozenset(one.menu), one.asks_age, one.announcement or "", one.red_flags or "")


def read(form: Form, one: Association) -> Association:
    """The association this form writes. Raises `Unreadable`.

    A changed text takes its recording away: a recording never says anything but the text beside it.
    """
    menu = tuple(need for need in form.order if need in form.offered)
    if not menu:
        raise Unreadable("offered", "Gardez au moins une demande au menu.")
    texts = {"announcement": form.announcement, "red_flags": form.red_flags}
    said = {field: _sentence(field, text) for field, text in texts.items()}
    kept = one.announcement_audio if said["announcement"] == one.announcement else None
    return one.model_copy(
        update={**said, "menu": menu, "asks_age": form.asks_age, "announcement_audio": kept}
    )


def heard(one: Association, campaign: Sequence[str] = (), length: float | None = None) -> list[Line]:
    """Every sentence of an ordinary call from the association's own town, in order."""
    lines = [Line("À l'arrivée de l'appel", spoken.WELCOME)]
    lines.append(Line("Le lieu, quand le numéro d'appel ne le dit pas", spoken.ASK_PLACE))
    lines += [Line("Message national en cours", spoken.speakable(text)) for text in campaign]
    if one.red_flags:
        lines.append(Line("Avant le menu", spoken.speakable(one.red_flags), own=True))
    lines.append(Line("Le menu, ce qui est ouvert à cette heure", spoken.need_menu(one.menu), own=True))
    if one.asks_age:
        lines.append(Line("L'âge", spoken.ASK_AGE, own=True))
    lines.append(Line("Avant la sonnerie", spoken.connecting(one.city)))
    if one.announcement:
        text = spoken.speakable(one.announcement)
        lines.append(Line("Votre annonce", text, True, one.announcement_audio, length))
    return lines


def _sentence(field: str, text: str) -> str | None:
    said = spoken.speakable(text)
    if len(said) > LONGEST:
        raise Unreadable(field, f"C'est trop long : {len(said)} caractères, {LONGEST} au plus.")
    return said or None
