"""One attempt: reserved, one POST, what its answer means; who is rung; what a silent carrier leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from redis import Redis
from sqlalchemy import Engine, select, text

from config.sealing import Sealer
from config.settings import Settings
from routing.model import Need, Target
from tests.conftest import SECRET_KEYS, free_port
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import Booking, Conclusion, Disposition, State
from workers.callbacks.dialling import Dialler
from workers.callbacks.doctors import Doctors
from workers.callbacks.fence import Link
from workers.callbacks.joined import Joined
from workers.callbacks.lapses import Lapses
from workers.callbacks.links import LegUrls, Links
from workers.callbacks.notices import Notices
from workers.callbacks.pace import Pace
from workers.callbacks.pool import Route
from workers.callbacks.reservations import Reservations
from workers.callbacks.spool import Spool
from workers.callbacks.store import Callbacks
from workers.callbacks.sweeper import Sweeper
from workers.callbacks.tables import callbacks
from workers.callbacks.telephony import Leg, Placed, Refused, Reply, Throttled, TwilioCarrier, Unknown
from workers.callbacks.timing import Timing
from workers.callbacks.vault import Vault

NOW = datetime.now(UTC)
NOTHING = timedelta(0)
DESK, SECOND_DESK = "+33199000011", "+33199000012"
OWN, POOL = "+33261910001", "+33261910002"


def noon(insee: str | None) -> timezone:
    """Where it is about noon, so that retries are within hours whenever the test runs."""
    return timezone(timedelta(hours=12 - NOW.hour))


@dataclass
class FakeCarrier:
    """Answers what it is told to, and remembers whom it rang."""

    replies: list[Reply] = field(default_factory=list)
    listed: list[Leg] | None = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    urls: list[LegUrls] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    def place(self, to: str, shown: str, urls: LegUrls) -> Reply:
        self.rung.append(to)
        self.urls.append(urls)
        return self.replies.pop(0) if self.replies else Placed(f"CA{len(self.rung)}")

    def calls_to(self, to: str) -> Sequence[Leg] | None:
        return self.listed

    def leg(self, sid: str) -> Leg | None:
        status = self.states.get(sid)
        return Leg(sid, status, "", None) if status else None

    def hang_up(self, sid: str) -> None:
        self.hung.append(sid)

    def write_to(self, to: str, shown: str, body: str) -> Reply:
        self.written.append((to, body))
        return self.replies.pop(0) if self.replies else Placed("SM1")


class House:
    """The parts, with leases that are over at once."""

    def __init__(self, engine: Engine, redis: Redis, settings: Settings) -> None:
        vault = Vault.of((SECRET_KEYS,))
        timing = Timing(
            dialling=NOTHING,
            settle=NOTHING,
            placed=NOTHING,
            ringing=NOTHING,
            again=NOTHING,
            retries=(NOTHING,),
        )
        self.engine, self.carrier, self.store = engine, FakeCarrier(), Callbacks(engine, vault)
        self.attempts = Attempts(engine, vault, timing, noon)
        self.doctors, self.lapses = Doctors(engine, vault), Lapses(engine, vault, timing)
        self.links = Links(settings.public_url, settings.secret_keys)
        desks = (Target("toulouse", "d1", DESK, 20), Target(None, "d2", SECOND_DESK, 20))
        reservations = Reservations(
            engine, vault, lambda *_: Route(("toulouse",), desks), "+33199003624", timing.dialling
        )
        pace = Pace(redis, 1000)
        self.dialler = Dialler(reservations, self.attempts, self.carrier, self.links, pace)
        self.sweeper = Sweeper(
            callbacks=self.store,
            attempts=self.attempts,
            lapses=self.lapses,
            notices=Notices(engine),
            doctors=self.doctors,
            spool=Spool(settings.var_dir / "bookings", Sealer(settings.secret_keys, "booking spool")),
            joined=Joined(settings.var_dir / "joined"),
            carrier=self.carrier,
            bell=lambda _: None,
            shown="+33199003624",
            zone_of=noon,
            now=lambda: NOW,
        )

    def book(self, number: int = 1, need: Need = Need.TELECONSULTATION) -> str:
        patient = f"+3363998{number:04}"
        return self.store.book(Booking(f"CAb{number}", patient, need, NOW, NOW, "31555", "toulouse")).id

    def state(self, callback_id: str) -> State:
        found = self.store.get(callback_id)
        assert found is not None
        return found.state

    def duty(self, number: str, association: str | None) -> str:
        doctor = self.doctors.register("Dr", number, "3624", association)
        self.doctors.begin_duty(doctor)
        return doctor

    def link(self, which: int = -1) -> Link:
        link = self.links.read(self.carrier.urls[which].status.partition("a=")[2])
        assert link is not None
        return link


@pytest.fixture
def house(engine: Engine, redis_client: Redis, settings: Settings) -> House:
    return House(engine, redis_client, settings)


def test_without_a_doctor_the_desk_of_the_rules_is_rung(house: House) -> None:
    callback_id = house.book()
    assert house.dialler.place_next()
    assert house.carrier.rung == [DESK]
    assert house.state(callback_id) is State.PLACED
    assert not house.dialler.place_next()  # nothing else is due


def test_the_associations_own_doctor_comes_first_then_the_pool_then_the_desks(house: House) -> None:
    house.duty(POOL, None)
    house.duty(OWN, "toulouse")
    house.duty("+33261910003", "lille")  # not theirs to answer
    house.book()
    for _ in range(4):
        assert house.dialler.place_next()
        house.attempts.passed(house.link(), Disposition.NO_ANSWER)
    assert house.carrier.rung == [OWN, POOL, DESK, SECOND_DESK]
    assert not house.dialler.place_next()  # all have just passed: not again at once


def test_a_busy_doctor_is_waited_for_and_never_rung_for_two(house: House) -> None:
    house.duty(OWN, "toulouse")
    house.book(1), house.book(2)
    assert house.dialler.place_next()
    assert not house.dialler.place_next()
    assert house.carrier.rung == [OWN]


def test_a_visit_goes_to_the_desks_and_not_to_a_doctor_far_away(house: House) -> None:
    house.duty(OWN, "toulouse")
    house.book(need=Need.VISIT)
    assert house.dialler.place_next()
    assert house.carrier.rung == [DESK]


@pytest.mark.parametrize("reply", [Throttled(NOTHING), Refused(21211)])
def test_what_certainly_did_not_happen_is_due_again(house: House, reply: Reply) -> None:
    callback_id = house.book()
    house.carrier.replies = [reply]
    house.dialler.place_next()
    assert house.state(callback_id) is State.DUE


def test_a_throttled_call_is_not_counted_as_a_telephone_that_passed(house: House) -> None:
    house.book()
    house.carrier.replies = [Throttled(timedelta(seconds=-2))]
    house.dialler.place_next()
    house.dialler.place_next()
    assert house.carrier.rung == [DESK, DESK]


def test_an_unknown_call_is_found_in_the_carriers_list_and_not_placed_again(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    assert house.state(callback_id) is State.UNKNOWN
    assert not house.dialler.place_next()
    house.carrier.listed = None  # the list is silent too: wait
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.UNKNOWN
    house.carrier.listed = [
        Leg("CA7", "ringing", "+33199003624", NOW),
        Leg("CAx", "ringing", "+33199009999", NOW),
    ]
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.PLACED
    assert len(house.carrier.rung) == 1
    assert house.attempts.answered(house.link(), "CA7") is not None


def test_an_unknown_call_that_is_in_no_list_is_placed_again_and_the_late_one_is_hung_up(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.DUE
    house.dialler.place_next()
    assert house.attempts.answered(house.link(0), "CAlate") is None  # before anyone hears a word
    assert house.attempts.answered(house.link(1), "CA2") is not None


def test_a_number_with_an_unresolved_call_is_not_rung_for_somebody_else(house: House) -> None:
    house.book(1), house.book(2)
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    house.dialler.place_next()
    assert house.carrier.rung == [DESK, SECOND_DESK]


def test_a_worker_that_died_after_reserving_leaves_an_unknown_row_never_a_due_one(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [_Death()]
    with pytest.raises(KeyboardInterrupt):
        house.dialler.place_next()
    assert house.state(callback_id) is State.DIALLING
    assert house.lapses.to_unknown() == 1
    assert house.state(callback_id) is State.UNKNOWN


class _Death(Unknown):
    """A reply that kills whoever reads it."""

    def __init__(self) -> None:
        super().__init__("")

    @property
    def __class__(self) -> type:  # type: ignore[override]  # reading it in `match` is the moment of death
        raise KeyboardInterrupt


def test_the_first_call_binds_the_attempt_and_a_second_one_is_refused(house: House) -> None:
    house.book()
    house.dialler.place_next()
    link = house.link()
    assert house.attempts.answered(link, "CA1") is not None
    assert house.attempts.answered(link, "CA2") is None
    assert house.attempts.accepted(link, "CA2") is None
    assert house.attempts.accepted(link, "CA1") is not None


def test_a_webhook_may_outrun_the_reply_to_our_own_post(house: House) -> None:
    callback_id = house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.dialler.place_next()
    assert house.attempts.answered(house.link(), "CA1") is not None
    assert house.state(callback_id) is State.DOCTOR_RINGING
    assert house.attempts.placed(house.link(), "CA1")  # the list, later
    assert house.state(callback_id) is State.DOCTOR_RINGING


def test_late_and_repeated_status_events_change_nothing(house: House) -> None:
    callback_id = house.book()
    house.dialler.place_next()
    link = house.link()
    for word in ("in-progress", "initiated", "ringing", "in-progress"):
        house.attempts.status(link, "CA1", word)
    house.attempts.accepted(link, "CA1")
    house.attempts.status(link, "CAforeign", "completed")
    assert house.state(callback_id) is State.PATIENT_RINGING
    house.attempts.connected(link)
    house.attempts.status(link, "CA1", "completed")
    assert house.state(callback_id) is State.DONE
    house.attempts.status(link, "CA1", "busy")
    assert house.state(callback_id) is State.DONE


def test_a_leg_without_news_is_asked_about(house: House) -> None:
    callback_id = house.book()
    house.dialler.place_next()
    house.sweeper.ask_the_carrier()  # it does not say
    assert house.state(callback_id) is State.PLACED
    house.carrier.states["CA1"] = "no-answer"
    house.sweeper.ask_the_carrier()
    assert house.state(callback_id) is State.DUE


def test_a_patient_cancelling_while_the_doctor_rings_frees_the_doctor_and_hangs_up(house: House) -> None:
    house.duty(OWN, "toulouse")
    callback_id = house.book(1)
    house.dialler.place_next()
    house.attempts.answered(house.link(), "CA1")
    assert house.store.cancel(callback_id)
    assert house.attempts.accepted(house.link(), "CA1") is None
    house.book(2)
    assert house.dialler.place_next()
    assert house.carrier.rung == [OWN, OWN]


def test_missed_patients_are_written_to_and_end_with_a_person(house: House) -> None:
    callback_id = house.book()
    house.sweeper.send_notices()
    for expected in (State.RETRY, State.HUMAN):
        house.dialler.place_next()
        link, sid = house.link(), f"CA{len(house.carrier.rung)}"
        house.attempts.answered(link, sid)
        house.attempts.accepted(link, sid)
        house.attempts.missed(link, Disposition.MACHINE)
        assert house.state(callback_id) is expected
    house.sweeper.send_notices()
    house.sweeper.send_notices()
    assert len(house.carrier.written) == 3  # booked, missed, to a person: each once
    assert {to for to, _ in house.carrier.written} == {"+33639980001"}


def test_an_sms_that_may_have_left_is_not_sent_twice(house: House) -> None:
    house.book()
    house.carrier.replies = [Unknown("ReadTimeout")]
    house.sweeper.send_notices()
    house.sweeper.send_notices()
    assert len(house.carrier.written) == 1


def test_who_will_be_rung_late_is_told_before(house: House) -> None:
    callback_id = house.book()
    house.sweeper.send_notices()
    soon = callbacks.update().values(promised_by=datetime.now(UTC) + timedelta(minutes=5))
    with house.engine.begin() as connection:
        connection.execute(soon)
    house.lapses.warn_of_delay()
    house.lapses.warn_of_delay()
    house.sweeper.send_notices()
    assert len(house.carrier.written) == 2
    assert "retard" in house.carrier.written[1][1]
    assert house.state(callback_id) is State.DUE


@pytest.mark.parametrize("change", ["rings = 40", "due_at = :long_ago"])
def test_a_row_that_never_succeeds_goes_to_a_person(house: House, change: str) -> None:
    callback_id = house.book()
    long_ago = (datetime.now(UTC) - timedelta(hours=4)).replace(tzinfo=None)
    with house.engine.begin() as connection:
        connection.execute(
            text(f"UPDATE callbacks SET {change}"), {"long_ago": long_ago} if ":" in change else {}
        )
    house.lapses.hand_to_people()
    assert house.state(callback_id) is State.HUMAN


def test_a_row_written_by_a_clock_that_was_ahead_does_not_sleep(house: House) -> None:
    house.book()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    with house.engine.begin() as connection:
        connection.execute(callbacks.update().values(due_at=ahead, changed_at=ahead))
    assert not house.dialler.place_next()
    assert house.lapses.undo_clock_jump() == 1
    assert house.dialler.place_next()


def test_a_visit_a_doctor_asks_for_goes_back_to_the_desks_first_in_the_queue(house: House) -> None:
    house.duty(OWN, "toulouse")
    urgent = house.book(1)
    house.dialler.place_next()
    link = house.link()
    house.attempts.answered(link, "CA1")
    house.attempts.accepted(link, "CA1")
    house.attempts.connected(link)
    other = house.book(2)

    house.attempts.concluded(link, Conclusion.VISIT)
    found = house.store.get(urgent)
    assert found is not None
    assert (found.state, found.need, found.urgent) == (State.DUE, Need.VISIT, True)
    assert [one.id for one in house.store.listed({State.DUE})] == [urgent, other]
    house.dialler.place_next()
    assert house.carrier.rung[-1] == DESK


def test_eight_workers_at_once_reserve_each_row_once(house: House) -> None:
    for number in range(12):
        house.duty(f"+3326191{number + 100:04}", "toulouse")
        house.book(number)
    threads = [Thread(target=lambda: [house.dialler.place_next() for _ in range(4)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while house.dialler.place_next():
        pass
    assert len(house.carrier.rung) == len(set(house.carrier.rung)) == 12
    with house.engine.begin() as connection:
        assert set(connection.scalars(select(callbacks.c.rings))) == {1}


# --- the real client, against answers a carrier gives


class _Answers(BaseHTTPRequestHandler):
    """Each POST is answered as the class says."""

    status, body = 201, b'{"sid": "CA1"}'

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def client(env: dict[str, str]) -> Iterator[TwilioCarrier]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield TwilioCarrier(Settings.from_env(env | {"TWILIO_API_URL": url}), 1.0)
    server.shutdown()
    server.server_close()
    thread.join()


URLS = LegUrls("http://127.0.0.1/a", "http://127.0.0.1/s", "http://127.0.0.1/f")


@pytest.mark.parametrize(
    ("status", "body", "meant"),
    [
        (201, b'{"sid": "CA1"}', Placed),
        (201, b"<html>", Unknown),
        (201, b"{}", Unknown),
        (429, b'{"code": 20429, "message": "", "status": 429}', Throttled),
        (400, b'{"code": 21211, "message": "", "status": 400}', Refused),
        (401, b'{"code": 20003, "message": "", "status": 401}', Throttled),
        (400, b'{"code": 21210, "message": "", "status": 400}', Throttled),
        (500, b'{"code": 20500, "message": "", "status": 500}', Unknown),
        (503, b"", Unknown),
    ],
)
def test_each_answer_of_the_carrier_means_one_thing(
    client: TwilioCarrier, status: int, body: bytes, meant: type
) -> None:
    _Answers.status, _Answers.body = status, body
    assert type(client.place(DESK, "+33199003624", URLS)) is meant


def test_a_connection_never_opened_is_safe_to_repeat(env: dict[str, str]) -> None:
    away = TwilioCarrier(Settings.from_env(env | {"TWILIO_API_URL": f"http://127.0.0.1:{free_port()}"}), 1.0)
    assert isinstance(away.place(DESK, "+33199003624", URLS), Throttled)
    assert away.calls_to(DESK) is None
    assert away.leg("CA1") is None


def test_turns_are_one_after_the_other_whoever_takes_them(redis_client: Redis) -> None:
    slept: list[float] = []
    paces = [Pace(redis_client, 1.0, slept.append) for _ in range(3)]
    assert [pace.wait() for pace in paces for _ in range(2)] == [True] * 6
    assert [round(wait) for wait in slept] == [0, 1, 2, 3, 4, 5]
    assert not paces[0].wait()  # too far away: the sweeper rings again


def test_without_redis_each_process_keeps_its_own_pace() -> None:
    slept: list[float] = []
    with Redis(port=free_port(), socket_timeout=0.2) as away:
        pace = Pace(away, 2.0, slept.append)
        assert pace.wait()
        assert pace.wait()
    assert 0.3 < slept[1] <= 0.5
