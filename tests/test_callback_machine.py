"""The life of a call-back: one table, drawn as it is, and the same in SQL as on paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import create_engine, select

from routing.model import Need, Target
from tests.conftest import SECRET_KEYS
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import (
    BY_CAUSE,
    CLOSED,
    IN_ATTEMPT,
    TRANSITIONS,
    Booking,
    Cause,
    Conclusion,
    Disposition,
    State,
    advance,
)
from workers.callbacks.drawing import picture, table
from workers.callbacks.fence import Link
from workers.callbacks.pool import Route
from workers.callbacks.reservations import Reservation, Reservations
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import attempts, callbacks, metadata
from workers.callbacks.timing import Timing
from workers.callbacks.transitions import move
from workers.callbacks.vault import Vault

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = ["initiated", "ringing", "in-progress", "completed", "busy"]
DOC = Path(__file__).parents[1] / "docs" / "callbacks.md"


def test_the_document_draws_the_table_as_it_is() -> None:
    text = DOC.read_text()
    assert picture() in text
    assert table() in text


def test_every_cause_has_one_row_and_every_state_an_exit() -> None:
    assert len(BY_CAUSE) == len(TRANSITIONS) == len(Cause)
    left = {source for row in TRANSITIONS for source in row.sources}
    assert left >= set(State) - CLOSED
    assert left & CLOSED == {State.DONE}  # a doctor's late key: the visit


def test_from_everywhere_a_callback_can_still_end() -> None:
    ends = set(CLOSED)
    while more := {s for row in TRANSITIONS if row.target in ends for s in row.sources} - ends:
        ends |= more
    assert ends == set(State)


def test_no_cause_rings_a_patient_from_a_state_in_which_one_may_be_ringing() -> None:
    assert BY_CAUSE[Cause.ACCEPTED].sources == {State.DOCTOR_RINGING}
    assert BY_CAUSE[Cause.RESERVED].sources == {State.DUE, State.RETRY}


class _FrozenSql:
    """An in-memory database with SQLite's own clock."""

    def __init__(self) -> None:
        self.engine = create_engine("sqlite://")
        metadata.create_all(self.engine)
        self.vault = Vault.of((SECRET_KEYS,))
        self.store = Callbacks(self.engine, self.vault)


def test_sql_moves_exactly_as_the_table_says() -> None:
    sql = _FrozenSql()
    booked = sql.store.book(Booking("CA1", "+33639980001", Need.ADVICE, NOW, NOW))
    for state in State:
        for cause in Cause:
            with sql.engine.begin() as connection:
                connection.execute(callbacks.update().values(state=state.value))
                moved = move(connection, cause, booked.id, NOW)
                found = State(str(connection.scalar(select(callbacks.c.state))))
            assert (found if moved else None) == advance(state, cause)


class TwoPatientsOneDoctor(RuleBasedStateMachine):
    """Everything a carrier, a doctor, a patient and a dying worker may tell, in any order and repeated.

    The model is only this: which attempt holds a row, and how often each attempt made a patient ring.
    """

    def __init__(self) -> None:
        super().__init__()
        sql = _FrozenSql()
        self.sql, self.engine = sql, sql.engine
        again = (timedelta(0),) * 3
        self.attempts = Attempts(sql.engine, sql.vault, Timing(retries=again), lambda _: UTC)
        desks = tuple(Target(None, f"d{n}", f"+3319900000{n}", 20) for n in (1, 2))
        self.reservations = Reservations(
            sql.engine, sql.vault, lambda *_: Route((), desks), "+33199003624", timedelta(seconds=30)
        )
        self.made: list[Reservation] = []
        self.rung: dict[str, int] = {}
        for number in (1, 2):
            sql.store.book(Booking(f"CA{number}", f"+3363998000{number}", Need.ADVICE, NOW, NOW))

    def link(self, which: int) -> Link:
        attempt = self.made[which % len(self.made)].attempt
        return Link(attempt.callback_id, attempt.token)

    def sid(self, which: int, other: bool) -> str:
        return f"CA{'x' if other else ''}{which % len(self.made)}"

    @rule()
    def a_worker_reserves(self) -> None:
        taken = self.reservations.take()
        if taken:
            self.made.append(taken)

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9), other=st.booleans())
    def the_carrier_has_it(self, which: int, other: bool) -> None:
        self.attempts.placed(self.link(which), self.sid(which, other))

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9))
    def nobody_knows(self, which: int) -> None:
        self.attempts.uncertain(self.link(which))

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9))
    def it_is_not_in_the_list(self, which: int) -> None:
        self.attempts.not_found(self.link(which))

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9), word=st.sampled_from(WORDS))
    def a_status_comes(self, which: int, word: str) -> None:
        self.attempts.status(self.link(which), self.sid(which, other=False), word)

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9), other=st.booleans())
    def the_doctor_picks_up_and_accepts(self, which: int, other: bool) -> None:
        link, sid = self.link(which), self.sid(which, other)
        before = self.attempts.standing(link)
        if self.attempts.answered(link, sid) and self.attempts.accepted(link, sid):
            assert self.attempts.standing(link) is State.PATIENT_RINGING
            if before is not State.PATIENT_RINGING:  # else the carrier repeats a webhook
                self.rung[link.token] = self.rung.get(link.token, 0) + 1

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9))
    def the_patient_takes_it(self, which: int) -> None:
        self.attempts.connected(self.link(which))

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9), end=st.sampled_from(list(Disposition)))
    def the_patient_is_missed(self, which: int, end: Disposition) -> None:
        self.attempts.missed(self.link(which), end)

    @precondition(lambda self: self.made)
    @rule(which=st.integers(0, 9), conclusion=st.sampled_from(list(Conclusion)))
    def the_doctor_concludes(self, which: int, conclusion: Conclusion) -> None:
        self.attempts.concluded(self.link(which), conclusion)

    @rule(number=st.sampled_from([1, 2]))
    def the_patient_renounces(self, number: int) -> None:
        found = self.sql.store.open_for(f"+3363998000{number}")
        if found:
            self.sql.store.cancel(found.id)

    @invariant()
    def nobody_is_rung_twice_for_one_attempt(self) -> None:
        assert all(times == 1 for times in self.rung.values())

    @invariant()
    def a_row_in_an_attempt_is_held_by_a_live_one_and_no_other_row_is(self) -> None:
        with self.engine.begin() as connection:
            rows = connection.execute(select(callbacks)).all()
            live = set(connection.scalars(select(attempts.c.token).where(attempts.c.ended_at.is_(None))))
        for row in rows:
            assert (State(row.state) in IN_ATTEMPT) == (row.token in live)
        assert len(live) == sum(State(row.state) in IN_ATTEMPT for row in rows)

    @invariant()
    def no_number_has_two_open_callbacks(self) -> None:
        with self.engine.begin() as connection:
            open_rows = connection.execute(
                select(callbacks.c.number_index).where(callbacks.c.state.not_in(sorted(CLOSED)))
            ).all()
        assert len(open_rows) == len(set(open_rows))


TestTwoPatientsOneDoctor = TwoPatientsOneDoctor.TestCase
TestTwoPatientsOneDoctor.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
