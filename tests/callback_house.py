"""Call-backs with a carrier that answers what it is told to, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from redis import Redis
from sqlalchemy import Engine

from config.sealing import Sealer
from config.settings import Settings
from routing.model import Need, Target
from tests.conftest import SECRET_KEYS
from workers.callbacks.attempts import Attempts
from workers.callbacks.callback import Booking, State
from workers.callbacks.courier import Courier
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
from workers.callbacks.telephony import Leg, Placed, Reply
from workers.callbacks.telling import Telling
from workers.callbacks.timing import Timing
from workers.callbacks.vault import Vault
from workers.records.events import Event

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

    def __init__(
        self, engine: Engine, redis: Redis, settings: Settings, carrier: FakeCarrier | None = None
    ) -> None:
        vault = Vault.of((SECRET_KEYS,))
        timing = Timing(
            dialling=NOTHING,
            settle=NOTHING,
            placed=NOTHING,
            ringing=NOTHING,
            again=NOTHING,
            retries=(NOTHING,),
        )
        self.engine, self.carrier, self.store = engine, carrier or FakeCarrier(), Callbacks(engine, vault)
        self.attempts = Attempts(engine, vault, timing, noon)
        self.doctors, self.lapses = Doctors(engine, vault), Lapses(engine, vault, timing)
        self.links = Links(settings.public_url, settings.secret_keys)
        desks = (Target("toulouse", "d1", DESK, 20), Target(None, "d2", SECOND_DESK, 20))
        self.route = Route(("toulouse",), desks)
        self.reservations = Reservations(
            engine, vault, lambda *_: self.route, "+33199003624", timing.dialling
        )
        pace = Pace(redis, 1000)
        self.dialler = Dialler(self.reservations, self.attempts, self.carrier, self.links, pace)
        self.spool = Spool(settings.var_dir / "bookings", Sealer(settings.secret_keys, "booking spool"))
        self.told: list[Event] = []
        self.telling = Telling(engine, self.told.extend)
        self.courier, self.joined = self._courier(pace), Joined(settings.var_dir / "joined")
        self.sweeper = self._sweeper()

    def _courier(self, pace: Pace) -> Courier:
        return Courier(
            callbacks=self.store,
            attempts=self.attempts,
            notices=Notices(self.engine),
            carrier=self.carrier,
            links=self.links,
            pace=pace,
            routes=lambda *_: self.route,
            shown="+33199003624",
            zone_of=noon,
            now=lambda: NOW,
        )

    def _sweeper(self) -> Sweeper:
        return Sweeper(
            callbacks=self.store,
            attempts=self.attempts,
            lapses=self.lapses,
            courier=self.courier,
            doctors=self.doctors,
            spool=self.spool,
            joined=self.joined,
            telling=self.telling,
            carrier=self.carrier,
            bell=lambda _: None,
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
