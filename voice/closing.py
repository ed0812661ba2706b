"""Closing an association by telephone, question by question, read back before it is done. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from routing.closures import in_force, reopened, with_closure
from routing.document import Association, Closure, Document
from routing.model import Need
from routing.words import NEEDS
from voice import closing_prompts as prompts

REASON = "Fermeture par téléphone"


class Question(StrEnum):
    """What was asked last."""

    WHAT = "what"
    UNTIL = "until"
    SURE = "sure"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller has said so far; it travels sealed in the next URL."""

    question: Question = Question.WHAT
    needs: tuple[Need, ...] = ()  # none: all of them
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The next sentence, with the wish it asks about (None: good-bye), and whether to do it now."""

    text: str
    wish: Wish | None = None
    do: Wish | None = None


def first(one: Association, document: Document, now: datetime) -> Said:
    """What is closed already, and the first question."""
    zone, shut = ZoneInfo(one.time_zone), _own(one, document, now)
    told = "".join(
        prompts.SHUT.format(what=_what(closure.needs), until=until(closure.ends, now, zone))
        for closure in shut
    )
    keys = prompts.WHAT_VISIT if Need.VISIT in one.menu else ""
    reopen = prompts.REOPEN if shut else ""
    return Said(f"{prompts.hello(one.city)} {told}{keys}{prompts.WHAT_ALL}{reopen}", Wish())


def pressed(wish: Wish, key: str, one: Association, now: datetime) -> Said:
    """The answer to a key; anything unclear asks the same again, silence ends without a change."""
    if not key:
        return Said(prompts.NOTHING_DONE)
    zone = ZoneInfo(one.time_zone)
    if wish.question is Question.WHAT:
        return _chosen(wish, key, one)
    if wish.question is Question.UNTIL:
        ends = _end(key, now, zone)
        if ends is None:
            return Said(prompts.UNCLEAR + prompts.UNTIL, wish)
        sure = replace(wish, question=Question.SURE, ends=ends)
        read_back = prompts.SURE.format(what=_what(wish.needs), city=one.city, until=until(ends, now, zone))
        return Said(read_back, sure)
    if key == "1":
        return Said("", do=wish)
    return Said(prompts.NOTHING_DONE)


def done(wish: Wish, one: Association, document: Document, now: datetime, closure_id: str) -> Document | None:
    """The document as the caller wants it; None when there is nothing to change any more."""
    if wish.question is Question.REOPEN:
        changed = document
        for closure in _own(one, document, now):
            changed = reopened(changed, one.slug, closure.id, now) or changed
        return None if changed is document else changed
    if wish.ends is None or wish.ends <= now or any(old.id == closure_id for old in document.closures):
        return None  # a repeated webhook closes nothing twice
    made = Closure(
        id=closure_id,
        association=one.slug,
        needs=wish.needs,
        starts=now.replace(microsecond=0),
        ends=wish.ends,
        urgent=True,
        reason=REASON,
    )
    return with_closure(document, made, now)


def until(ends: datetime, now: datetime, zone: ZoneInfo) -> str:
    """« 6 heures », « demain, 6 heures 30 »: as it is said aloud."""
    local, today = ends.astimezone(zone), now.astimezone(zone).date()
    day = {0: "", 1: "demain, "}.get((local.date() - today).days, f"le {local.day}, ")
    return f"{day}{local.hour} heure{'s' if local.hour > 1 else ''}" + (
        f" {local.minute}" if local.minute else ""
    )


def _chosen(wish: Wish, key: str, one: Association) -> Said:
    if key == "1" and Need.VISIT in one.menu:
        return Said(prompts.UNTIL, replace(wish, question=Question.UNTIL, needs=(Need.VISIT,)))
    if key == "2":
        return Said(prompts.UNTIL, replace(wish, question=Question.UNTIL))
    if key == "3":
        return Said(prompts.SURE_REOPEN.format(city=one.city), Wish(Question.REOPEN))
    keys = prompts.WHAT_VISIT if Need.VISIT in one.menu else ""
    return Said(prompts.UNCLEAR + keys + prompts.WHAT_ALL, wish)


def _end(key: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    if key == "1":
        return now.replace(microsecond=0) + timedelta(hours=2)
    hour = {"2": 6, "3": 8, "4": 20}.get(key)
    if hour is None:
        return None
    local = now.astimezone(zone)
    end = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if end <= local:
        end = (local + timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return end.astimezone(UTC)


def _own(one: Association, document: Document, now: datetime) -> list[Closure]:
    """What this association closed itself; what the federation closed is not its to open."""
    return [closure for closure in in_force(document, one.slug, now) if closure.association == one.slug]


def _what(needs: tuple[Need, ...]) -> str:
    return " et ".join(NEEDS[need] for need in needs) if needs else "toutes les demandes"
