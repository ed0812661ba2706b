"""However odd the book: a decision is made, it never loops, it rings somebody, and order decides nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.checks import check
from routing.compile import compile_book
from routing.decision import decide, offers
from routing.document import Document
from routing.geography.places import Places
from routing.model import Load, Need, Outcome
from routing.proof import PROVED, Proof, gaps
from tests.books_on_file import at, document_on_file

COMMUNES = ("33063", "33318", "33243", "24037", "64445", "97411")
SLUGS = ("a", "b", "c", "d")
DESKS = ("national", "a", "b", "x")
PLACES: Places = document_on_file("gironde")[1]

clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")
span = st.fixed_dictionaries({"opens": clock, "closes": clock})
week = st.lists(
    st.builds(
        lambda s, d: s | {"days": d}, span, st.lists(st.sampled_from(["mon", "thu", "sun"]), max_size=3)
    ),
    max_size=3,
)
day = st.dates(date(2026, 1, 1), date(2026, 12, 31))
needs = st.lists(st.sampled_from([str(need) for need in Need]), min_size=1, max_size=3, unique=True)
period = st.tuples(day, day).map(sorted)
exception = st.builds(
    lambda p, s, y, u: {"label": "e", "first": p[0], "last": p[1], "spans": s, "yearly": y, "urgent": u},
    period,
    st.lists(span, max_size=2),
    st.booleans(),
    st.booleans(),
)
hours = st.fixed_dictionaries(
    {"needs": needs, "weekly": week, "exceptions": st.lists(exception, max_size=2)},
    optional={"holidays": st.lists(span, max_size=1), "eves": st.lists(span, max_size=1)},
)
area = st.fixed_dictionaries(
    {"needs": needs},
    optional={
        "communes": st.lists(st.sampled_from(COMMUNES), max_size=3),
        "departements": st.just(["33"]),
        "radius_km": st.floats(0, 300),
        "nearest": st.booleans(),
        "valid_from": day,
        "valid_until": day,
        "except_communes": st.lists(st.sampled_from(COMMUNES), max_size=2),
    },
)
pact = st.fixed_dictionaries(
    {"association": st.sampled_from((*SLUGS, "nobody")), "accepted": st.booleans()},
    optional={"until": day, "cap_per_hour": st.integers(1, 3), "after_seconds": st.integers(5, 30)},
)
association = st.fixed_dictionaries(
    {
        "slug": st.sampled_from(SLUGS),
        "name": st.just("Une association"),
        "city": st.just("Ville"),
        "insee": st.just("33063"),
        "lon": st.floats(-1, 1),
        "lat": st.floats(43, 45),
        "regulators": st.lists(st.sampled_from((*DESKS, "nobody")), max_size=3),
        "areas": st.lists(area, max_size=3),
        "hours": st.lists(hours, max_size=3),
        "overflow": st.lists(pact, max_size=4),
        "menu": st.lists(st.sampled_from([str(need) for need in Need]), max_size=4),
        "callbacks": st.fixed_dictionaries({"regulators": st.lists(st.sampled_from(DESKS), max_size=2)}),
    },
    optional={"opened": day, "closed": day, "time_zone": st.sampled_from(["Pacific/Noumea", "Europe/Paris"])},
)
desk = st.fixed_dictionaries(
    {
        "id": st.sampled_from(DESKS),
        "name": st.just("Un poste"),
        "phones": st.lists(
            st.fixed_dictionaries(
                {
                    "number": st.sampled_from(
                        ["+33536490001", "+33199000001", "+33536490002", "3624", "sip:a@b.fr"]
                    ),
                    "verified": st.booleans(),
                }
            ),
            max_size=10,
        ),
        "strategy": st.sampled_from(["in_order", "all_at_once", "rotating", "longest_idle"]),
        "lines": st.integers(1, 3),
    }
)
closure = st.builds(
    lambda p, extra: {
        "starts": datetime(p[0].year, p[0].month, p[0].day, 3, tzinfo=UTC),
        "ends": datetime(p[1].year, p[1].month, p[1].day, 4, tzinfo=UTC),
        "reason": "r",
        **extra,
    },
    period,
    st.fixed_dictionaries(
        {"id": st.sampled_from(["x", "y", "z"]), "urgent": st.booleans()},
        optional={
            "association": st.sampled_from(SLUGS),
            "needs": needs,
            "meanwhile": st.lists(st.sampled_from(SLUGS), max_size=2),
            "requisitioned": st.lists(st.sampled_from(SLUGS), max_size=2),
        },
    ),
)
books = st.fixed_dictionaries(
    {
        "national": st.just({"regulator": "national", "teleconsultation": ["x"]}),
        "reach": st.just({"visit_elsewhere": 50.0, "consultation": 80.0}),
        "regulators": st.lists(desk, max_size=5),
        "associations": st.lists(association, max_size=5),
        "closures": st.lists(closure, max_size=3),
    }
)
moments = st.datetimes(timezones=st.sampled_from([UTC, None])) | st.integers(0, 365 * 24 * 60).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
loads = st.builds(
    Load,
    lines_in_use=st.dictionaries(st.sampled_from(DESKS), st.integers(0, 5)),
    waiting=st.dictionaries(st.sampled_from(DESKS), st.integers(0, 5)),
)


@settings(max_examples=150, deadline=None)
@given(books, st.sampled_from((*COMMUNES, "99999", "")), st.sampled_from((*Need, None)), moments, loads)
def test_somebody_is_always_rung(
    written: dict[str, Any], commune: str, need: Need | None, moment: datetime, load: Load
) -> None:
    book = compile_book(Document.model_validate(written), 1, PLACES)
    decision = decide(book, at(commune), need, moment, load)
    phones = [target.phone for target in decision.targets]
    assert phones[-1] == book.national.phone
    assert len(phones) == len(set(phones)) <= 11
    assert "3624" not in phones
    assert decision.trace
    assert not decision.targets[0].together
    assert offers(book, at(commune), moment)
    if need is Need.TELECONSULTATION:
        assert decision.outcome is Outcome.CALLBACK


@settings(max_examples=80, deadline=None)
@given(books, st.randoms(use_true_random=False), moments)
def test_the_order_in_the_document_decides_nothing(
    written: dict[str, Any], shuffled: Random, moment: datetime
) -> None:
    other = {part: list(value) if isinstance(value, list) else value for part, value in written.items()}
    for part in ("regulators", "associations", "closures"):
        shuffled.shuffle(other[part])
    other["associations"] = [_shuffle(one, shuffled) for one in other["associations"]]
    one, two = (compile_book(Document.model_validate(book), 1, PLACES) for book in (written, other))
    for commune in COMMUNES:
        for need in (*Need, None):
            assert decide(one, at(commune), need, moment) == decide(two, at(commune), need, moment)


def _shuffle(association: dict[str, Any], shuffled: Random) -> dict[str, Any]:
    """Areas and hours in another order. Desks, pacts and menu are lists whose order is the rule itself."""
    changed = dict(association)
    for part in ("areas", "hours"):
        changed[part] = shuffled.sample(association[part], len(association[part]))
    return changed


@settings(max_examples=60, deadline=None)
@given(books, st.lists(st.integers(0, 366 * 24 * 60 - 1), min_size=1, max_size=30))
def test_the_proof_agrees_with_asking_minute_by_minute(written: dict[str, Any], minutes: list[int]) -> None:
    """A hole is a minute in which `decide` itself finds no association."""
    book = compile_book(Document.model_validate(written), 1, PLACES)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for minute in minutes:
        since = start.timestamp() + 60 * minute
        moment, after = (datetime.fromtimestamp(instant, UTC) for instant in (since, since + 60))
        report = check(book, PLACES, moment, after)
        asked = [
            (need, commune)
            for need in PROVED
            for commune in COMMUNES
            if not any(
                t.rule == "hours" and not t.result.endswith("closed")
                for t in _trace(book, commune, need, moment)
            )
        ]
        assert report.holes == len(asked)
        owned = [book.chain(need, commune).owners(since) for need in PROVED for commune in COMMUNES]
        assert report.overlaps == sum(len(owners) > 1 for owners in owned)


@settings(max_examples=60, deadline=None)
@given(books, st.lists(st.integers(0, 365 * 24 * 3600 - 1), min_size=1, max_size=60))
def test_the_intervals_of_a_year_agree_with_asking_at_any_second(
    written: dict[str, Any], seconds: list[int]
) -> None:
    book = compile_book(Document.model_validate(written), 1, PLACES)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    proof = Proof(book, start.timestamp(), start.timestamp() + 365 * 86400)
    found = list(gaps(proof, COMMUNES))
    for second in seconds:
        moment = start + timedelta(seconds=second)
        for gap in found:
            hole = any(since <= moment.timestamp() < until for since, until in gap.unanswered)
            double = any(since <= moment.timestamp() < until for since, until in gap.doubly_owned)
            for commune in gap.communes:
                assert hole != any(
                    line.rule == "hours" and not line.result.endswith("closed")
                    for line in _trace(book, commune, gap.need, moment)
                )
                assert double == (len(book.chain(gap.need, commune).owners(moment.timestamp())) > 1)


def _trace(book: Any, commune: str, need: Need, moment: datetime) -> Any:
    lines = decide(book, at(commune), need, moment).trace
    mute = {line.result for line in lines if line.rule == "desk.none"}
    return [line for line in lines if line.result.split(" ")[0] not in mute]


@settings(max_examples=80, deadline=None)
@given(books, books, st.sampled_from(["associations", "closures", "regulators", "national"]), moments)
def test_a_book_made_from_the_one_before_is_the_same_book(
    one: dict[str, Any], other: dict[str, Any], part: str, moment: datetime
) -> None:
    previous = compile_book(Document.model_validate(one), 1, PLACES)
    changed = Document.model_validate(one | {part: other[part]})
    lent, anew = compile_book(changed, 2, PLACES, previous), compile_book(changed, 2, PLACES)
    for commune in COMMUNES:
        for need in (*Need, None):
            assert decide(lent, at(commune), need, moment) == decide(anew, at(commune), need, moment)
