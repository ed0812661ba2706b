"""The tabs of the console: what each says, where it leads, the right it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from console.access.roles import Right


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab, current on every page of its blueprint or, with `only`, on its own page alone."""

    label: str
    endpoint: str
    right: Right
    only: bool = False

    def current(self, endpoint: str | None) -> bool:
        """Whether the page that answers `endpoint` stands under this tab."""
        shown = endpoint or ""
        return shown == self.endpoint or (
            not self.only and shown.partition(".")[0] == self.endpoint.partition(".")[0]
        )


RULES = (
    Tab("Horaires", "hours.shown", Right.SEE),
    Tab("Secteur", "area.shown", Right.SEE),
    Tab("Exceptions", "exceptions.edit", Right.RULE),
    Tab("Régulations", "desks.listed", Right.RULE),
    Tab("Débordement", "overflow.edit", Right.RULE),
    Tab("Menu et annonces", "menu.edit", Right.RULE),
    Tab("Brouillon", "draft.shown", Right.RULE),
    Tab("Versions", "versions.listed", Right.SEE),
)
# Pages of a blueprint of their own that stand under another's tab.
UNDER = {"week": "Horaires", "cases": "Brouillon", "recordings": "Menu et annonces"}
ASSOCIATION = (
    Tab("Maintenant", "association.home", Right.SEE, only=True),
    Tab("Rappels", "callbacks.listed", Right.WORK),
    Tab("Appels", "calls.listed", Right.CALLS),
    Tab("Chiffres", "figures.shown", Right.SEE),
    Tab("Règles", RULES[0].endpoint, Right.SEE),
    Tab("Fermer d'urgence", "association.close", Right.RULE, only=True),
    Tab("Comptes", "people.listed", Right.STAFF),
    Tab("Journal", "journal.of_association", Right.JOURNAL, only=True),
    Tab("Feuille à imprimer", "sheets.association", Right.SEE, only=True),
)
FEDERATION = (
    Tab("Maintenant", "federation.board", Right.WATCH, only=True),
    Tab("Historique", "history.shown", Right.WATCH),
    Tab("Équité", "fairness.shown", Right.WATCH),
    Tab("Prévision", "outlook.forecast", Right.WATCH),
    Tab("Couverture", "coverage.shown", Right.WATCH),
    Tab("Règles", "federation.versions", Right.WATCH, only=True),
    Tab("Comptes", "accounts.listed", Right.GOVERN),
    Tab("Journal", "journal.of_all", Right.WATCH, only=True),
    Tab("Écrans", "walls.listed", Right.GOVERN),
    Tab("Associations", "associations.listed", Right.WATCH),
    Tab("Fermetures et messages", "closures.listed", Right.WATCH),
    Tab("État du service", "health_page.shown", Right.WATCH),
    Tab("Feuille à imprimer", "sheets.federation", Right.WATCH, only=True),
)


def under_rules(endpoint: str | None) -> bool:
    """Whether a page belongs to an association's rules, which have tabs of their own."""
    return (endpoint or "").partition(".")[0] in UNDER or any(tab.current(endpoint) for tab in RULES)
