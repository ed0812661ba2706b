"""A closure ends by itself, and somebody is reminded before it does."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from routing import store
from routing.demo import demo_document
from routing.document import Closure
from workers.records.conditions import NEXT_STEP
from workers.records.reminders import closures_ending

NIGHT = datetime(2026, 1, 13, 22, tzinfo=UTC)


def test_a_closure_is_announced_before_its_end_and_only_then(engine: Engine) -> None:
    closure = Closure(
        id="garde",
        association="pau",
        starts=NIGHT,
        ends=NIGHT + timedelta(hours=7),
        reason="médecin souffrant",
    )
    book = demo_document().model_copy(update={"closures": (closure,)})
    store.publish(engine, book, expected=0, author="pau", reason="nuit")
    assert closures_ending(engine, NIGHT + timedelta(minutes=5)) == ()
    (told,) = closures_ending(engine, closure.ends - timedelta(minutes=20))
    assert (told.kind, told.scope) == ("closure_ending", "pau")
    assert "médecin souffrant" in told.said
    assert told.next_step == NEXT_STEP["closure_ending"]
    assert closures_ending(engine, closure.ends + timedelta(minutes=1)) == ()


def test_without_a_book_there_is_nothing_to_remind_of(engine: Engine) -> None:
    assert closures_ending(engine, NIGHT) == ()
