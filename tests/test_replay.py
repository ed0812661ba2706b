"""Past calls under a draft: as if each had been rung under both books, only faster."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.compile import compile_book
from routing.decision import decide
from routing.document import Document
from routing.model import Need
from routing.replay import Answer, PastCall, changed_slugs, replay
from tests.books_on_file import at, document_on_file
from tests.test_decision_odd_books import COMMUNES, books

GIRONDE, PLACES = document_on_file("gironde")
START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
calls = st.lists(
    st.tuples(
        st.sampled_from((*COMMUNES, "")),
        st.sampled_from((*Need, None)),
        st.floats(0, YEAR.total_seconds() - 1).map(lambda seconds: START.timestamp() + seconds),
    ),
    max_size=60,
)


@settings(max_examples=120, deadline=None)
@given(books, books, calls, st.booleans())
def test_it_is_what_asking_call_by_call_gives(
    one: dict[str, Any], other: dict[str, Any], past: list[PastCall], near: bool
) -> None:
    if near:  # a draft as people write them: one part changed
        other = one | {"associations": other["associations"]}
    before, after = (compile_book(Document.model_validate(book), 1, PLACES) for book in (one, other))
    found = replay(before, after, past, START, START + YEAR)
    asked: Counter[tuple[str, str, Need | None]] = Counter()
    for place, need, instant in past:
        moment = datetime.fromtimestamp(instant, UTC)
        where = at(place) if place else None
        first = [decide(book, where, need, moment).targets[0].regulator for book in (before, after)]
        if first[0] != first[1]:
            asked[first[0], first[1], need] += 1
    told: Counter[tuple[str, str, Need | None]] = Counter()
    for move in found.moves:
        told[move.before.regulator, move.after.regulator, move.need] += move.calls
        assert sum(move.hours) == sum(count for _, count in move.communes) == move.calls
    assert (found.calls, found.moved, told) == (len(past), asked.total(), asked)


def night(hour: int) -> float:
    return (START + timedelta(hours=hour)).timestamp()


def test_it_tells_from_whom_to_whom_from_where_and_when() -> None:
    written = GIRONDE.model_dump(mode="json")
    written["associations"][0]["areas"][0]["communes"] = ["33063"]  # Pessac goes to whoever is nearest
    written["associations"][1]["areas"][0]["communes"] = ["33318"]
    before, after = (
        compile_book(book, version, PLACES)
        for version, book in enumerate((GIRONDE, Document.model_validate(written)))
    )
    past: list[PastCall] = [
        ("33318", Need.VISIT, night(11)),  # noon in Paris: Libourne, which stood in before too
        ("33318", Need.VISIT, night(21)),
        ("33318", Need.VISIT, night(22)),
        ("33063", Need.VISIT, night(22)),
        ("33318", Need.CONSULTATION, night(22)),
        ("33318", Need.VISIT, (START + 2 * YEAR).timestamp()),
    ]
    found = replay(before, after, past, START, START + YEAR)
    assert (found.calls, found.moved, found.moves) == (5, 0, ())
    written["associations"][1]["hours"][0]["weekly"].append({"opens": "20:00", "closes": "08:00"})
    after = compile_book(Document.model_validate(written), 2, PLACES)
    found = replay(before, after, past, START, START + timedelta(days=1))
    (move,) = found.moves
    assert (move.before, move.after) == (Answer("bordeaux", "bordeaux"), Answer("libourne", "libourne"))
    assert (move.need, move.calls, move.communes) == (Need.VISIT, 2, (("33318", 2),))
    assert [hour for hour, count in enumerate(move.hours) if count] == [22, 23]
    assert found.load()["libourne"][22:] == (1.0, 1.0)
    assert found.load()["bordeaux"][22:] == (-1.0, -1.0)


def test_what_a_draft_leaves_alone_is_not_looked_at() -> None:
    written = GIRONDE.model_dump(mode="json")
    written["associations"][3]["announcement"] = "Bonjour"
    before, after = (compile_book(b, 1, PLACES) for b in (GIRONDE, Document.model_validate(written)))
    assert changed_slugs(before, after) == {"pau"}
    assert changed_slugs(before, before) == frozenset()
    written["national"]["name"] = "Autre"
    assert changed_slugs(before, compile_book(Document.model_validate(written), 1, PLACES)) is None
