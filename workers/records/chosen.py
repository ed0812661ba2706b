"""What the federation chooses of alerts and of how long data is kept: in SQL, refused when it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from workers.records.conditions import Thresholds
from workers.records.retention import Retention
from workers.records.tables import record_settings


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: what it is, and between what it lies."""

    words: str
    least: float
    most: float
    whole: bool = True


CHOICES: Mapping[str, Choice] = {
    "qs60": Choice("QS60 sous lequel on alerte (part, de 0 à 1)", 0, 1, whole=False),
    "fewest": Choice("appels, ou sonneries, avant de conclure", 1, 1000),
    "callbacks_late": Choice("rappels en retard qui donnent l'alerte", 1, 1000),
    "unlikely": Choice("probabilité sous laquelle un volume est anormal", 1e-9, 0.05, whole=False),
    # Below 40 days a late event would find no journal, and its call would be counted from that event alone.
    "journals": Choice("jours de garde du détail d'un appel", 40, 400),
    "pseudonyms": Choice("jours après le mois avant de détruire sa clé", 1, 366),
    "records": Choice("jours de garde d'un appel enregistré", 62, 3660),
    "minutes": Choice("jours de garde des cumuls par minute", 2, 62),
    "alerts": Choice("jours de garde d'une alerte close", 1, 3660),
    "lost_callers": Choice("jours de garde du numéro d'un appelant perdu", 1, 3),
}


def thresholds(connection: Connection) -> Thresholds:
    """Those in force: what was chosen, else the defaults."""
    return Thresholds(**_chosen(connection, Thresholds))


def retention(connection: Connection) -> Retention:
    """Those in force."""
    return Retention(**_chosen(connection, Retention))


def in_force(connection: Connection) -> dict[str, float]:
    """Every choice by name."""
    both = (thresholds(connection), retention(connection))
    return {field.name: getattr(one, field.name) for one in both for field in fields(one)}


def choose(connection: Connection, name: str, written: str, now: datetime) -> float:
    """Choose one, as somebody wrote it; returns it. Raises ValueError, in French, for what cannot be."""
    choice = CHOICES.get(name)
    if choice is None:
        raise ValueError(f"réglage inconnu : {name} ; connus : {', '.join(CHOICES)}.")
    number = _number(written)
    if number is None or not choice.least <= number <= choice.most or (choice.whole and number % 1):
        kind = "un nombre entier" if choice.whole else "un nombre"
        raise ValueError(f"{name} attend {kind} de {choice.least:g} à {choice.most:g}, et non « {written} ».")
    connection.execute(delete(record_settings).where(record_settings.c.name == name))
    row = {"name": name, "value": number, "changed_at": now}
    connection.execute(insert(record_settings).values(row))
    return number


def _number(written: str) -> float | None:
    try:
        return float(written.strip().replace(",", "."))
    except ValueError:
        return None


def _chosen(connection: Connection, kind: type[Thresholds] | type[Retention]) -> dict[str, Any]:
    """What SQL holds of one kind; a value that a later release finds out of its bounds counts for nothing."""
    names = [field.name for field in fields(kind)]
    rows = connection.execute(select(record_settings).where(record_settings.c.name.in_(names)))
    return {
        row.name: int(row.value) if CHOICES[row.name].whole else row.value
        for row in rows
        if CHOICES[row.name].least <= row.value <= CHOICES[row.name].most
    }
