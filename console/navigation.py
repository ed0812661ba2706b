"""The tabs of the console, on two levels: what each says, where it leads, the right it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from console.access.roles import Right, Who


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab, current on every page of its blueprint or, with `only`, on its own page alone."""

    label: str
    endpoint: str
    right: Right
    only: bool = False
    also: tuple[str, ...] = ()  # other blueprints, and endpoints, whose pages stand under it

    def current(self, endpoint: str | None) -> bool:
        """Whether the page that answers `endpoint` stands under this tab."""
        shown = endpoint or ""
        blueprint = shown.partition(".")[0]
        if shown == self.endpoint or shown in self.also or blueprint in self.also:
            return True
        return not self.only and blueprint == self.endpoint.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Tabs under one word; it leads to the first of them that one may see."""

    label: str
    tabs: tuple[Tab, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A tab or a group as somebody sees it."""

    label: str
    endpoint: str
    current: bool
    tabs: tuple[Shown, ...] = ()  # of a group


RULES = (
    Tab("Horaires", "hours.shown", Right.SEE, also=("week",)),
    Tab("Secteur", "area.shown", Right.SEE),
    Tab("Exceptions", "exceptions.edit", Right.RULE),
    Tab("Régulations", "desks.listed", Right.RULE),
    Tab("Débordement", "overflow.edit", Right.RULE, also=("pacts",)),
    Tab("Menu et annonces", "menu.edit", Right.RULE, also=("recordings",)),
    Tab("Brouillon", "draft.shown", Right.RULE, also=("cases",)),
    Tab("Versions", "versions.listed", Right.SEE),
)
ASSOCIATION = (
    Tab("Maintenant", "association.home", Right.SEE, only=True),
    Tab("Rappels", "callbacks.listed", Right.WORK, also=("duty",)),
    Tab("Appels", "calls.listed", Right.CALLS),
    Tab("Chiffres", "figures.shown", Right.SEE),
    Group("Règles", RULES),
    Tab(
        "Fermer d'urgence",
        "association.close",
        Right.RULE,
        only=True,
        also=("association.closed", "phone_closing"),
    ),
    Group(
        "Gestion",
        (
            Tab("Comptes", "people.listed", Right.STAFF),
            Tab("Journal", "journal.of_association", Right.JOURNAL, only=True),
            Tab("Feuille à imprimer", "sheets.association", Right.SEE, only=True),
        ),
    ),
)
FEDERATION = (
    Tab("Maintenant", "federation.board", Right.WATCH, only=True),
    Group(
        "Chiffres",
        (
            Tab("Historique", "history.shown", Right.WATCH),
            Tab("Équité", "fairness.shown", Right.WATCH),
            Tab("Prévision", "outlook.forecast", Right.WATCH),
        ),
    ),
    Group(
        "Règles",
        (
            Tab("Fermetures et messages", "closures.listed", Right.WATCH, also=("messages",)),
            Tab("Associations", "associations.listed", Right.WATCH),
            Tab("Couverture", "coverage.shown", Right.WATCH),
            Tab("Versions", "federation.versions", Right.WATCH, only=True, also=("federation.version",)),
        ),
    ),
    Group(
        "Service",
        (
            Tab("État du service", "health_page.shown", Right.WATCH),
            Tab("Comptes", "accounts.listed", Right.GOVERN),
            Tab("Journal", "journal.of_all", Right.WATCH, only=True),
            Tab("Écrans", "walls.listed", Right.GOVERN),
            Tab("Feuille à imprimer", "sheets.federation", Right.WATCH, only=True),
        ),
    ),
)


def shown(
    entries: Sequence[Tab | Group], endpoint: str | None, who: Who, association: str | None = None
) -> tuple[Shown, ...]:
    """What somebody sees of them on the page that answers `endpoint`; a group of nothing is left out."""
    made = []
    for one in entries:
        inside = one.tabs if isinstance(one, Group) else (one,)
        tabs = tuple(
            Shown(tab.label, tab.endpoint, tab.current(endpoint))
            for tab in inside
            if who.may(tab.right, association)
        )
        if tabs and isinstance(one, Group):
            current = any(tab.current for tab in tabs)
            made.append(Shown(one.label, tabs[0].endpoint, current, tabs))
        else:
            made.extend(tabs)
    return tuple(made)
