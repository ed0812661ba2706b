"""A process killed at each named point, a call-back in each state: nothing lost, nobody rung twice."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from config import migrate, stores
from config.settings import Settings
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, free_port
from tests.faults.crashes import PROMISE, Crash, booking
from workers.callbacks.callback import Conclusion, Disposition, State
from workers.callbacks.failpoints import NAMES

# What is under way when the process dies, and where the call-back stands for which it is.
DOING: dict[str, tuple[State, Callable[[Crash, str], object]]] = {
    "reserved": (State.DUE, lambda one, _: one.house.dialler.place_next()),
    "posted": (State.DUE, lambda one, _: one.house.dialler.place_next()),
    "placed_committed": (State.DUE, lambda one, _: one.house.dialler.place_next()),
    "uncertain_committed": (State.DUE, lambda one, _: one.house.dialler.place_next()),
    "status_between": (
        State.PLACED,
        lambda one, who: one.house.attempts.status(one.link(who), one.sid(who), "completed"),
    ),
    "accepted_committed": (
        State.DOCTOR_RINGING,
        lambda one, who: one.house.attempts.accepted(one.link(who), one.sid(who)),
    ),
    "connected_committed": (
        State.PATIENT_RINGING,
        lambda one, who: one.house.attempts.connected(one.link(who)),
    ),
    "missed_committed": (
        State.PATIENT_RINGING,
        lambda one, who: one.house.attempts.missed(one.link(who), Disposition.NO_ANSWER),
    ),
    "concluded_committed": (
        State.BRIDGED,
        lambda one, who: one.house.attempts.concluded(one.link(who), Conclusion.DONE),
    ),
    "booked_committed": (State.DUE, lambda one, _: one.house.store.book(booking(3))),
    "listed": (State.UNKNOWN, lambda one, _: one.house.sweeper.ask_the_carrier()),
    "notice_taken": (State.DUE, lambda one, _: one.house.courier.send_notices()),
    "records_told": (State.DONE, lambda one, _: one.house.telling.tell_the_records()),
    "spool_merged": (State.DUE, lambda one, _: one.house.sweeper.merge_spool()),
}
STAYS = {State.DONE, State.CANCELLED, State.EXPIRED, State.HUMAN}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings whose Redis is away, and a schema to copy."""
    folder = tmp_path_factory.mktemp("crashes")
    made = Settings.from_env(
        {
            "VAR_DIR": str(folder),
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "SECRET_KEYS": SECRET_KEYS,
        }
    )
    migrate.upgrade(made)
    return made


@pytest.fixture
def one(home: Settings, tmp_path: Path) -> Iterator[Crash]:
    shutil.copy(home.var_dir / "3624.sqlite3", tmp_path)
    here = home.model_copy(
        update={"var_dir": tmp_path, "database_url": f"sqlite:///{tmp_path / '3624.sqlite3'}"}
    )
    engine: Engine = stores.engine(here)
    redis: Redis = stores.voice_redis(here)
    yield Crash(engine, redis, here)
    engine.dispose()


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", NAMES)
def test_a_death_loses_and_doubles_nothing(one: Crash, name: str, state: State) -> None:
    needs, doing = DOING[name]
    if needs is State.DUE:
        mine, other = one.lead(booking(1), state), one.lead(booking(2), needs)
    else:  # a worker takes what waits longest: the one that is to be reserved is booked first
        other, mine = one.lead(booking(2), needs), one.lead(booking(1), state)
    rung = one.rung()
    for kept in (1, 4):
        one.house.spool.keep(booking(kept), PROMISE)
    one.carrier.answers = name != "uncertain_committed"

    one.die_at(name, lambda: [doing(one, who) for who in (mine, other)])
    one.recover()

    expected = state if state in STAYS else State.DONE
    assert one.house.state(mine) is expected
    assert {found.id for found in one.house.store.listed(set(State) - {State.DONE})} == (
        set() if expected is State.DONE else {mine}
    )
    assert max(one.rung().values()) == 1, "an attempt rang its patient twice"
    if state in STAYS:
        assert all(one.rung()[token] == times for token, times in rung.items())
    assert max(Counter((text["to"], text["body"]) for text in one.carrier.texts()).values()) == 1


def test_every_failpoint_in_the_code_is_named_and_died_at(request: pytest.FixtureRequest) -> None:
    root = request.config.rootpath
    code = "".join(path.read_text() for path in (root / "workers" / "callbacks").glob("*.py"))
    assert all(f'failpoint("{name}")' in code for name in NAMES)
    assert code.count('failpoint("') == len(NAMES) == len(DOING)
