"""How dates, times and numbers are written on the screens; forgiving readings of what people type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

PARIS = ZoneInfo("Europe/Paris")
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
    "novembre", "décembre",
)  # fmt: skip


def clock(at: datetime, zone: ZoneInfo = PARIS) -> str:
    """« 6 h », « 14 h 05 »."""
    local = at.astimezone(zone)
    return f"{local.hour}\u00a0h" + (f"\u00a0{local.minute:02}" if local.minute else "")


def day(at: datetime, zone: ZoneInfo = PARIS) -> str:
    """« dimanche 22 novembre »."""
    local = at.astimezone(zone)
    return f"{DAYS[local.weekday()]} {'1er' if local.day == 1 else local.day} {MONTHS[local.month - 1]}"


def moment(at: datetime, zone: ZoneInfo = PARIS) -> str:
    """« dimanche 22 novembre 2026 à 14 h 05 »."""
    return f"{day(at, zone)} {at.astimezone(zone).year} à {clock(at, zone)}"


def soon(at: datetime, now: datetime, zone: ZoneInfo = PARIS) -> str:
    """« 6 h », « minuit », « demain à 6 h », « mardi 24 novembre à 6 h »: as short as it is clear."""
    local = at.astimezone(zone)
    days = (local.date() - now.astimezone(zone).date()).days
    if days == 0:
        return clock(at, zone)
    if days == 1 and local.time() == time(0):
        return "minuit"
    names = {1: "demain", -1: "hier"}
    return f"{names.get(days, day(at, zone))} à {clock(at, zone)}"


def lasting(span: timedelta) -> str:
    """« 40 s », « 12 min », « 3 h 05 », « 2 jours »."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds}\u00a0s"
    if seconds < 3600:
        return f"{seconds // 60}\u00a0min"
    if seconds < 48 * 3600:
        minutes = seconds % 3600 // 60
        return f"{seconds // 3600}\u00a0h" + (f"\u00a0{minutes:02}" if minutes else "")
    return f"{seconds // 86400}\u00a0jours"


def wait(seconds: float) -> str:
    """« 40 s », « 12 min » of so many seconds."""
    return lasting(timedelta(seconds=round(seconds)))


def phone(number: str) -> str:
    """« 05 36 49 00 01 » of an E.164 French number; others as they are."""
    national = re.sub(r"^\+33", "0", number)
    return " ".join(re.findall("..", national)) if re.fullmatch(r"0\d{9}", national) else number


def hidden(number: str) -> str:
    """Its last two digits: enough to tell two callers apart, not to ring one."""
    return f"•• •• •• •• {number[-2:]}"


def count(number: int | None) -> str:
    """« 6 310 », with the narrow space French figures want."""
    return "–" if number is None else f"{number:,}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """« 92,4 % »; a dash where nothing was counted."""
    return "–" if share is None else f"{share * 100:.1f}".replace(".", ",") + "\u00a0%"


def of(city: str) -> str:
    """« de Pau », « d'Amiens », « de La Rochelle »."""
    return f"d'{city}" if city[:1].lower() in "aeiouyéèêàâîôh" else f"de {city}"


def alphabetical(text: str) -> str:
    """A key to sort by as a French dictionary does: « Évry » stands before « Fréjus »."""
    return unicodedata.normalize("NFD", text.casefold()).encode("ascii", "ignore").decode()


def typeset(text: str) -> str:
    """Spaces that must not break: before « : ; ? ! % », in quotation marks, at units, after « n° »."""
    text = re.sub(r" (?=[:;?!»%])|(?<=«) |(?<=n°) ", "\u00a0", text)
    return re.sub(r"(?<=\d) (?=(?:h|s|min|lignes?)\b)|(?<=\d[ \u00a0]h) (?=\d)", "\u00a0", text)


class FrenchSpaces(Extension):
    """Sets the spaces of all that templates say, once, when they are read."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Words and markup pass `typeset`, and nothing between braces does."""
        for token in stream:
            yield Token(token.lineno, "data", typeset(token.value)) if token.type == "data" else token


_CLOCK = re.compile(r"(\d{1,2})\s*(?:h|:|\.)?\s*([0-5]\d)?\s*(?:min|mn)?")


def read_clock(text: str) -> time | None:
    """« 6h », « 6 h 30 », « 06:30 », « 0630 », « minuit », « midi »; None for anything else."""
    plain = text.strip().lower()
    plain = {"minuit": "0h", "midi": "12h"}.get(plain, plain)
    four = re.fullmatch(r"(\d\d)([0-5]\d)", plain)
    found = four or _CLOCK.fullmatch(plain)
    if not found or int(found[1]) > 24:
        return None
    hour, minute = int(found[1]) % 24, int(found[2] or 0)
    return None if int(found[1]) == 24 and minute else time(hour, minute)


def next_at(wanted: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The next time the clock on the wall says so."""
    local = now.astimezone(zone)
    when = local.replace(hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0)
    if when <= local:
        when = (local + timedelta(days=1)).replace(
            hour=wanted.hour, minute=wanted.minute, second=0, microsecond=0
        )
    return when.astimezone(UTC)


_DATE = re.compile(r"(\d{1,2})[/. -](\d{1,2})(?:[/. -](\d{4}|\d{2}))?")


def read_day(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Midnight of « 25/12 », « 25/12/2026 », « 2026-12-25 » there; without a year, the next one."""
    plain = re.sub(r"^(\d{4})-(\d{2})-(\d{2})$", r"\3/\2/\1", text.strip())
    found = _DATE.fullmatch(plain)
    if not found:
        return None
    today = now.astimezone(zone)
    year = int(found[3]) % 100 + 2000 if found[3] else today.year
    try:
        when = datetime(year, int(found[2]), int(found[1]), tzinfo=zone)
        if not found[3] and when.date() < today.date():
            when = when.replace(year=year + 1)
    except ValueError:
        return None
    return when
