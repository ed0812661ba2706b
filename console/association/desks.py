"""A desk as its form writes it: read, checked, put back into the document. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from console.association.editing import Unreadable, maybe_whole, whole
from routing import parts
from routing.document import Association, Document, Phone, Regulator, Strategy
from routing.numbers import normalise, target_problem

STRATEGIES = {
    Strategy.IN_ORDER: "dans l'ordre, l'un après l'autre",
    Strategy.ALL_AT_ONCE: "tous ensemble, le premier qui décroche prend l'appel",
    Strategy.ROTATING: "chacun son tour",
    Strategy.LONGEST_IDLE: "d'abord celui qui n'a pas parlé depuis le plus longtemps",
}
MOST_NUMBERS = 10
_NAME = "Donnez un nom à la régulation, 120 caractères au plus."


@dataclass(frozen=True, slots=True)
class Form:
    """What the desk's form holds, as typed."""

    name: str
    lines: str
    ring_seconds: str
    waiting_limit: str
    strategy: str
    accept_key: bool
    shows_caller: bool
    numbers: tuple[str, ...]  # E.164 or SIP, in order
    added: str = ""


def form_of(desk: Regulator) -> Form:
    """The form of a desk as it is."""
    return Form(
        desk.name,
        str(desk.lines),
        str(desk.ring_seconds),
        "" if desk.waiting_limit is None else str(desk.waiting_limit),
        desk.strategy.value,
        desk.accept_key,
        desk.shows_caller,
        tuple(phone.number for phone in desk.phones),
    )


def read(form: Form, desk: Regulator, proved: Iterable[str]) -> Regulator:
    """The desk this form writes; a number is verified only if it was, or in `proved`. Raises `Unreadable`."""
    known = {phone.number for phone in desk.phones if phone.verified} | set(proved)
    numbers = list(form.numbers)
    if form.added.strip():
        numbers.append(number(form.added))
    if len(numbers) > MOST_NUMBERS:
        raise Unreadable("added", f"{MOST_NUMBERS} numéros au plus par régulation.")
    if not form.name.strip() or len(form.name.strip()) > 120:
        raise Unreadable("name", _NAME)
    if form.strategy not in set(Strategy):
        raise Unreadable("strategy", "Choisissez comment les numéros sonnent.")
    return desk.model_copy(
        update={
            "name": form.name.strip(),
            "lines": whole("lines", form.lines, 1, 500, "Lignes"),
            "ring_seconds": whole("ring_seconds", form.ring_seconds, 5, 120, "Durée de sonnerie"),
            "waiting_limit": maybe_whole("waiting_limit", form.waiting_limit, 1, 500, "Appels en attente"),
            "strategy": Strategy(form.strategy),
            "accept_key": form.accept_key,
            "shows_caller": form.shows_caller,
            "phones": tuple(Phone(number=n, verified=n in known) for n in dict.fromkeys(numbers)),
        }
    )


def number(typed: str) -> str:
    """A number as the service rings it. Raises `Unreadable` with the reason it may not be rung."""
    plain = typed.strip()
    found = plain if plain.startswith(("sip:", "sips:")) else normalise(plain) or plain
    if (wrong := target_problem(found)) is not None:
        raise Unreadable("added", f"« {plain[:40]} » ne peut pas être appelé : {wrong}.")
    return found


def held(document: Document, one: Association) -> tuple[Regulator, ...]:
    """The desks an association may change, those that take its calls first, in their order."""
    mine, by_id = parts.desks(document, one.slug), {desk.id: desk for desk in document.regulators}
    order = dict.fromkeys((*one.regulators, *one.callbacks.regulators))
    return tuple(by_id[name] for name in order if name in mine and name in by_id)


def sharing(document: Document, desk: str, slug: str) -> tuple[str, ...]:
    """Cities of the other associations this desk answers for."""
    return tuple(
        one.city
        for one in document.associations
        if one.slug != slug and desk in (*one.regulators, *one.callbacks.regulators)
    )


def with_desk(document: Document, desk: Regulator) -> Document:
    """The document with this desk in the place of the one of its id."""
    changed = tuple(desk if other.id == desk.id else other for other in document.regulators)
    return document.model_copy(update={"regulators": changed})


def with_verified(document: Document, slug: str, verified: str) -> Document:
    """The document in which this number takes calls at the association's desks."""
    mine = parts.desks(document, slug)

    def changed(desk: Regulator) -> Regulator:
        if desk.id not in mine:
            return desk
        phones = tuple(
            phone.model_copy(update={"verified": phone.verified or phone.number == verified})
            for phone in desk.phones
        )
        return desk if phones == desk.phones else desk.model_copy(update={"phones": phones})

    return document.model_copy(update={"regulators": tuple(map(changed, document.regulators))})


def with_new(document: Document, slug: str, name: str) -> tuple[Document, str]:
    """The document with a desk more, rung after the association's others, and its id. Raises `Unreadable`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
    if not stem or len(name.strip()) > 120:
        raise Unreadable("name", _NAME)
    taken = {desk.id for desk in document.regulators}
    made = next(
        i for i in (f"{slug}-{stem}"[:55] + f"-{n}" * (n > 1) for n in range(1, 999)) if i not in taken
    )
    one = next(a for a in document.associations if a.slug == slug)
    with_it = with_order(document, one, (*one.regulators, made))
    desk = Regulator(id=made, name=name.strip())
    return with_it.model_copy(update={"regulators": (*document.regulators, desk)}), made


def with_order(document: Document, one: Association, order: Sequence[str]) -> Document:
    """The document in which these desks take the association's calls, in this order."""
    changed = one.model_copy(update={"regulators": tuple(order)})
    others = tuple(changed if a.slug == one.slug else a for a in document.associations)
    return document.model_copy(update={"associations": others})


def asked(form: Mapping[str, str], numbers: Sequence[str]) -> Form:
    """What was sent."""
    return Form(
        form.get("name", ""),
        form.get("lines", ""),
        form.get("ring_seconds", ""),
        form.get("waiting_limit", ""),
        form.get("strategy", ""),
        "accept_key" in form,
        "shows_caller" in form,
        tuple(numbers),
        form.get("added", ""),
    )
