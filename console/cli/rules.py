"""`sos3624 rules`: take rule books out and in, see what they change, prove, replay, publish, undo."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from config.settings import Settings
from console.cli.refusal import Refused
from console.cli.rulebook import database, document_in_force
from console.past_calls import calls_between
from routing import drafts, publishing, store
from routing.compile import compile_book
from routing.coverage import Terrain
from routing.differences import differences
from routing.document import Document, DocumentRefused, read, schema
from routing.geography.places import Places
from routing.number_proofs import Answer, TooSoon
from routing.numbers import normalise, target_problem
from routing.replay import replay
from routing.replay_words import in_words
from workers import number_calls

PARIS = ZoneInfo("Europe/Paris")
_author = click.option("--author", required=True, help="Qui publie.")
_reason = click.option("--reason", required=True, help="Pourquoi, en une phrase.")


@click.group("rules", help="Les règles de routage : sortir, comparer, vérifier, rejouer, publier, défaire.")
def command() -> None:
    """Everything a rule book goes through, from the terminal."""


@command.command("export", help="Écrit un jeu de règles en JSON, celui en vigueur ou --version N.")
@click.option("--version", "number", type=int)
def export(number: int | None) -> None:
    """One document on standard output, as `import` takes it."""
    click.echo(_document(str(number) if number else None).model_dump_json(indent=2, exclude_defaults=True))


@command.command("schema", help="Écrit le schéma JSON du format.")
def json_schema() -> None:
    """JSON schema, draft 2020-12."""
    click.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


@command.command("import", help="Garde un fichier JSON comme brouillon, fondé sur la version en vigueur.")
@click.argument("file")
@_author
@_reason
def import_draft(file: str, author: str, reason: str) -> None:
    """A draft is not in force; `publish` takes its id."""
    document = _document(file)
    with _engine() as engine:
        draft = drafts.save(engine, document, store.current_version(engine), author, reason)
    click.echo(f"Brouillon {draft}.")


@command.command("diff", help="Ce qu'un jeu de règles change d'un autre : fichiers, brouillons ou numéros.")
@click.argument("after")
@click.argument("before", required=False)
def diff(after: str, before: str | None) -> None:
    """In words; without `before`, against the book in force."""
    names = {commune.insee: commune.name for commune in Places.load().all()}
    told = differences(_document(before), _document(after), names)
    click.echo("\n".join(f"- {one.said}" for one in told) or "Aucune différence.")


@command.command("check", help="Vérifie un fichier, un brouillon ou un numéro ; 1 si quelque chose bloque.")
@click.argument("what", required=False)
def check(what: str | None) -> None:
    """Everything a publication would meet."""
    with _engine() as engine:
        verdict = publishing.examine(engine, Places.load(), _document(what), store.current_version(engine))
    lines = [f"{'✗' if p.blocking else '!'} {p.message}" for p in verdict.report.problems]
    if verdict.second_person:
        lines.append(f"Une seconde personne doit approuver : {', '.join(verdict.second_person)}.")
    click.echo("\n".join(lines) or "Rien à redire.")
    sys.exit(bool(verdict.blocking))


@command.command("replay", help="Rejoue les appels passés sous un brouillon : combien iraient ailleurs.")
@click.argument("what")
@click.option("--days", default=7, type=click.IntRange(1, 3660), help="Combien de jours en arrière.")
def replay_past(what: str, days: int) -> None:
    """Place, need and minute of each call; no number."""
    terrain, until = Terrain(Places.load()), datetime.now(UTC)
    since = until - timedelta(days=days)
    version, in_force = document_in_force(Settings.of_process())
    before = compile_book(in_force, version, terrain)
    after = compile_book(_document(what), version + 1, terrain)
    with _engine() as engine:
        found = replay(before, after, calls_between(engine, since, until), since, until)
    click.echo(in_words(found, before, after, {c.insee: c.name for c in terrain.places.all()}))


@command.command("publish", help="Publie un fichier ou un brouillon, tout de suite ou à une heure.")
@click.argument("what")
@_author
@_reason
@click.option("--approved-by", help="La seconde personne, là où l'association en veut une.")
@click.option("--expected", type=int, help="La version qu'on a lue ; sans elle, celle en vigueur.")
@click.option("--at", help="L'instant, 2026-12-25T03:00 (Paris), au lieu de tout de suite.")
def publish(
    what: str, author: str, reason: str, approved_by: str | None, expected: int | None, at: str | None
) -> None:
    """Proved first; what blocks is refused, and nobody may override it."""
    document, places = _document(what), Places.load()
    with _engine() as engine:
        draft = drafts.find(engine, what)
        ground = expected if expected is not None else store.current_version(engine)
        if draft is not None:
            ground, approved_by = draft.based_on, approved_by or draft.approved_by
        if at is not None:
            _schedule(engine, document, ground, author, reason, approved_by, _instant(at))
            return
        try:
            version = publishing.publish(
                engine,
                places,
                document,
                ground,
                author,
                reason,
                approved_by=approved_by,
                draft=draft,
            )
        except (publishing.Refused, publishing.SecondPersonNeeded, store.Superseded) as refused:
            _fail(publishing.in_words(refused))
    click.echo(f"Version {version} en vigueur.")


@command.command("history", help="Les versions publiées, la plus récente d'abord.")
@click.option("--limit", default=20, type=click.IntRange(1, 1000))
def history(limit: int) -> None:
    """Number, instant, author, approval, reason."""
    with _engine() as engine:
        for one in store.history(engine, limit):
            with_whom = f" et {one.approved_by}" if one.approved_by else ""
            undone = f" (reprend la version {one.restores})" if one.restores else ""
            when = f"{one.published_at.astimezone(PARIS):%d/%m/%Y %H:%M}"
            click.echo(f"{one.version}  {when}  {one.author}{with_whom}  {one.reason}{undone}")


@command.command("undo", help="Publie de nouveau une version plus ancienne.")
@click.argument("number", type=int)
@_author
@_reason
def undo(number: int, author: str, reason: str) -> None:
    """Under a new number."""
    with _engine() as engine:
        in_force = store.current_version(engine)
        try:
            version = publishing.restore(engine, Places.load(), number, in_force, author, reason)
        except KeyError:
            raise Refused(f"version inconnue « {number} » ; voir sos3624 rules history") from None
        except (publishing.Refused, store.Superseded) as refused:
            _fail(publishing.in_words(refused))
    click.echo(f"Version {version} en vigueur : les règles de la version {number}.")


@command.command("verify-number", help="Appelle un poste et lui dit un code, ou reçoit ce code (--code).")
@click.argument("number")
@_author
@click.option("--code", help="Les six chiffres entendus au poste.")
def verify_number(number: str, author: str, code: str | None) -> None:
    """Ring the number, speak the code; whoever answers reads it back."""
    called = number if number.startswith("sip") else normalise(number) or number
    if (wrong := target_problem(called)) is not None:
        raise Refused(f"« {number} » ne peut pas être appelé : {wrong}")
    settings = Settings.of_process()
    with _engine() as engine:
        if code is None:
            try:
                rings = number_calls.call(settings, engine, called, author)
            except TooSoon:
                _fail("Un appel d'essai vient d'être demandé : attendez une minute.")
            if not rings:
                _fail("L'opérateur n'a pas pris l'appel d'essai : réessayez dans une minute.")
            click.echo(f"Le {called} sonne : on y entend un code, à redonner avec --code d'ici 15 minutes.")
            return
        answer = number_calls.read_back(settings, engine, called, code, author)
        if answer is not Answer.PROVED:
            _fail("Code faux." if answer is Answer.WRONG else "Code périmé : demandez-en un autre.")
    click.echo(f"{called} est vérifié : une publication peut le dire.")


def _schedule(
    engine: Engine,
    document: Document,
    ground: int,
    author: str,
    reason: str,
    approved_by: str | None,
    at: datetime,
) -> None:
    """Proved now as well, so that its hour does not come in vain."""
    verdict = publishing.examine(engine, Places.load(), document, ground)
    if verdict.blocking:
        _fail(publishing.in_words(publishing.Refused(verdict.blocking)))
    draft = drafts.find(engine, drafts.save(engine, document, ground, author, reason))
    if draft is not None:
        if approved_by:
            drafts.approve(engine, draft, approved_by)
        drafts.schedule(engine, draft, at)
        click.echo(f"Brouillon {draft.id}, à publier le {at.astimezone(PARIS):%d/%m/%Y à %H:%M}.")


def _document(what: str | None) -> Document:
    """A file, a draft's id, a version's number, or nothing for the book in force."""
    if what is None:
        return document_in_force(Settings.of_process())[1]
    if (path := Path(what)).is_file():
        try:
            return read(path.read_bytes())
        except DocumentRefused as refused:
            _fail("\n".join(refused.problems))
    with _engine() as engine:
        found = store.version(engine, int(what)) if what.isdecimal() else _of_draft(engine, what)
    if found is None:
        raise Refused(f"« {what} » n'est ni un fichier, ni un brouillon, ni une version publiée")
    return found


def _of_draft(engine: Engine, name: str) -> Document | None:
    draft = drafts.find(engine, name)
    return draft.document if draft is not None else None


def _instant(at: str) -> datetime:
    try:
        said = datetime.fromisoformat(at)
    except ValueError:
        raise Refused(f"instant inconnu « {at} » ; attendu : 2026-12-25T03:00") from None
    return said if said.tzinfo else said.replace(tzinfo=PARIS)


def _fail(words: str) -> NoReturn:
    click.echo(words, err=True)
    sys.exit(1)


@contextmanager
def _engine() -> Iterator[Engine]:
    with database(Settings.of_process()) as engine:
        if engine is None:
            _fail("La base n'a encore rien reçu : lancez sos3624 release.")
        yield engine
