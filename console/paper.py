"""The rules on paper, for the day the screens are dark: who answers for what, numbers, date and version."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from jinja2 import Environment, FileSystemLoader

from console import french
from console.association import hours, sentence
from console.association.scene import Scene
from console.maps import departement_names
from routing import closures
from routing.closures import in_force
from routing.compiled import RuleBook
from routing.document import Association, Closure, Document, Regulator
from routing.geography.places import Places
from routing.model import Load, Need
from routing.numbers import target_problem
from routing.words import NEEDS

HERE = Path(__file__).parent
DAYS = 7
EVERY = 30.0  # seconds between two looks whether the sheets are old
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody to ring: who, at which numbers, and when."""

    name: str
    numbers: tuple[str, ...]
    note: str = ""


def association(
    env: Environment, book: RuleBook, places: Places, slug: str, now: datetime, styles: str = ""
) -> str:
    """One association's sheet; `styles` makes it a file that needs no other. Raises `KeyError`."""
    document = _document(book)
    one = {found.slug: found for found in document.associations}[slug]
    at, load = _scene(book, document, one, now), Load()
    return env.get_template("paper/association.html").render(
        at=at,
        styles=styles,
        states=[sentence.state(book, slug, one.insee, need, now, load) for need in one.menu],
        groups=[(needs, week.days[:DAYS]) for needs, week in hours.fortnight(at)],
        desks=_desks(document, one.regulators),
        overflow=_overflow(document, one),
        pool=_desks(document, one.callbacks.regulators),
        area=_area(book, places).get(slug, ()),
        departements=departement_names(),
        closures=_told(document, slug, now),
        messages=[m for m in document.messages if m.ends > now and slug in (m.associations or (slug,))],
        emergency=book.emergency_number(one.holiday_territory),
        national=_national(document, book),
        needs=NEEDS,
    )


def federation(env: Environment, book: RuleBook, now: datetime, styles: str = "") -> str:
    """The whole country on a few pages."""
    document = _document(book)
    rows = [
        (
            one,
            _desks(document, one.regulators),
            _open_now(book, one, now),
            _week(_scene(book, document, one, now)),
            _overflow(document, one),
        )
        for one in sorted(document.associations, key=lambda one: french.alphabetical(one.city))
    ]
    return env.get_template("paper/federation.html").render(
        book=book,
        now=now,
        styles=styles,
        rows=rows,
        paris=french.PARIS,
        closures=_told(document, None, now),
        messages=[message for message in document.messages if message.ends > now],
        pool=_desks(document, document.national.teleconsultation),
        national=_national(document, book),
        names={one.slug: one.city for one in document.associations},
        needs=NEEDS,
    )


def standalone() -> Environment:
    """The console's templates without the console; the same words."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    for word in ("clock", "day", "moment", "soon", "phone", "count", "of", "typeset"):
        env.filters[word] = getattr(french, word)
    env.filters["need"] = NEEDS.__getitem__
    return env


def styles() -> str:
    """For a file that stands alone."""
    return (HERE / "static" / "paper.css").read_text(encoding="utf-8")


def write_all(folder: Path, book: RuleBook, places: Places, now: datetime) -> int:
    """Every sheet into a folder, each whole or not at all; how many. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    env, look = standalone(), styles()
    sheets = {"federation": federation(env, book, now, look)}
    for slug in book.associations:
        sheets[slug] = association(env, book, places, slug, now, look)
    for name, text in sheets.items():
        write(folder / f"{name}.html", text)
    return len(sheets)


def write(path: Path, text: str) -> None:
    """Put a file in place whole."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def keep(
    folder: Path, book: Callable[[], RuleBook], places: Places, clock: Callable[[], datetime]
) -> threading.Event:
    """Write the sheets again at each publication and each new day, until the event is set."""
    stopped = threading.Event()

    def loop() -> None:
        held: object = None
        while not stopped.is_set():
            current, now = book(), clock()
            wanted = (current.version, now.astimezone(french.PARIS).date())
            if current.document is not None and wanted != held:
                try:
                    write_all(folder, current, places, now)
                    held = wanted
                except Exception:  # a full disk, an odd book: the next look tries again
                    log.exception("sheets_not_written", version=current.version)
            stopped.wait(EVERY)

    threading.Thread(target=loop, name="paper", daemon=True).start()
    return stopped


def _document(book: RuleBook) -> Document:
    if book.document is None:
        raise KeyError("no rules are held yet")
    return book.document


def _scene(book: RuleBook, document: Document, one: Association, now: datetime) -> Scene:
    zone = ZoneInfo(one.time_zone)
    return Scene(one, book, document, now, zone, tuple(in_force(document, one.slug, now)))


def _week(at: Scene) -> list[tuple[tuple[Need, ...], str]]:
    """The week that begins today, needs alike told once: « lun : 8 h – 20 h ; mar à dim : 24 h/24 »."""
    found: dict[str, tuple[Need, ...]] = {}
    for need in at.one.menu:
        days = hours.days(at, need, DAYS)
        runs = groupby(days, key=lambda day: day.words)
        told = " ; ".join(f"{_span([*run])}{words}" for words, run in runs)
        found[told] = (*found.get(told, ()), need)
    return [(needs, told) for told, needs in found.items()]


def _span(days: list[hours.Day]) -> str:
    first, last = (french.DAYS[day.date.weekday()][:3] for day in (days[0], days[-1]))
    return "" if len(days) == DAYS else f"{first} : " if len(days) == 1 else f"{first} à {last} : "


def _desks(document: Document, ids: tuple[str, ...]) -> tuple[Line, ...]:
    known = {desk.id: desk for desk in document.regulators}
    return tuple(_line(known[name]) for name in dict.fromkeys(ids) if name in known)


def _line(desk: Regulator) -> Line:
    rings = (p.number for p in desk.phones if p.verified and target_problem(p.number) is None)
    return Line(desk.name, tuple(french.phone(number) for number in rings), f"sonne {desk.ring_seconds} s")


def _overflow(document: Document, one: Association) -> tuple[Line, ...]:
    others = {other.slug: other for other in document.associations}
    found = []
    for pact in one.overflow:
        helper = others.get(pact.association)
        if pact.accepted and helper is not None:
            numbers = tuple(n for desk in _desks(document, helper.regulators) for n in desk.numbers)
            until = f"jusqu'au {pact.until:%d/%m/%Y}" if pact.until else ""
            found.append(Line(helper.city, numbers, until))
    return tuple(found)


def _national(document: Document, book: RuleBook) -> Line:
    desks = _desks(document, (document.national.regulator,))
    return Line(book.national_name, desks[0].numbers if desks else (french.phone(book.national.phone),))


def _open_now(book: RuleBook, one: Association, now: datetime) -> tuple[Need, ...]:
    services = ((need, book.service(need, one.slug)) for need in one.menu)
    return tuple(need for need, s in services if s and sentence.is_open(s, now.timestamp(), now.year))


def _told(document: Document, slug: str | None, now: datetime) -> list[tuple[Closure, datetime]]:
    """Those that hold or come; one that is still a secret is on no paper."""
    return [
        (one, closures.begins(one))
        for one in (*closures.holding(document, now), *closures.coming(document, now))
        if not closures.secret(one, now) and (slug is None or one.association in (None, slug))
    ]


@lru_cache(maxsize=4)
def _area(book: RuleBook, places: Places) -> dict[str, tuple[tuple[str, int], ...]]:
    """Communes served for visits, by association and département."""
    found: dict[str, Counter[str]] = {}
    for commune in places.all():
        for slug in book.chain(Need.VISIT, commune.insee).owners(2.0**53):
            found.setdefault(slug, Counter())[commune.departement] += 1
    return {slug: tuple(counted.most_common()) for slug, counted in found.items()}
