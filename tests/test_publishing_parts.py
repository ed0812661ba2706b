"""An association's change goes over onto any other book, and never moves anything of anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.differences import differences
from routing.document import Document
from routing.parts import Clash, Trespass, carry, desks, put_back, shared, touched
from tests.books_on_file import document_on_file

GIRONDE, _ = document_on_file("gironde")
PAU = next(place for place, one in enumerate(GIRONDE.associations) if one.slug == "pau")
SLUGS = tuple(one.slug for one in GIRONDE.associations)
Edit = Callable[[dict[str, Any]], object]


def edited(document: Document, *edits: Edit) -> Document:
    written = document.model_dump(mode="json")
    for edit in edits:
        edit(written)
    return Document.model_validate(written)


def closure(name: str, slug: str | None) -> dict[str, Any]:
    day = {"starts": "2026-12-01T00:00:00Z", "ends": "2026-12-02T00:00:00Z"}
    return {"id": name, "reason": "Grève", "association": slug, **day}


def of(slug: str, **fields: object) -> Edit:
    place = SLUGS.index(slug)
    return lambda written: written["associations"][place].update(fields)


def desk(name: str, **fields: object) -> Edit:
    return lambda written: next(one for one in written["regulators"] if one["id"] == name).update(fields)


def adds(part: str, thing: dict[str, Any]) -> Edit:
    return lambda written: written[part].append(thing)


slugs, words = st.sampled_from(SLUGS), st.sampled_from(["", "Bonjour", "Bonsoir"])
ids = st.sampled_from([one.id for one in GIRONDE.regulators] + ["new", "newer"])
things = st.one_of(
    st.builds(lambda slug, said: of(slug, announcement=said), slugs, words),
    st.builds(lambda slug, names: of(slug, regulators=names), slugs, st.lists(ids, max_size=2, unique=True)),
    st.builds(lambda place: lambda w: w["regulators"][place].update(lines=9), st.integers(-1, 1)),
    st.builds(lambda name: adds("regulators", {"id": name, "name": name}), st.sampled_from(["new", "newer"])),
    st.builds(lambda n, slug: adds("closures", closure(n, slug)), st.sampled_from("abc"), st.none() | slugs),
    st.just(lambda w: w["closures"].clear()),
    st.just(lambda w: w["regulators"].pop()),
    st.builds(lambda km: lambda w: w["reach"].update(consultation=km), st.integers(10, 90)),
    st.builds(lambda slug: lambda w: w["associations"][SLUGS.index(slug)].update(overflow=[]), slugs),
)  # fmt: skip
books = st.lists(things, max_size=5).map(lambda edits: edited(GIRONDE, *edits))


@given(books, books, books, slugs)
def test_whatever_a_draft_holds_only_its_own_part_is_carried(
    base: Document, draft: Document, current: Document, slug: str
) -> None:
    try:
        made = carry(base, draft, current, slug)
    except (Clash, Trespass):
        return
    mine = desks(current, slug)
    for one, other in zip(made.associations, current.associations, strict=True):
        assert one == other or one.slug == slug
    kept = {d.id: d for d in made.regulators}
    assert all(kept.get(d.id) == d for d in current.regulators if d.id not in mine)
    assert [c for c in made.closures if c.association != slug] == [
        c for c in current.closures if c.association != slug
    ]
    assert (made.national, made.reach, made.emergency) == (current.national, current.reach, current.emergency)
    assert touched(current, made) <= {slug} | {o for others in shared(current, slug).values() for o in others}


@given(
    st.sampled_from([of("pau", announcement="Bonjour"), desk("pau", lines=9), of("pau", asks_age=True)]),
    books,
)
def test_a_draft_is_carried_over_what_others_published(edit: Edit, current: Document) -> None:
    draft = edited(GIRONDE, edit)
    try:
        made = carry(GIRONDE, draft, current, "pau")
    except Clash:
        assert touched(GIRONDE, current) & {"pau"} or "pau" not in desks(current, "pau")
        return
    assert differences(current, made) == differences(GIRONDE, draft) or made == current


def test_a_desk_changes_while_the_hours_of_the_same_association_do() -> None:
    draft, current = edited(GIRONDE, desk("pau", lines=9)), edited(GIRONDE, of("pau", announcement="Bonjour"))
    assert carry(GIRONDE, draft, current, "pau") == edited(
        GIRONDE, desk("pau", lines=9), of("pau", announcement="Bonjour")
    )


def test_of_two_changes_of_one_thing_both_are_told() -> None:
    draft, current = (edited(GIRONDE, of("pau", announcement=said)) for said in ("Bonjour", "Bonsoir"))
    with pytest.raises(Clash) as late:
        carry(GIRONDE, draft, current, "pau")
    assert "Bonsoir" in late.value.theirs[0].said
    assert "Bonjour" in late.value.yours[0].said


def test_an_emergency_closure_made_meanwhile_stays() -> None:
    draft = edited(GIRONDE, of("pau", announcement="Bonjour"))
    current = edited(GIRONDE, adds("closures", closure("a", "pau")))
    assert [c.id for c in carry(GIRONDE, draft, current, "pau").closures][-1] == "a"


OTHER = next(slug for slug in SLUGS if slug != "pau" and not desks(GIRONDE, slug) & desks(GIRONDE, "pau"))
THEIR_DESK = min(desks(GIRONDE, OTHER))


@pytest.mark.parametrize(
    "edit",
    [
        of(OTHER, announcement="Fermé"),
        desk(THEIR_DESK, lines=1),
        of("pau", regulators=["pau", THEIR_DESK]),
        desk(GIRONDE.national.regulator, lines=1),
        of("pau", regulators=["pau", GIRONDE.national.regulator]),
        adds("closures", closure("a", None)),
        adds("closures", closure("a", OTHER)),
        lambda w: w["reach"].update(consultation=1),
        lambda w: w["associations"].pop(PAU),
        lambda w: w["associations"].append(w["associations"][PAU]),
        lambda w: w["national"].update(two_person=True),
        lambda w: (adds("regulators", {"id": "own", "name": "x"})(w), of(OTHER, regulators=["own"])(w)),
    ],
)  # fmt: skip
def test_a_draft_that_touches_anything_else_is_refused(edit: Edit) -> None:
    with pytest.raises(Trespass):
        carry(GIRONDE, edited(GIRONDE, edit), GIRONDE, "pau")


def test_a_national_closure_is_not_taken_over_by_its_name() -> None:
    base = edited(GIRONDE, adds("closures", closure("a", None)))
    taken = edited(GIRONDE, adds("closures", closure("a", "pau")))
    with pytest.raises(Trespass):
        carry(base, taken, base, "pau")
    with pytest.raises(Clash):
        carry(GIRONDE, taken, base, "pau")


def test_a_desk_given_to_others_meanwhile_is_no_longer_changed() -> None:
    draft, gone = edited(GIRONDE, desk("pau", lines=9)), edited(GIRONDE, of("pau", regulators=[]))
    with pytest.raises(Clash):
        carry(GIRONDE, draft, gone, "pau")


def test_undoing_gives_back_what_the_association_alone_has_changed() -> None:
    stays = (of(OTHER, announcement="Autre"), adds("closures", closure("a", "pau")))
    later = edited(GIRONDE, of("pau", announcement="Bonjour"), desk("pau", lines=9), *stays)
    assert put_back(later, GIRONDE, "pau") == edited(GIRONDE, *stays)
    with pytest.raises(KeyError):
        put_back(later, GIRONDE, "nowhere")
