"""`sos3624 rules`: take rule books out and in, see what they change, prove, replay, publish, undo."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import click

from config.settings import Settings
from console.cli import rules_cases, rules_publishing
from console.cli.refusal import Refused
from console.cli.rulebook import PARIS, VERSION, document_in_force, document_of, fail, opened, said
from console.past_calls import calls_between
from routing import publishing, store
from routing.compile import compile_book
from routing.coverage import Terrain
from routing.differences import differences
from routing.document import schema
from routing.geography.places import Places
from routing.number_proofs import Answer, TooSoon
from routing.numbers import normalise, target_problem
from routing.replay import replay
from routing.replay_words import in_words
from routing.words import moment
from workers import number_calls

_author = click.option("--author", required=True, callback=said, help="Qui publie.")


@click.group("rules", help="Les règles de routage : sortir, comparer, vérifier, rejouer, publier, défaire.")
def command() -> None:
    """Everything a rule book goes through, from the terminal."""


for part in (*rules_publishing.COMMANDS, rules_cases.command):
    command.add_command(part)


@command.command("export", help="Écrit un jeu de règles en JSON, celui en vigueur ou --version N.")
@click.option("--version", "number", type=VERSION)
def export(number: int | None) -> None:
    """One document on standard output, as `import` takes it."""
    click.echo(document_of(str(number) if number else None).model_dump_json(indent=2, exclude_defaults=True))


@command.command("schema", help="Écrit le schéma JSON du format.")
def json_schema() -> None:
    """JSON schema, draft 2020-12."""
    click.echo(json.dumps(schema(), ensure_ascii=False, indent=2))


@command.command("diff", help="Ce qu'un jeu de règles change d'un autre : fichiers, brouillons ou numéros.")
@click.argument("after")
@click.argument("before", required=False)
def diff(after: str, before: str | None) -> None:
    """In words; without `before`, against the book in force."""
    names = {commune.insee: commune.name for commune in Places.load().all()}
    told = differences(document_of(before), document_of(after), names)
    click.echo("\n".join(f"- {one.said}" for one in told) or "Aucune différence.")


@command.command("check", help="Vérifie un fichier, un brouillon ou un numéro ; 1 si quelque chose bloque.")
@click.argument("what", required=False)
def check(what: str | None) -> None:
    """Everything a publication would meet."""
    with opened() as engine:
        verdict = publishing.examine(engine, Places.load(), document_of(what), store.current_version(engine))
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
    after = compile_book(document_of(what), version + 1, terrain)
    with opened() as engine:
        found = replay(before, after, calls_between(engine, since, until), since, until)
    click.echo(in_words(found, before, after, {c.insee: c.name for c in terrain.places.all()}))


@command.command("history", help="Les versions publiées, la plus récente d'abord.")
@click.option("--limit", default=20, type=click.IntRange(1, 1000))
@click.option("--association", help="Celles qui ont changé quelque chose pour elle.")
def history(limit: int, association: str | None) -> None:
    """Number, instant, author, approval, reason."""
    with opened() as engine:
        for one in store.history(engine, limit, association=association):
            with_whom = f" et {one.approved_by}" if one.approved_by else ""
            undone = f" (reprend la version {one.restores})" if one.restores else ""
            when = moment(one.published_at.astimezone(PARIS))
            click.echo(f"{one.version}  {when}  {one.author}{with_whom}  {one.reason}{undone}")


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
    with opened() as engine:
        if code is None:
            try:
                rings = number_calls.call(settings, engine, called, author)
            except TooSoon:
                fail("Un appel d'essai vient d'être demandé : attendez une minute.")
            if not rings:
                fail("L'opérateur n'a pas pris l'appel d'essai : réessayez dans une minute.")
            click.echo(f"Le {called} sonne : on y entend un code, à redonner avec --code d'ici 15 minutes.")
            return
        answer = number_calls.read_back(settings, engine, called, code, author)
        if answer is not Answer.PROVED:
            fail("Code faux." if answer is Answer.WRONG else "Code périmé : demandez-en un autre.")
    click.echo(f"{called} est vérifié : une publication peut le dire.")
