"""What the lines are doing decides who rings: idle numbers, pacts and caps used up, callers waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from redis import Redis

from config import migrate, stores
from config.settings import Settings
from routing import store
from routing.demo import demo_document
from routing.document import Document, Overflow, Phone, Strategy
from routing.model import Load, Need
from tests.conftest import until
from tests.player import play_call
from tests.service import TUESDAY, Service, running, until_ruled
from voice.world import Surroundings
from workers.records.events import Event

TOULOUSE, SECOND, PAU, NATIONAL = "+33536491250", "+33536491299", "+33536491230", "+33199003600"


@contextmanager
def service_with(env: dict[str, str], **changes: Any) -> Iterator[Service]:
    """The voice service under the demonstration book, changed at Toulouse (association or desk)."""
    settings = Settings.from_env(env)
    migrate.upgrade(settings)
    book = demo_document()
    parts = {
        name: tuple(_changed(one, changes) for one in getattr(book, name))
        for name in ("associations", "regulators")
    }
    store.publish(stores.engine(settings), Document(**(dict(book) | parts)), 0, "test", "essai")
    with running(env) as service:
        until_ruled(service.app)
        yield service


def _changed(one: Any, changes: dict[str, Any]) -> Any:
    ours = getattr(one, "slug", getattr(one, "id", "")) == "toulouse"
    known = {name: value for name, value in changes.items() if name in type(one).model_fields}
    return one.model_copy(update=known) if ours else one


def ring(service: Service, number: int, bridged: str, **lines: str) -> str:
    """A visit in Toulouse, the n-th call, five minutes after the one before; returns why it went there."""
    service.clock.at, service.clock.seconds = TUESDAY + timedelta(minutes=5 * number), None
    told = {
        "from": f"+3363998{number:04d}",
        "lines": {f"+{phone}": state for phone, state in lines.items()},
        "steps": [{"press": "31500"}, {"press": "1"}],
        "ends": {"bridged": bridged},
    }
    player = play_call(told, service.account, service.clock, seed=number)
    return str(player.transcript.of("decision")[-1].data["decision"]["why"])  # type: ignore[index] # a decision was told


def known(service: Service, seen: Callable[[Load], object]) -> None:
    """Wait until the calls to come know it: three tenths of a second at most on a quiet machine."""
    surroundings: Surroundings = service.app.extensions["line"].surroundings
    until(lambda: bool(seen(surroundings.at(service.clock()).load)))


def test_the_number_that_has_been_idle_longest_rings_first(env: dict[str, str], redis_client: Redis) -> None:
    phones = (Phone(number=TOULOUSE, verified=True), Phone(number=SECOND, verified=True))
    with service_with(env, phones=phones, strategy=Strategy.LONGEST_IDLE) as service:
        busy = {TOULOUSE.removeprefix("+"): "busy"}
        ring(service, 1, SECOND, **busy)  # whoever came first, the second one has spoken
        known(service, lambda load: SECOND in load.idle)
        ring(service, 2, TOULOUSE)
        known(service, lambda load: TOULOUSE in load.idle)
        ring(service, 3, SECOND)
        known(service, lambda load: load.idle[SECOND] < load.idle[TOULOUSE])
        ring(service, 4, TOULOUSE)


def test_a_cap_of_the_day_sends_the_next_patient_elsewhere(env: dict[str, str], redis_client: Redis) -> None:
    with service_with(env, daily_caps={Need.VISIT: 1}) as service:
        assert "patients aujourd'hui" not in ring(service, 1, TOULOUSE)
        known(service, lambda load: load.today)
        assert "car déjà 1 patient aujourd'hui" in ring(service, 2, PAU)


def test_a_pact_used_up_this_hour_sends_the_next_caller_elsewhere(
    env: dict[str, str], redis_client: Redis
) -> None:
    pact = Overflow(association="pau", cap_per_hour=1, accepted=True)
    busy = {TOULOUSE.removeprefix("+"): "busy"}
    with service_with(env, overflow=(pact,)) as service:
        ring(service, 1, PAU, **busy)
        known(service, lambda load: load.overflowed)
        assert "débordement vers Pau écarté : déjà 1 appel dans l'heure" in ring(service, 2, NATIONAL, **busy)
        service.clock.at, service.clock.seconds = TUESDAY + timedelta(minutes=70), None
        known(service, lambda load: not load.overflowed)
        ring(service, 14, PAU, **busy)


def test_callers_waiting_send_the_next_one_to_the_neighbour(env: dict[str, str], redis_client: Redis) -> None:
    with service_with(env, waiting_limit=9, lines=50) as service:
        data = (("regulator", "toulouse"), ("association", "toulouse"), ("owner", "toulouse"))
        log = service.app.extensions["line"].log
        log.emit([Event(f"CA{n}:4:1", f"CA{n}", "ringing", TUESDAY, data) for n in range(9)])
        known(service, lambda load: load.waiting.get("toulouse") == 9)
        assert "débordement vers Pau car 9 appels en attente" in ring(service, 1, PAU)
        redis_client.flushdb()
        known(service, lambda load: not load.waiting)
        ring(service, 2, TOULOUSE)
