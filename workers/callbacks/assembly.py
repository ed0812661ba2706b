"""The parts of the call-backs put together for one process, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Self

from redis import Redis
from sqlalchemy import Engine

from config.patience import Breaker
from config.sealing import Sealer
from config.settings import Settings
from routing.book import LiveBook
from routing.decision import decide
from routing.model import Load, Located, PlaceSource
from routing.numbers import caller_id_problem
from workers.callbacks.attempts import Attempts, ZoneOf
from workers.callbacks.callback import Callback
from workers.callbacks.courier import Courier
from workers.callbacks.dialling import Dialler
from workers.callbacks.doctors import Doctors
from workers.callbacks.joined import Joined
from workers.callbacks.lapses import Lapses
from workers.callbacks.links import Links
from workers.callbacks.notices import Notices
from workers.callbacks.pace import Pace
from workers.callbacks.pool import Route
from workers.callbacks.reservations import Reservations, Routes
from workers.callbacks.spool import Spool
from workers.callbacks.store import Callbacks
from workers.callbacks.sweeper import Sweeper
from workers.callbacks.telephony import Carrier, TwilioCarrier
from workers.callbacks.telling import Telling
from workers.callbacks.timing import Timing
from workers.callbacks.vault import Vault
from workers.records.events import Event, EventLog
from workers.records.spool import Spool as Lines

PER_SECOND = 1.0  # what the carrier starts for an account by default


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a worker, the clock, the legs or the command line may need of the call-backs."""

    callbacks: Callbacks
    attempts: Attempts
    doctors: Doctors
    dialler: Dialler
    links: Links
    lapses: Lapses
    courier: Courier
    spool: Spool
    joined: Joined
    telling: Telling
    carrier: Carrier

    @classmethod
    def of(
        cls,
        settings: Settings,
        engine: Engine,
        redis: Redis,
        routes: Routes,
        zone_of: ZoneOf,
        *,
        timing: Timing | None = None,
        per_second: float = PER_SECOND,
    ) -> Self:
        """`redis` must be the impatient client: it only paces."""
        timing, pace, vault = timing or Timing(), Pace(redis, per_second), Vault.of(settings.secret_keys)
        attempts = Attempts(engine, vault, timing, zone_of)
        carrier = TwilioCarrier(settings, timing.carrier.total_seconds())
        links = Links(settings.public_url, settings.secret_keys)
        reservations = Reservations(engine, vault, routes, settings.caller_id, timing.dialling)
        callbacks = Callbacks(engine, vault)
        courier = partial(Courier, callbacks=callbacks, attempts=attempts, carrier=carrier, links=links)
        return cls(
            callbacks=callbacks,
            attempts=attempts,
            doctors=Doctors(engine, vault),
            dialler=Dialler(reservations, attempts, carrier, links, pace),
            links=links,
            lapses=Lapses(engine, vault, timing),
            courier=courier(
                notices=Notices(engine),
                pace=pace,
                routes=routes,
                shown=settings.caller_id,
                zone_of=zone_of,
                now=now,
            ),
            spool=Spool(settings.var_dir / "bookings", Sealer(settings.secret_keys, "booking spool")),
            joined=Joined(settings.var_dir / "joined"),
            telling=Telling(engine, _recorded(settings, redis)),
            carrier=carrier,
        )

    def sweeper(self, bell: Callable[[str], None]) -> Sweeper:
        """The clock's part; `bell` rings RQ."""
        return Sweeper(
            callbacks=self.callbacks,
            attempts=self.attempts,
            lapses=self.lapses,
            courier=self.courier,
            doctors=self.doctors,
            spool=self.spool,
            joined=self.joined,
            telling=self.telling,
            carrier=self.carrier,
            bell=bell,
        )


def _recorded(settings: Settings, redis: Redis) -> Callable[[Sequence[Event]], None]:
    """Events go where voice's go: a file of this process, emptied into Redis at once where it answers."""
    log = EventLog(redis, Breaker(), Lines(settings.var_dir / "events", "events"))

    def emit(events: Sequence[Event]) -> None:
        log.emit(events)
        log.drain()

    return emit


def now() -> datetime:
    """The process's clock, for words only: leases and due times are the database's."""
    return datetime.now(UTC)


def routes_of(book: LiveBook) -> Routes:
    """Who answers where, by the rule book in force at the moment of ringing."""

    def routes(callback: Callback, at: datetime) -> Route:
        place = Located(callback.commune, 1.0, PlaceSource.CHOSEN) if callback.commune else None
        rules = book.current
        targets = decide(rules, place, callback.need, at, Load()).targets
        slugs = [callback.association, *(target.association for target in targets)]
        order = tuple(dict.fromkeys(slug for slug in slugs if slug))
        own = rules.association(callback.association or "")
        shown = own.caller_id if own else None
        if shown and caller_id_problem(shown) is not None:
            shown = None  # a book older than the rule: the service's own number then
        return Route(order, targets, shown, rules.video_of(callback.association))

    return routes
