"""The figures, by the Samu/SFMU definitions, each with its formula; made from summed measures only.

t0 3624 rings, t1 the first desk rings (end of the welcome), t2 a regulator takes the call, t4 the end.
Sources: Samu-Urgences de France and SFMU (2009 standardisation, référentiel of March 2015); NHS 111 for the
abandons after 30 s. A call counts when it has ended, in the minute in which it began, Paris time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.records.tables import MEASURES, WAIT_EDGES, WAITS


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of any set of calls; ratios are None where nothing could be measured."""

    sums: Mapping[str, int]

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Figures:
        """From a row of summed measures; missing ones are nought."""
        return cls({name: int(row.get(name) or 0) for name in MEASURES})

    def __add__(self, other: Figures) -> Figures:
        return Figures({name: count + other.sums[name] for name, count in self.sums.items()})

    def __sub__(self, other: Figures) -> Figures:
        return Figures({name: count - other.sums[name] for name, count in self.sums.items()})

    @property
    def presented(self) -> int:
        """Présentés: every call that reached 3624, those of callers who hung up at once included."""
        return self.sums["calls"]

    @property
    def answered(self) -> int:
        """Décrochés: calls with a t2. An answering machine presses no key, and is not one."""
        return self.sums["answered"]

    @property
    def responded(self) -> int:
        """Répondus: décrochés with a talk of 5 s or more."""
        return self.sums["talked"]

    @property
    def early(self) -> int:
        """Raccrochés précoces: no t2, no call-back, t4 − t0 < 5 s. Kept apart from the lost."""
        return self.sums["early"]

    @property
    def lost(self) -> int:
        """Perdus: présentés − décrochés − call-backs promised − raccrochés précoces."""
        return self.sums["lost"]

    @property
    def callbacks(self) -> int:
        """Calls that ended with a promise to ring back. Never an abandon."""
        return self.sums["callbacks"]

    @property
    def persons(self) -> int:
        """Personnes: one number, one place, calls less than two hours apart; a withheld number is one."""
        return self.sums["persons"]

    @property
    def danger(self) -> int:
        """Calls in which the key of a life in danger was pressed, and the 15 was told."""
        return self.sums["danger"]

    @property
    def overflowed(self) -> int:
        """Débordement donné: décrochés by another association than the one that owns the place."""
        return self.sums["overflowed"]

    @property
    def rescued(self) -> int:
        """Calls that went through the fallback once at least."""
        return self.sums["rescued"]

    @property
    def answer_rate(self) -> float | None:
        """Taux de décroché: décrochés / (présentés − raccrochés précoces)."""
        return _ratio(self.answered, self.presented - self.early)

    @property
    def loss_rate(self) -> float | None:
        """Taux de perte: perdus / (présentés − raccrochés précoces)."""
        return _ratio(self.lost, self.presented - self.early)

    @property
    def qs30(self) -> float | None:
        """QS30: calls with t2 − t1 ≤ 30 s / (présentés − raccrochés précoces)."""
        return self.within(30)

    @property
    def qs60(self) -> float | None:
        """QS60: calls with t2 − t1 ≤ 60 s / (présentés − raccrochés précoces). Aim: 99 %."""
        return self.within(60)

    def within(self, seconds: int) -> float | None:
        """Share taken within `seconds`, one of the classes' edges. Raises ValueError for another."""
        upto = WAIT_EDGES.index(seconds) + 1
        return _ratio(sum(self.sums[name] for name in WAITS[:upto]), self.presented - self.early)

    @property
    def wait(self) -> float | None:
        """Attente moyenne, seconds: Σ(t2 − t1) / décrochés."""
        return _seconds(self.sums["wait_ms"], self.answered)

    @property
    def wait_90(self) -> float | None:
        """90e centile de l'attente, seconds, drawn within its class of waits; 600 stands for « above »."""
        return self._centile(0.9)

    @property
    def ivr(self) -> float | None:
        """Accueil moyen, seconds: Σ(t1 − t0) / calls in which a desk rang."""
        return _seconds(self.sums["ivr_ms"], self.sums["rang"])

    @property
    def talk(self) -> float | None:
        """Durée moyenne de communication, seconds: Σ talk / décrochés."""
        return _seconds(self.sums["talk_ms"], self.answered)

    @property
    def duration(self) -> float | None:
        """Durée moyenne de l'appel, seconds: Σ(t4 − t0) / présentés."""
        return _seconds(self.sums["total_ms"], self.presented)

    @property
    def lost_after_30_rate(self) -> float | None:
        """NHS 111: lost after 30 s or more of ringing / présentés. Aim: under 5 %."""
        return _ratio(self.sums["lost_after_30"], self.presented)

    def _centile(self, rank: float) -> float | None:
        wanted, below, lower = rank * self.answered, 0, 0
        for name, edge in zip(WAITS, WAIT_EDGES, strict=False):
            within = self.sums[name]
            if within and below + within >= wanted:
                return round(lower + (edge - lower) * (wanted - below) / within, 1)
            below, lower = below + within, edge
        return float(WAIT_EDGES[-1]) if self.answered else None


# What the screens say beside each figure: never a number without its definition.
DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "presented": ("Présentés", "Tous les appels arrivés au 3624."),
    "answered": ("Décrochés", "Appels pris par un régulateur ; un répondeur n'en est pas un."),
    "responded": ("Répondus", "Décrochés suivis d'au moins 5 secondes de conversation."),
    "early": ("Raccrochés précoces", "L'appelant a raccroché en moins de 5 secondes."),
    "lost": ("Perdus", "Ni décrochés, ni suivis d'un rappel promis, ni raccrochés précoces."),
    "callbacks": ("Rappels promis", "L'appelant a accepté d'être rappelé : ce n'est pas un abandon."),
    "persons": ("Personnes", "Un numéro, un lieu, des appels à moins de deux heures l'un de l'autre."),
    "danger": ("Vers le 15", "L'appelant a signalé un danger : le 15 lui a été indiqué."),
    "overflowed": ("Débordement donné", "Décrochés par une autre association que celle du lieu."),
    "rescued": ("Secours utilisé", "Appels passés par la voie de secours."),
    "answer_rate": ("Taux de décroché", "Décrochés / (présentés − raccrochés précoces)."),
    "loss_rate": ("Taux de perte", "Perdus / (présentés − raccrochés précoces)."),
    "qs30": ("QS30", "Pris en 30 s de sonnerie ou moins / (présentés − raccrochés précoces)."),
    "qs60": ("QS60", "Pris en 60 s de sonnerie ou moins / (présentés − raccrochés précoces)."),
    "wait": ("Attente moyenne", "De la première sonnerie au décroché, en secondes."),
    "wait_90": ("Attente, 90e centile", "Neuf décrochés sur dix ont attendu moins, en secondes."),
    "ivr": ("Accueil", "De l'arrivée de l'appel à la première sonnerie, en secondes."),
    "talk": ("Conversation", "Durée moyenne de communication, en secondes."),
    "duration": ("Durée de l'appel", "De l'arrivée de l'appel à sa fin, en secondes."),
    "lost_after_30_rate": ("Perdus après 30 s", "Perdus après 30 s de sonnerie ou plus / présentés."),
}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole > 0 else None


def _seconds(milliseconds: int, count: int) -> float | None:
    return round(milliseconds / count / 1000, 1) if count else None
