"""One association's own part of a rule book, and its changes brought over onto another book. Pure.

Its own are: what it says of itself, the desks it holds (some shared with others), and its closures. One
with an hour of publication is the federation's, and nobody else's to see before. Everything else belongs to
others, and no change of its own moves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from routing.differences import Difference, differences
from routing.document import Association, Closure, Document, Regulator
from routing.document_hours import Strict

Key = tuple[str, str]
_Named = TypeVar("_Named", Regulator, Closure)
_Items = dict[Key, Association | Regulator | Closure]


class Clash(Exception):
    """Somebody else has changed the same: what they changed since, and what the draft changes."""

    def __init__(self, theirs: tuple[Difference, ...], yours: tuple[Difference, ...]) -> None:
        super().__init__("les mêmes règles ont été changées par quelqu'un d'autre")
        self.theirs, self.yours = theirs, yours


class Trespass(Exception):
    """The draft of an association changes what is not its own; `strays` says what."""

    def __init__(self, strays: tuple[Difference, ...]) -> None:
        super().__init__("\n".join(one.said for one in strays))
        self.strays = strays


def carry(base: Document, draft: Document, current: Document, slug: str) -> Document:
    """`current` with what `draft` changes of `base` in the part of `slug`; nothing else ever is.

    Raises `Trespass` when the draft changes anything else, `Clash` when the same thing was changed meanwhile.
    """
    strays = _strays(base, draft, slug)
    if strays:
        raise Trespass(strays)
    changed, named = _changed(base, draft, slug), _desks(base, draft, slug)
    old, new, now = (_items(document, slug, named) for document in (base, draft, current))
    if any(now.get(key) not in (old.get(key), new.get(key)) for key in changed) or _lost(
        changed, current, slug
    ):
        theirs = differences(base, _put(base, base, current, slug, old.keys() | now.keys()))
        raise Clash(theirs, differences(base, draft))
    return _put(base, current, draft, slug, changed)


def insist(base: Document, draft: Document, current: Document, slug: str) -> Document:
    """As `carry`, with the draft's word where both changed the same. What has gone to others stays theirs."""
    strays = _strays(base, draft, slug)
    if strays:
        raise Trespass(strays)
    changed = {key for key in _changed(base, draft, slug) if not _lost({key}, current, slug)}
    return _put(base, current, draft, slug, changed)


def own_part_of(source: Document, onto: Document, slug: str) -> Document:
    """`onto` with the association's own part, whole, as in `source`; raises `KeyError` where it is not."""
    if _association(source, slug) is None or _association(onto, slug) is None:
        raise KeyError(slug)
    named = _desks(onto, source, slug) | desks(source, slug)
    keys = _items(source, slug, named).keys() | _items(onto, slug, named).keys()
    return _put(onto, onto, source, slug, keys)


def text_of(document: Document, slug: str) -> str:
    """The association's own part as text: it changes with every change of it, and with no other."""
    return "\n".join(one.model_dump_json() for one in _part(document, slug))


def put_back(current: Document, older: Document, slug: str) -> Document:
    """`current` with what the association says of itself, and the desks it alone holds, as in `older`.

    Closures stay (reopening has its own button), and shared desks too.
    Raises `KeyError` when either does not know the association, `Trespass` when a desk has become another's.
    """
    before = _association(older, slug)
    if before is None or _association(current, slug) is None:
        raise KeyError(slug)
    known = {desk.id for desk in current.regulators}
    alone = desks(current, slug) - set(shared(current, slug))
    named = _named(before)
    back = {d.id for d in older.regulators if d.id in named and (d.id in alone or d.id not in known)}
    draft = with_association(current, before).model_copy(
        update={"regulators": _merged(current.regulators, older.regulators, back)}
    )
    return carry(current, draft, current, slug)


def desks(document: Document, slug: str) -> frozenset[str]:
    """Ids of the desks the association holds: those it names, but the nation's."""
    one = _association(document, slug)
    nation = {document.national.regulator, *document.national.teleconsultation}
    return frozenset() if one is None else _named(one) - nation


def shared(document: Document, slug: str) -> Mapping[str, tuple[str, ...]]:
    """The held desks that answer for others too, with the slugs of these."""
    found = {
        desk: tuple(o.slug for o in document.associations if o.slug != slug and desk in _named(o))
        for desk in sorted(desks(document, slug))
    }
    return {desk: others for desk, others in found.items() if others}


def holders(document: Document) -> Mapping[str, frozenset[str]]:
    """The slugs of those who hold each desk; the nation's is held by nobody."""
    nation = {document.national.regulator, *document.national.teleconsultation}
    found: dict[str, set[str]] = {}
    for one in document.associations:
        for desk in _named(one) - nation:
            found.setdefault(desk, set()).add(one.slug)
    return {desk: frozenset(slugs) for desk, slugs in found.items()}


def touched(before: Document, after: Document) -> frozenset[str]:
    """The associations whose own part differs; shared desks are part of each."""
    return frozenset(
        slug
        for slug in {one.slug for document in (before, after) for one in document.associations}
        if _part(before, slug) != _part(after, slug)
    )


def _part(document: Document, slug: str) -> list[Strict]:
    one, held = _association(document, slug), desks(document, slug)
    rung = [desk for desk in document.regulators if desk.id in held]
    closures = [closure for closure in document.closures if _owns(slug, closure)]
    return [*([one] if one else []), *rung, *closures]


def _strays(base: Document, draft: Document, slug: str) -> tuple[Difference, ...]:
    before, after = _association(base, slug), _association(draft, slug)
    if before is None or after is None:
        return (Difference(slug, f"associations/{slug}", f"« {slug} » entre dans les règles ou en sort."),)
    own = _put(base, base, draft, slug, _changed(base, draft, slug))
    others = differences(own, draft) if _sorted(own) != _sorted(draft) else ()
    return (*_taken(base, before, after), *others)


def _taken(base: Document, before: Association, after: Association) -> tuple[Difference, ...]:
    """Desks of others that would answer for it from now on: theirs to give, or the federation's."""
    held = {name for one in base.associations for name in _named(one)}
    held |= {base.national.regulator, *base.national.teleconsultation}
    names = {desk.id: desk.name for desk in base.regulators}
    return tuple(
        Difference(
            after.slug,
            f"associations/{after.slug}/regulators",
            f"{names.get(desk, desk)} répondrait pour {after.city}.",
        )
        for desk in sorted((_named(after) - _named(before)) & held)
    )


def _lost(changed: set[Key], current: Document, slug: str) -> bool:
    """Whether a thing to be changed has gone to others: a desk, or a closure's name."""
    held, known = desks(current, slug), _spoken_for(current)
    theirs = {closure.id for closure in current.closures if not _owns(slug, closure)}
    return any(
        (kind == "regulators" and name in known and name not in held)
        or (kind == "closures" and name in theirs)
        for kind, name in changed
    )


def _changed(base: Document, draft: Document, slug: str) -> set[Key]:
    named = _desks(base, draft, slug)
    old, new = _items(base, slug, named), _items(draft, slug, named)
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _desks(base: Document, draft: Document, slug: str) -> frozenset[str]:
    return desks(base, slug) | _fresh(base, draft)


def _fresh(base: Document, draft: Document) -> frozenset[str]:
    """Ids of the desks a draft creates; an id that anybody waits for already is not free."""
    return frozenset(desk.id for desk in draft.regulators) - _spoken_for(base)


def _spoken_for(document: Document) -> frozenset[str]:
    """Every desk there is, and every one that is named without being there."""
    named = (name for one in document.associations for name in _named(one))
    nation = (document.national.regulator, *document.national.teleconsultation)
    return frozenset((*(desk.id for desk in document.regulators), *named, *nation))


def _items(document: Document, slug: str, named: frozenset[str]) -> _Items:
    found: _Items = {}
    for one in document.associations:
        if one.slug == slug:
            # Whether a pact is accepted is the other side's word, so it is no part of this.
            mine = tuple(pact.model_copy(update={"accepted": False}) for pact in one.overflow)
            found["associations", slug] = one.model_copy(update={"overflow": mine})
    found |= {("regulators", desk.id): desk for desk in document.regulators if desk.id in named}
    found |= {("closures", c.id): c for c in document.closures if _owns(slug, c)}
    return found


def _put(base: Document, onto: Document, source: Document, slug: str, keys: Iterable[Key]) -> Document:
    """`onto` with these things as in `source`, which was written on `base`; absent there, they go."""
    wanted = set(keys)
    written, before, standing = (_association(document, slug) for document in (source, base, onto))
    made = onto
    if ("associations", slug) in wanted and written and before and standing:
        made = with_association(onto, _answered(written, before, standing))
    mine = [closure for closure in onto.closures if _owns(slug, closure)]
    others = tuple(closure for closure in onto.closures if not _owns(slug, closure))
    theirs = [closure for closure in source.closures if _owns(slug, closure)]
    desks, closures = ({name for kind, name in wanted if kind == one} for one in ("regulators", "closures"))
    update = {
        "regulators": _merged(onto.regulators, source.regulators, desks),
        "closures": (*others, *_merged(mine, theirs, closures)) if closures else onto.closures,
    }
    return made.model_copy(update=update)


def _answered(written: Association, before: Association, standing: Association) -> Association:
    """Its pacts are accepted as they stand; what the draft itself claims is left for the proof to judge."""
    was, now = ({pact.association: pact.accepted for pact in one.overflow} for one in (before, standing))
    pacts = tuple(
        pact.model_copy(update={"accepted": now.get(pact.association, False)})
        if pact.accepted == was.get(pact.association, False)
        else pact
        for pact in written.overflow
    )
    return written.model_copy(update={"overflow": pacts})


def _merged(onto: Iterable[_Named], source: Iterable[_Named], names: set[str]) -> tuple[_Named, ...]:
    wanted: dict[str, _Named] = {one.id: one for one in source if one.id in names}
    kept = [
        wanted.pop(one.id) if one.id in wanted else one
        for one in onto
        if one.id in wanted or one.id not in names
    ]
    return tuple(kept) + tuple(wanted.values())


def with_association(document: Document, one: Association) -> Document:
    """The document with this association in the place of the one of its slug."""
    changed = tuple(one if other.slug == one.slug else other for other in document.associations)
    return document.model_copy(update={"associations": changed})


def _association(document: Document, slug: str) -> Association | None:
    return next((one for one in document.associations if one.slug == slug), None)


def _owns(slug: str, closure: Closure) -> bool:
    return closure.association == slug and closure.published_at is None


def _named(one: Association) -> frozenset[str]:
    return frozenset((*one.regulators, *one.callbacks.regulators))


def _sorted(document: Document) -> Document:
    """The same, however it is written: the order of parts means nothing."""
    return document.model_copy(
        update={
            "associations": tuple(sorted(document.associations, key=lambda one: one.slug)),
            "regulators": tuple(sorted(document.regulators, key=lambda one: one.id)),
            "closures": tuple(sorted(document.closures, key=lambda one: one.id)),
        }
    )
