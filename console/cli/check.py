"""`sos3624 check`: what is wrong with the rule book in force; exit 1 when something of it is blocking."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta

import click

from config.settings import Settings
from console.cli.rulebook import book_in_force
from routing.checks import Report, check
from routing.checks_places import misplaced
from routing.geography.places import Places
from routing.problem import Problem

PROVED = timedelta(days=365)
COUNTS = ("communes", "holes", "overlaps", "loops", "dead_numbers")
WORDS = ("communes", "trous", "recouvrements", "boucles", "numéros morts")


@click.command("check", help="Vérifie les règles de routage : trous, recouvrements, boucles, numéros morts.")
@click.option("--json", "as_json", is_flag=True, help="Un objet JSON sur une ligne.")
def command(as_json: bool) -> None:
    """Prove the book in force over every commune, need and minute of the twelve months to come."""
    places = Places.load()
    book = book_in_force(Settings.of_process(), places)
    since, began = datetime.now(UTC).replace(second=0, microsecond=0), time.perf_counter()
    report = check(book, places, since, since + PROVED)
    report = report.with_more(misplaced(book.document, places)) if book.document else report
    seconds = round(time.perf_counter() - began, 2)
    click.echo(
        json.dumps(_contract(report, seconds), ensure_ascii=False) if as_json else _told(report, seconds)
    )
    sys.exit(report.blocking)


def _contract(report: Report, seconds: float) -> dict[str, object]:
    counts: dict[str, object] = {name: getattr(report, name) for name in COUNTS}
    return counts | {"seconds": seconds, "problems": [_problem(problem) for problem in report.problems]}


def _problem(problem: Problem) -> dict[str, object]:
    told = {name: getattr(problem, name) for name in Problem.__dataclass_fields__}
    return told | {"first_minute": problem.first_minute and problem.first_minute.isoformat()}


def _told(report: Report, seconds: float) -> str:
    counts = ", ".join(f"{getattr(report, name)} {words}" for name, words in zip(COUNTS, WORDS, strict=True))
    lines = [f"  {'✗' if problem.blocking else '!'} {problem.message}" for problem in report.problems]
    return "\n".join([f"{counts} ({seconds:.1f} s)", *lines])
