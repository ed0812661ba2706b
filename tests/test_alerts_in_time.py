"""Every kind of trouble, from its first sign to an e-mail, an SMS and a signed webhook: under a minute.

The ledger's own duties at their own pace, a moved clock; a real SMTP server, carrier and webhook receiver.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, TCPServer, ThreadingTCPServer
from urllib.parse import parse_qs

import pytest
from redis import Redis
from sqlalchemy import Engine, insert

from config import migrate, stores
from config.settings import Settings
from routing.model import Need
from tests.conftest import free_port
from tests.record_calls import Told
from workers.callbacks.callback import Booking, Promise
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault
from workers.records import paris
from workers.records.conditions import NEXT_STEP
from workers.records.events import STREAM
from workers.records.heralds import Route, Routes, signature
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.tables import forecasts
from workers.records.watch import duties

MINUTE = 60.0
SECRET = "a webhook's own key"
TELEPHONE = "+33639980009"


@dataclass
class Post:
    """What arrived: mails, SMS, and the webhook's (signature, body)."""

    mails: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    hooks: list[tuple[str, bytes]] = field(default_factory=list)

    def count(self) -> tuple[int, int, int]:
        return len(self.mails), len(self.texts), len(self.hooks)


@dataclass
class House:
    """A service with its watch, and the moment it is."""

    settings: Settings
    engine: Engine
    redis: Redis
    intake: Intake
    post: Post
    began: datetime
    undo: list[Callable[[], object]] = field(default_factory=list)

    def tell(self, *calls: Told) -> None:
        for call in calls:
            for event in call.events:
                self.redis.xadd(STREAM, {"e": event.text()})

    def expect(self, hourly: int) -> None:
        hours = {paris.placed(self.began + timedelta(hours=n))[:2] for n in (-2, -1, 0, 1)}
        rows = [
            {"association": "", "day": day, "hour": minute // 60, "made_at": self.began}
            | {"expected": hourly * 100, "low": hourly * 75, "high": hourly * 125}
            for day, minute in hours
        ]
        with self.engine.begin() as connection:
            connection.execute(insert(forecasts).values(rows))

    def calls(self, count: int, before: float) -> list[Told]:
        """So many that began `before` seconds ago, and were decided."""
        began = self.began - timedelta(seconds=before)
        return [Told(f"CA{n}", began + timedelta(milliseconds=n)).decided(5) for n in range(count)]


def too_few_calls(house: House) -> None:
    house.expect(200)


def too_many_calls(house: House) -> None:
    house.expect(20)
    house.tell(*house.calls(60, 20))


def nobody_answers_in_time(house: House) -> None:
    house.tell(*(call.ringing() for call in house.calls(8, 90)))


def a_desk_is_mute_while_another_helps(house: House) -> None:
    for call in house.calls(6, 60):
        call.ringing().say("unanswered", 25, regulator="d-toulouse", disposition="no_answer")
        house.tell(call.ringing("d-pau", "pau").say("taken", 9, regulator="d-pau"))  # and they talk on


def a_webhook_failed(house: House) -> None:
    house.tell(house.calls(1, 20)[0].say("rescued").ringing().say("taken", 3, regulator="d-toulouse"))


def a_promise_is_broken(house: House) -> None:
    store = Callbacks(house.engine, Vault.of(house.settings.secret_keys))
    asked = house.began - timedelta(minutes=30)
    booking = Booking("CAlate", "+33199001234", Need.VISIT, asked, asked, association="pau")
    store.book(booking, Promise(house.began, measured=True))


def events_stay_on_disk(house: House) -> None:
    Spool(house.settings.var_dir / "events", "events").append([house.calls(1, 0)[0].events[0].text()])


def sql_is_stuck(house: House) -> None:
    """Somebody holds the one writer and does not let go."""
    holder = house.engine.connect()
    holder.begin()
    house.undo.append(holder.close)


TROUBLE: dict[str, Callable[[House], None]] = {
    "calls_low": too_few_calls,
    "calls_high": too_many_calls,
    "qs60_low": nobody_answers_in_time,
    "desk_silent": a_desk_is_mute_while_another_helps,
    "fallback_used": a_webhook_failed,
    "callbacks_late": a_promise_is_broken,
    "spool_stuck": events_stay_on_disk,
    "sql_down": sql_is_stuck,
}


@pytest.fixture
def house(env: dict[str, str], redis_client: Redis) -> Iterator[House]:
    with delivered() as (post, addresses):
        settings = Settings.from_env(env | addresses)
        migrate.upgrade(settings)
        engine = stores.engine(settings, patience_ms=60)
        keys = MonthKeys(settings.secret_keys)
        intake = Intake(redis_client, Ledger(engine, keys), Spool(settings.var_dir / "events", "events"))
        made = House(settings, engine, redis_client, intake, post, datetime.now(UTC))
        routes = Routes(settings.secret_keys)
        with engine.begin() as connection:
            for route in (
                Route("email", "federation@example.org"),
                Route("sms", TELEPHONE),
                Route("webhook", addresses["TWILIO_API_URL"] + "/hook", secret=SECRET),
            ):
                routes.add(connection, route)
        yield made
        for undo in made.undo:
            undo()
        engine.dispose()


@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_is_told_three_ways_within_a_minute_and_once(house: House, kind: str) -> None:
    work, pace = next((work, pace) for name, work, pace in watch(house) if name == "alerts")
    work(house.began - timedelta(minutes=30))  # all is well, and the routes are known
    quiet = house.post.count()
    TROUBLE[kind](house)
    clock, step = pace, NEXT_STEP[kind]
    while clock <= MINUTE and step not in " ".join(house.post.texts):
        if kind != "sql_down":
            house.intake.take(10)
        work(house.began + timedelta(seconds=clock))
        clock += pace
    assert step in " ".join(house.post.texts), f"no SMS of {kind} within a minute"
    assert step in house.post.mails[-1]
    signed, body = house.post.hooks[-1]
    stamp, given = (part.split("=")[1] for part in signed.split(","))
    assert given == signature(SECRET, stamp, body)
    assert kind in {alert["kind"] for alert in json.loads(body)["alerts"]}
    told = house.post.count()
    assert [after - before for after, before in zip(told, quiet, strict=True)] == [1, 1, 1], "grouped"
    work(house.began + timedelta(seconds=clock))
    assert house.post.count() == told, "told once"


def test_redis_gone_is_told_within_a_minute(env: dict[str, str], house: House) -> None:
    elsewhere = {
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "TWILIO_API_URL": house.settings.carrier_url,
        "SMTP_URL": house.settings.smtp_url or "",
    }
    settings = Settings.from_env(env | elsewhere)
    intake = Intake(
        stores.voice_redis(settings),
        Ledger(house.engine, MonthKeys(settings.secret_keys)),
        Spool(settings.var_dir / "events", "events"),
    )
    work = next(work for name, work, _ in duties(settings, house.engine, intake) if name == "alerts")
    work(house.began)
    assert NEXT_STEP["redis_down"] in house.post.texts[0]
    assert house.post.count() == (1, 1, 1)


def watch(house: House) -> tuple[tuple[str, Callable[[datetime], object], float], ...]:
    return duties(house.settings, house.engine, house.intake)


@contextmanager
def delivered() -> Iterator[tuple[Post, dict[str, str]]]:
    """A mail server, and one web server that is the carrier's API and the receiver of webhooks."""
    post = Post()

    class Smtp(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    raw = b"".join(iter(self.rfile.readline, b".\r\n"))
                    post.mails.append(message_from_bytes(raw).get_payload(decode=True).decode())  # type: ignore[union-attr] # one part
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/hook":
                post.hooks.append((self.headers["X-3624-Signature"], body))
            else:
                post.texts.append(parse_qs(body.decode())["Body"][0])
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"sid": "SM1"}')

        def log_message(self, *_: object) -> None:
            return

    with (
        running(ThreadingTCPServer(("127.0.0.1", 0), Smtp)) as mail,
        running(ThreadingHTTPServer(("127.0.0.1", 0), Web)) as web,
    ):
        yield post, {"SMTP_URL": f"smtp://{at(mail)}", "TWILIO_API_URL": f"http://{at(web)}"}


def at(server: TCPServer) -> str:
    host, port = server.server_address[:2]
    return f"{host!s}:{port}"


@contextmanager
def running(server: TCPServer) -> Iterator[TCPServer]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
