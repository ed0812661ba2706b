"""Before an association goes live: what must be true, looked up in what is, with the page that mends it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from sqlalchemy import select

from config.stores import reading
from console.access.roles import Role
from console.access.tables import sessions
from console.office import Office
from routing.document import Association, Document
from routing.model import Need
from routing.numbers import target_problem
from routing.words import NEEDS
from workers.callbacks.tables import doctors
from workers.operations import synthetic_calls
from workers.records.tables import alert_routes

LINES = (  # what must be true, and what is said while it is not
    ("Un poste avec un numéro vérifié", "aucun numéro ne peut sonner"),
    ("Des horaires pour chaque demande du menu", "rien pour : {}"),
    ("Un secteur", "aucune commune"),
    ("Un débordement accepté", "personne ne prend la suite"),
    ("Un responsable entré avec deux facteurs", "personne n'est encore entré"),
    ("Un appel d'essai arrivé jusqu'à son poste", "aucun depuis une semaine"),
    ("De quoi rappeler les patients", "ni poste ni médecin de rappel"),
    ("Une adresse pour les alertes", "aucune"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list."""

    done: bool
    said: str
    missing: str  # French: what is not there; empty when done
    link: str  # the page that mends it


@dataclass(frozen=True, slots=True)
class Facts:
    """What SQL tells of all associations, asked once: the slugs for which each thing is true."""

    managed: frozenset[str]
    called: frozenset[tuple[str, str]]  # with the desk that would have rung
    ringing_back: frozenset[str]
    reachable: frozenset[str]


def facts(here: Office) -> Facts:
    """Look it all up."""
    with reading(here.engine).connect() as connection:
        entered = set(connection.scalars(select(sessions.c.account_id).where(sessions.c.stage == "full")))
        reached = select(synthetic_calls.c.association, synthetic_calls.c.rang).where(synthetic_calls.c.ok)
        called = frozenset((row.association, row.rang) for row in connection.execute(reached.distinct()))
        ringing_back = connection.scalars(select(doctors.c.association)).all()
        routes = connection.scalars(
            select(alert_routes.c.association).where(alert_routes.c.active, alert_routes.c.channel == "email")
        ).all()
    managed = (
        grant.association
        for account in here.accounts.listed()
        if account.active and account.second_factor and account.id in entered
        for grant in account.grants
        if grant.role is Role.MANAGER
    )
    people, doctors_of, mailed = (frozenset(filter(None, one)) for one in (managed, ringing_back, routes))
    return Facts(people, called, doctors_of, mailed)


def checklist(document: Document, one: Association, known: Facts) -> tuple[Item, ...]:
    """Every line, done or not."""
    slug, hours = one.slug, _needs_without_hours(one)
    here = url_for("associations.edit", slug=slug)
    answers = (
        (_rings(document, one), _page("desks.listed", slug)),
        (not hours, _page("hours.shown", slug)),
        (any(map(_claims, one.areas)), _page("area.shown", slug)),
        (any(pact.accepted for pact in one.overflow), _page("overflow.edit", slug)),
        (slug in known.managed, url_for("accounts.listed")),
        (any((slug, desk) in known.called for desk in one.regulators), here),
        (bool(one.callbacks.regulators) or slug in known.ringing_back, _page("desks.listed", slug)),
        (slug in known.reachable, here),
    )
    return tuple(
        Item(done, said, "" if done else missing.format(hours), link)
        for (said, missing), (done, link) in zip(LINES, answers, strict=True)
    )


def _page(endpoint: str, slug: str) -> str:
    """The editor's page, else the association's first one."""
    known = endpoint if endpoint in current_app.view_functions else "association.home"
    return url_for(known, association=slug)


def _rings(document: Document, one: Association) -> bool:
    desks = {desk.id: desk for desk in document.regulators}
    phones = [phone for name in one.regulators if name in desks for phone in desks[name].phones]
    return any(phone.verified and target_problem(phone.number) is None for phone in phones)


def _needs_without_hours(one: Association) -> str:
    told: set[Need] = {need for hours in one.hours for need in hours.needs}
    return ", ".join(NEEDS[need] for need in one.menu if need not in told)


def _claims(area: object) -> bool:
    names = ("communes", "postcodes", "departements", "radius_km", "nearest")
    return any(getattr(area, name) for name in names)
