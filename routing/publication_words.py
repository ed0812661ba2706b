"""What a publication changes, in words for the journal: to each association what concerns it, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from config import journal
from routing import closures
from routing.differences import Difference, differences
from routing.document import Document
from routing.parts import holders


def changes(
    before: Document | None, after: Document, row: Mapping[str, object], now: datetime
) -> list[journal.Change]:
    """One line for each association whose rules, desks or closures change, and for the federation.

    `row` is the book's; `before` None where what was in force cannot be read. A closure that is secret still
    is told to the federation alone, and the reason an association gave for its draft to that one alone.
    """
    told: dict[str, list[str]] = {}
    if before is None:
        told[journal.FEDERATION] = ["Les règles d'avant ne sont plus lisibles."]
    else:
        was = without_over(before, after, now)
        desks = (holders(was), holders(after))
        secret = {
            f"closures/{one.id}" for one in (*was.closures, *after.closures) if closures.secret(one, now)
        }
        for one in differences(was, after):
            for chain in _whose(one, desks, secret):
                told.setdefault(chain, []).append(one.said)
    cities = {one.slug: one.city for one in after.associations}
    ground = f"Règles n° {int(str(row['version'])) - 1}"
    return [
        journal.Change(chain, "published", _subject(row, chain, cities), ground, "\n".join(said))
        for chain, said in (told or {journal.FEDERATION: ["Aucune différence."]}).items()
    ]


def without_over(before: Document, after: Document, now: datetime) -> Document:
    """`before` without the closures and messages that are over and that `after` holds no more.

    Whoever publishes next clears them away: that changes nothing for anybody.
    """
    kept = {one.id for one in after.closures} | {one.id for one in after.messages}
    update = {
        "closures": tuple(one for one in before.closures if one.id in kept or one.ends > now),
        "messages": tuple(one for one in before.messages if one.id in kept or one.ends > now),
    }
    return before.model_copy(update=update)


def _whose(
    one: Difference, desks: tuple[Mapping[str, frozenset[str]], ...], secret: set[str]
) -> frozenset[str]:
    """The chains a difference belongs to: a desk's to all who hold it, before or after."""
    nobody = frozenset({journal.FEDERATION})
    if one.rule in secret:
        return nobody
    part, _, name = one.rule.partition("/")
    if part == "regulators":
        return frozenset().union(*(held.get(name, frozenset()) for held in desks)) or nobody
    return frozenset({one.association or journal.FEDERATION})


def _subject(row: Mapping[str, object], chain: str, cities: Mapping[str, str]) -> str:
    whose = str(row["association"] or "")
    theirs = whose not in ("", chain) and chain != journal.FEDERATION
    reason = f"publiées par {cities.get(whose, whose)}" if theirs else row["reason"]
    subject = f"Règles n° {row['version']} : {reason}"
    if row["approved_by"]:
        subject += f" (avec l'accord de {row['approved_by']})"
    if row["restores"]:
        subject += f" (reprend les règles n° {row['restores']})"
    return subject
