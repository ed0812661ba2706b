"""The form of the area editor: what it asks for, read forgivingly, and the change it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from console.association import area_change
from console.association.area_paste import Digits, Entry, Reader
from console.association.area_verdicts import Judged, Verdict
from console.french import read_day
from routing.coverage import Terrain
from routing.document import Area, Association
from routing.model import Need

LONGEST_RADIUS = 2000.0


@dataclass(frozen=True)
class Asked:
    """One sending of the form. `mode`: add, remove, or rule (with its `index`)."""

    mode: str
    step: str
    stamp: str
    text: str
    digits: Digits
    needs: tuple[Need, ...]
    since: date | None
    until: date | None
    index: int = -1
    nearest: bool = False
    radius: float | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def remove(self) -> bool:
        """Whether communes are to leave."""
        return self.mode == "remove"


def asked(form: Mapping[str, str], needs: Sequence[str], now: datetime, zone: ZoneInfo) -> Asked:
    """What was sent; what cannot be read is in `problems`, by field."""
    problems: dict[str, str] = {}
    since, until = (_day(form, name, now, zone, problems) for name in ("since", "until"))
    if since and until and until < since:
        problems["until"] = "Le dernier jour est avant le premier."
    mode, index = form.get("mode", "add"), form.get("index", "")
    wanted = tuple(need for need in Need if need.value in needs)
    if not wanted:
        problems["needs"] = "Cochez au moins une demande."
    digits = form.get("digits", "")
    return Asked(
        mode=mode if mode in ("add", "remove", "rule") else "add",
        step=form.get("step", "check"),
        stamp=form.get("stamp", ""),
        text=form.get("text", ""),
        digits=Digits(digits) if digits in set(Digits) else Digits.GUESS,
        needs=wanted,
        since=since,
        until=until,
        index=int(index) if index.isdecimal() and len(index) < 5 else -1,
        nearest="nearest" in form,
        radius=_radius(form.get("radius", ""), problems),
        problems=problems,
    )


def chosen(entries: Sequence[Entry], choices: Mapping[int, str], reader: Reader) -> tuple[Entry, ...]:
    """The entries with those replaced for which somebody chose what they meant."""
    found = list(entries)
    for place, text in choices.items():
        if 0 <= place < len(found) and text in (choice.text for choice in found[place].choices):
            found[place] = reader.read(text, Digits.INSEE)[0]
    return tuple(found)


def change(
    want: Asked, verdicts: Sequence[Judged], served: frozenset[str], terrain: Terrain
) -> Callable[[Association], Association]:
    """What the form does to the association, with the entries that can be kept. `served`: the communes it
    answers for already, for one of the needs where some are to leave, for all where some are to join."""
    useful = [
        one for one in verdicts if one.good and (want.mode == "rule" or one.verdict is not Verdict.ALREADY)
    ]
    entries = [one.entry for one in useful]
    if want.mode == "rule":
        return lambda one: area_change.with_rule(one, want.index, _rule(want, one, entries))
    if want.remove:
        return lambda one: _less(want, one, entries, served, terrain)
    codes = dict.fromkeys(
        code for e in entries if e.departement is None for code in e.communes if code not in served
    )
    whole = dict.fromkeys(entry.departement for entry in entries if entry.departement is not None)
    more = area_change.Addition(want.needs, tuple(codes), tuple(whole), want.since, want.until)
    return lambda one: area_change.with_more(one, more) if codes or whole else one


def _less(
    want: Asked, one: Association, entries: Sequence[Entry], served: frozenset[str], terrain: Terrain
) -> Association:
    for entry in entries:
        if entry.departement is not None:
            gone = served.intersection(entry.communes)
            one = area_change.without(one, want.needs, gone, terrain, entry.departement)
    codes = {code for e in entries if e.departement is None for code in e.communes}
    return area_change.without(one, want.needs, codes & served, terrain) if codes & served else one


def _rule(want: Asked, one: Association, exceptions: Sequence[Entry]) -> Area | None:
    """The rule as the form has it; None where it is deleted or says nothing any more."""
    if want.step in ("delete", "keep-delete") or not 0 <= want.index < len(one.areas):
        return None
    old = one.areas[want.index]
    return old.model_copy(
        update={
            "needs": want.needs,
            "nearest": want.nearest,
            "radius_km": want.radius,
            "except_communes": tuple(dict.fromkeys(code for e in exceptions for code in e.communes)),
            "valid_from": want.since,
            "valid_until": want.until,
        }
    )


def _day(
    form: Mapping[str, str], name: str, now: datetime, zone: ZoneInfo, problems: dict[str, str]
) -> date | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    found = read_day(text, now, zone)
    if found is None:
        problems[name] = f"« {text} » n'est pas une date : écrivez 01/02/2027."
        return None
    return found.date()


def _radius(text: str, problems: dict[str, str]) -> float | None:
    plain = text.replace(",", ".").lower().removesuffix("km").strip()
    if not plain:
        return None
    try:
        found = float(plain)
    except ValueError:
        found = -1.0
    if not 0 <= found <= LONGEST_RADIUS:
        problems["radius"] = f"« {text} » n'est pas une distance en kilomètres."
        return None
    return found


def starts(want: Asked, now: datetime, zone: ZoneInfo) -> datetime:
    """When the change first bears: now, or the first day it is said for."""
    if want.since is None:
        return now
    return max(now, datetime.combine(want.since, datetime.min.time(), zone).astimezone(UTC))
