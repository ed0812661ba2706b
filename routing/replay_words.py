"""A replay told to a person: « 412 appels iraient ailleurs », from whom to whom, from where, when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from routing.compiled import RuleBook
from routing.model import Need
from routing.replay import Answer, Move, Replay
from routing.words import NEEDS, of, some

MOST_MOVES, MOST_COMMUNES = 12, 4


@dataclass(frozen=True, slots=True)
class Told:
    """A replay in words: how many, from whom to whom, and what each desk gains or loses."""

    headline: str
    moves: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()


def told(found: Replay, before: RuleBook, after: RuleBook, communes: Mapping[str, str]) -> Told:
    """In French; `communes` names INSEE codes."""
    if not found.calls:
        return Told("Aucun appel sur la période : rien à rejouer.")
    if not found.moved:
        return Told(f"Aucun des {found.calls} appels n'irait ailleurs.")
    share = f"{100 * found.moved / found.calls:.1f}".replace(".", ",")
    going = "iraient" if found.moved > 1 else "irait"
    return Told(
        f"{some(found.moved, 'appel')} sur {found.calls} {going} ailleurs ({share} %).",
        tuple(_moves(found, before, after, communes)),
        tuple(_loads(found, before, after)),
    )


def in_words(found: Replay, before: RuleBook, after: RuleBook, communes: Mapping[str, str]) -> str:
    """Several lines."""
    said = told(found, before, after, communes)
    return "\n".join(
        [said.headline, *(f"- {one}" for one in said.moves), *(f"  {one}" for one in said.loads)]
    )


def _moves(found: Replay, before: RuleBook, after: RuleBook, communes: Mapping[str, str]) -> Iterator[str]:
    for move in found.moves[:MOST_MOVES]:
        where = ", ".join(
            communes.get(code, code) or "lieu inconnu" for code, _ in move.communes[:MOST_COMMUNES]
        )
        yield f"{_move(move, before, after)} : {move.calls} ; {where}"
    if len(found.moves) > MOST_MOVES:
        yield f"autres mouvements : {sum(move.calls for move in found.moves[MOST_MOVES:])}"


def _loads(found: Replay, before: RuleBook, after: RuleBook) -> Iterator[str]:
    for desk, hours in sorted(found.load().items(), key=lambda one: -abs(sum(one[1]))):
        peak = max(range(24), key=lambda hour: abs(hours[hour]))
        most = f"au plus {_signed(hours[peak])} à {peak} h"
        yield f"{_desk(desk, after, before)} : {_signed(sum(hours))} appels par jour, {most}"


def _move(move: Move, before: RuleBook, after: RuleBook) -> str:
    need = "besoin non dit" if move.need is None else NEEDS[Need(move.need)]
    old, new = _name(move.before, before), _name(move.after, after)
    if old == new:  # another desk of one association
        old, new = _desk(move.before.regulator, before, after), _desk(move.after.regulator, after, before)
    return f"{of(old)} vers {new} ({need})"


def _name(answer: Answer, book: RuleBook) -> str:
    association = book.association(answer.association) if answer.association else None
    return association.city if association is not None else book.national_name


def _desk(regulator: str, *books: RuleBook) -> str:
    known = next((book.desks[regulator] for book in books if regulator in book.desks), None)
    return regulator if known is None else known.name


def _signed(number: float) -> str:
    return f"{number:+.1f}".replace(".", ",")
