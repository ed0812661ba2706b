"""`sos3624 rules import | drafts | publish | approve | unplan | abandon | undo`: a draft's way into force."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy import Engine

from console.cli.refusal import Refused
from console.cli.rulebook import PARIS, VERSION, document_of, fail, instant, opened, said
from routing import cases, draft_publishing, drafts, publishing, store
from routing.compile import compile_book
from routing.coverage import Terrain
from routing.document import Document
from routing.draft_publishing import REFUSALS, carried, examine, holes
from routing.drafts import Draft
from routing.geography.places import Places
from routing.parts import Trespass, carry
from routing.publishing import SecondPersonNeeded
from routing.words import moment

TERMINAL = "sos3624 rules"  # who did it, where nobody is asked for a name
_author = click.option("--author", required=True, callback=said, help="Qui publie.")
_reason = click.option("--reason", required=True, callback=said, help="Pourquoi, en une phrase.")
_association = click.option(
    "--association", help="L'association, par son nom court ; sans elle, la fédération."
)


@click.command("import", help="Garde un fichier JSON comme brouillon, fondé sur la version en vigueur.")
@click.argument("file")
@_author
@_reason
@_association
def import_draft(file: str, author: str, reason: str, association: str | None) -> None:
    """A draft is not in force; `publish` takes its id. An association's may change its own part alone."""
    document = document_of(file)
    with opened() as engine:
        ground, current = _in_force(engine)
        try:
            if association is not None:
                carry(current, document, current, association)
            made = drafts.save(engine, document, ground, author, reason, association=association)
        except Trespass as refused:
            fail(draft_publishing.in_words(refused))
        except drafts.Overtaken:
            fail(f"{association} a déjà un brouillon : publiez-le ou abandonnez-le (sos3624 rules drafts).")
    click.echo(f"Brouillon {made}.")


@click.command("drafts", help="Les brouillons ouverts, le plus récent d'abord.")
@_association
def listed(association: str | None) -> None:
    """Id, whose, by whom, why, its hour and who is still waited for."""
    with opened() as engine:
        for one in drafts.still_open(engine, association):
            hour = f" ; prévu le {moment(one.publish_at.astimezone(PARIS))}" if one.publish_at else ""
            waits = " ; attend une seconde personne" if one.asked_by and not one.approved_by else ""
            refused = f" ; refusé : {one.refused.splitlines()[0]}" if one.refused else ""
            said = f"{one.association or 'fédération'}  {one.author}  {one.reason}{hour}{waits}{refused}"
            click.echo(f"{one.id}  {said}")


@click.command("publish", help="Publie un fichier ou un brouillon, tout de suite ou à une heure.")
@click.argument("what")
@_author
@_reason
@click.option("--approved-by", help="La seconde personne, là où l'association en veut une.")
@click.option("--expected", type=VERSION, help="La version qu'on a lue ; sans elle, celle en vigueur.")
@click.option("--at", help="L'instant, 2026-12-25T03:00 (Paris), au lieu de tout de suite.")
@click.option("--with-holes", is_flag=True, help="Les trous qu'un brouillon d'association ouvre sont voulus.")
def publish(
    what: str,
    author: str,
    reason: str,
    approved_by: str | None,
    expected: int | None,
    at: str | None,
    with_holes: bool,
) -> None:
    """Proved first; what blocks is refused, and nobody may override it."""
    document, hour = document_of(what), _hour(at)
    with opened() as engine:
        if not store.current_version(engine):
            _first(engine, document, author, reason, approved_by, hour)
            return
        kept = drafts.find(engine, what)
        draft = kept or _kept(engine, document, expected, author, reason)
        try:
            _go(engine, draft, author, reason, hour, approved_by, with_holes=with_holes)
        except SystemExit:
            found = drafts.find(engine, draft.id)
            if kept is None and found is not None and found.asked_by is None:
                drafts.abandon(engine, draft.id, author)  # the file is still there
            raise


def _go(
    engine: Engine,
    draft: Draft,
    author: str,
    reason: str,
    hour: datetime | None,
    approved_by: str | None,
    *,
    with_holes: bool,
) -> None:
    terrain = Terrain(Places.load())
    _let_pass(engine, terrain, draft, with_holes=with_holes)
    if not drafts.plan(engine, draft, author, reason, hour):
        fail("Ce brouillon n'est plus ouvert.")
    if approved_by:
        drafts.approve(engine, draft, approved_by)
    if hour is None:
        _published(engine, terrain, draft.id)
    else:
        click.echo(f"Brouillon {draft.id}, à publier le {moment(hour.astimezone(PARIS))}.")


@click.command(
    "approve",
    help="Une seconde personne approuve ce texte d'un brouillon, et le publie s'il n'a pas d'heure.",
)
@click.argument("draft_id")
@_author
def approve(draft_id: str, author: str) -> None:
    """Not the one who asked."""
    with opened() as engine:
        draft = _draft(engine, draft_id)
        if not publishing.another(author, draft.writer):
            fail("Une autre personne que l'auteur doit l'approuver.")
        if not drafts.approve(engine, draft, author):
            fail("Ce brouillon n'est plus ouvert, ou il a changé entre-temps.")
        if draft.publish_at is None:
            _published(engine, Terrain(Places.load()), draft_id)
        else:
            click.echo("Approuvé : il sera publié à son heure.")


@click.command("unplan", help="Annule l'heure d'un brouillon, et la demande d'une seconde personne.")
@click.argument("draft_id")
def unplan(draft_id: str) -> None:
    """The draft stays."""
    with opened() as engine:
        draft = _draft(engine, draft_id)
        if not drafts.unplan(engine, draft, TERMINAL):
            fail("Ce brouillon n'est plus ouvert.")
    click.echo("Annulé : le brouillon reste, il ne sera pas publié.")


@click.command("abandon", help="Abandonne un brouillon ; il reste lisible.")
@click.argument("draft_id")
def abandon(draft_id: str) -> None:
    """The rules in force stay."""
    with opened() as engine:
        drafts.abandon(engine, _draft(engine, draft_id).id, TERMINAL)
    click.echo("Abandonné.")


@click.command("undo", help="Publie de nouveau une version plus ancienne, entière ou pour une association.")
@click.argument("number", type=VERSION)
@_author
@_reason
@_association
def undo(number: int, author: str, reason: str, association: str | None) -> None:
    """Under a new number."""
    with opened() as engine:
        try:
            if association:
                _known(engine, association)
                terrain = Terrain(Places.load())
                version = draft_publishing.put_back_published(
                    engine, terrain, association, number, author, reason
                )
            else:
                ground = store.current_version(engine)
                version = publishing.restore(engine, number, ground, author, reason)
        except KeyError:
            raise Refused(f"version inconnue « {number} » ; voir sos3624 rules history") from None
        except REFUSALS as refused:
            fail(draft_publishing.in_words(refused))
    whose = f" pour {association}" if association else ""
    click.echo(f"Version {version} en vigueur : les règles de la version {number}{whose}.")


COMMANDS = (import_draft, listed, publish, approve, unplan, abandon, undo)


def _in_force(engine: Engine) -> tuple[int, Document]:
    found = store.current(engine)
    if found is None:
        fail("Aucune règle n'est en vigueur : publiez d'abord ce fichier entier (sos3624 rules publish).")
    return found


def _first(
    engine: Engine,
    document: Document,
    author: str,
    reason: str,
    approved_by: str | None,
    hour: datetime | None,
) -> None:
    """There is nothing yet that a draft could be founded on."""
    if hour is not None:
        fail("Aucune règle n'est en vigueur : les premières se publient tout de suite, sans --at.")
    try:
        version = publishing.publish(engine, document, 0, author, reason, approved_by=approved_by)
    except REFUSALS as refused:
        fail(draft_publishing.in_words(refused))
    click.echo(f"Version {version} en vigueur.")


def _kept(engine: Engine, document: Document, expected: int | None, author: str, reason: str) -> Draft:
    """A file, or an older version, goes the way of a draft of the federation."""
    ground = store.current_version(engine) if expected is None else _version(engine, expected)
    return _draft(engine, drafts.save(engine, document, ground, author, reason))


def _let_pass(engine: Engine, terrain: Terrain, draft: Draft, *, with_holes: bool) -> None:
    """What the console asks too: nothing blocks, no hole unless it is meant, and the kept cases hold."""
    try:
        one = carried(engine, draft)
    except REFUSALS as refused:
        fail(draft_publishing.in_words(refused))
    if draft.association is None:
        blocking = publishing.examine(engine, terrain, one.document, one.version).blocking
        wrong = [problem.message for problem in blocking]
    else:
        verdict = examine(engine, terrain, one, draft.association)
        open_ = () if with_holes else holes(verdict.report.problems)
        wrong = [problem.message for problem in (*verdict.blocking, *open_)]
        book = compile_book(one.document, one.version + 1, terrain)
        failing = cases.failing(book, cases.kept(engine, draft.association))
        wrong += [f"Cas enregistré : {f.case.name} irait à {f.instead}." for f in failing]
    if wrong:
        fail("\n".join(wrong))


def _published(engine: Engine, terrain: Terrain, draft_id: str) -> None:
    draft = _draft(engine, draft_id)
    try:
        version = draft_publishing.publish(engine, terrain, draft)
    except SecondPersonNeeded as needed:
        drafts.plan(engine, draft, draft.writer, draft.reason, draft.publish_at, second=True)
        fail(f"{needed}\nElle l'approuve par : sos3624 rules approve {draft_id} --author SON-NOM")
    except REFUSALS as refused:
        fail(draft_publishing.in_words(refused))
    click.echo(f"Version {version} en vigueur.")


def _draft(engine: Engine, name: str) -> Draft:
    found = drafts.find(engine, name)
    if found is None:
        raise Refused(f"brouillon inconnu « {name} » ; voir sos3624 rules drafts")
    return found


def _hour(at: str | None) -> datetime | None:
    hour = instant(at) if at else None
    if hour is not None and hour <= datetime.now(UTC):
        raise Refused(f"« {at} » est déjà passé")
    return hour


def _version(engine: Engine, number: int) -> int:
    if store.version(engine, number) is None:
        raise Refused(f"version inconnue « {number} » ; voir sos3624 rules history")
    return number


def _known(engine: Engine, association: str) -> None:
    if all(one.slug != association for one in _in_force(engine)[1].associations):
        raise Refused(f"association inconnue « {association} »")
