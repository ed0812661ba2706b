"""Somebody is told within one round of what is wrong: once, grouped, with the next step, until it is over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import ClassVar

import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, insert, select

from config.settings import Settings
from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told
from tests.test_live import CALLER, ListCarrier
from workers.callbacks.telephony import Placed, Reply
from workers.records import conditions
from workers.records.alerts import Alerts, acknowledged, open_alerts
from workers.records.conditions import NEXT_STEP, Condition, poisson_at_most
from workers.records.heralds import Herald, Notice, Route, Routes, signature
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.tables import alerts, forecasts

FIVE = NOON + timedelta(minutes=5)


class Sent:
    """What was sent, to whom."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[str]]] = []

    def __call__(self, route: Route, notices: Sequence[Notice]) -> bool:
        self.messages.append((route.target, [notice.line for notice in notices]))
        return True


def watch(engine: Engine, *outside: Condition) -> tuple[Alerts, Sent]:
    routes, sent = Routes((SECRET_KEYS,)), Sent()
    with engine.begin() as connection:
        routes.add(connection, Route("email", "federation@example.org"))
        routes.add(connection, Route("email", "pau@example.org", association="pau"))
    return Alerts(engine, routes, sent, lambda _: list(outside)), sent


def count(engine: Engine, *calls: Told) -> None:
    lines = [event.text() for call in calls for event in call.events]
    Ledger(engine, MonthKeys((SECRET_KEYS,))).take(lines, NOON + timedelta(hours=1))


def slow_calls(association: str = "toulouse") -> list[Told]:
    return [
        Told(f"CA{n}", NOON + timedelta(seconds=n)).decided(association=association).ringing().taken(90, 60)
        for n in range(8)
    ]


def kinds(engine: Engine, at: datetime = FIVE) -> set[tuple[str, str]]:
    with engine.begin() as connection:
        found = conditions.in_sql(connection, at, conditions.Thresholds())
    return {(one.kind, one.scope) for one in found}


def test_slow_answers_are_seen_for_the_service_and_the_association(engine: Engine) -> None:
    count(engine, *slow_calls())
    assert kinds(engine) == {("qs60_low", ""), ("qs60_low", "toulouse")}


def test_all_well_wakes_nobody(engine: Engine) -> None:
    count(engine, *(Told(f"CA{n}").decided().ringing().taken(9, 60).over() for n in range(9)))
    assert kinds(engine) == set()


def test_a_desk_that_never_answers_is_named(engine: Engine) -> None:
    for n in range(5):
        told = Told(f"CA{n}", NOON + timedelta(seconds=n)).decided().ringing("d-mute")
        told.say("unanswered", 25, regulator="d-mute", disposition="no_answer").ringing("d-pau", "pau")
        count(engine, told.taken(9, 30, "d-pau").over())
    assert kinds(engine) == {("desk_silent", "d-mute")}


def test_a_used_fallback_is_told(engine: Engine) -> None:
    count(engine, Told("CA1").say("rescued").decided().ringing().taken().over())
    assert kinds(engine) == {("fallback_used", "")}


def test_silence_where_calls_are_expected_is_an_outage(engine: Engine) -> None:
    expect(engine, service=200)
    assert kinds(engine) == {("calls_low", "")}
    count(engine, *(Told(f"CA{n}", NOON + timedelta(seconds=n)) for n in range(50)))
    assert kinds(engine) == set()
    count(engine, *(Told(f"CB{n}", NOON + timedelta(seconds=n)) for n in range(90)))
    assert kinds(engine) == {("calls_high", "")}


def expect(engine: Engine, **hourly: int) -> None:
    """So many calls an hour expected around noon, the band a quarter either side; "service" is all."""
    rows = [
        {"association": "" if name == "service" else name, "day": 20261117, "hour": hour, "made_at": NOON}
        | {"expected": calls * 100, "low": calls * 75, "high": calls * 125}
        for name, calls in hourly.items()
        for hour in (11, 12)
    ]
    with engine.begin() as connection:
        connection.execute(insert(forecasts).values(rows))


def test_an_association_out_of_its_band_is_named(engine: Engine) -> None:
    expect(engine, service=60, toulouse=40, pau=16, brest=1)
    calls = [
        Told(f"CA{n}", FIVE - timedelta(minutes=55 * n / 60))
        .decided(association="toulouse")
        .ringing()
        .taken(5)
        for n in range(60)
    ]
    count(engine, *calls)
    # Pau's silence of an hour tells what its quarter could not; Brest's tells nothing, so few call there.
    assert kinds(engine) == {("calls_low", "pau")}
    crowd = [Told(f"CB{n}", NOON).decided(association="pau").ringing().taken(5) for n in range(50)]
    count(engine, *crowd)
    assert kinds(engine) == {("calls_high", "pau"), ("calls_high", "")}


def test_an_alert_is_told_once_grouped_repeated_until_acknowledged_and_closed(engine: Engine) -> None:
    watchman, sent = watch(engine, Condition("redis_down", "", "Redis ne répond pas."))
    count(engine, *slow_calls("pau"))
    watchman.round(FIVE)
    by_target = dict(sent.messages)
    assert len(sent.messages) == 2
    assert len(by_target["federation@example.org"]) == len(by_target["pau@example.org"]) == 3
    assert all(any(step in line for step in NEXT_STEP.values()) for line in by_target["pau@example.org"])
    sent.messages.clear()
    watchman.round(FIVE + timedelta(seconds=15))
    assert sent.messages == []
    with engine.begin() as connection:
        mine = [alert.id for alert in open_alerts(connection) if alert.kind == "redis_down"]
    assert [acknowledged(engine, mine[0], by, FIVE) for by in ("Ada", "Alan")] == [True, False]
    watchman.round(FIVE + timedelta(minutes=31))
    told = " ".join(line for _, lines in sent.messages for line in lines)
    assert "Redis" not in told
    assert "Fin d'alerte" in told  # the slow calls are ten minutes old
    with engine.begin() as connection:
        closed = connection.execute(select(alerts.c.kind).where(alerts.c.closed_at.is_not(None))).all()
    assert {row.kind for row in closed} == {"qs60_low"}


def test_an_association_does_not_hear_of_another(engine: Engine) -> None:
    watchman, sent = watch(engine, Condition("callbacks_late", "toulouse", "2 rappels en retard."))
    watchman.round(FIVE)
    assert [target for target, _ in sent.messages] == ["federation@example.org"]


def test_a_database_that_is_down_is_told_from_memory(engine: Engine, tmp_path: Path) -> None:
    watchman, sent = watch(engine)
    watchman.round(FIVE)
    watchman._engine = create_engine(f"sqlite:///{tmp_path}/nowhere/at/all.sqlite3")
    assert watchman.round(FIVE + timedelta(seconds=15)) == 1
    assert watchman.round(FIVE + timedelta(seconds=30)) == 0
    assert "La base ne répond pas" in sent.messages[0][1][0]


def test_redis_away_and_a_stuck_spool_are_seen_without_sql(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "events", "events")
    spool.append(["line"])
    gone = Redis(port=1, socket_connect_timeout=0.1)
    found = conditions.outside(gone, lambda: 0, spool, time.time() + 90)
    assert [one.kind for one in found] == ["redis_down", "spool_stuck"]


def test_a_backlog_is_seen(redis_client: Redis, tmp_path: Path) -> None:
    found = conditions.outside(redis_client, lambda: 9999, Spool(tmp_path / "e", "e"), time.time())
    assert [one.kind for one in found] == ["backlog"]


NOTICE = Notice(Condition("redis_down", "", "Redis ne répond pas."), FIVE, over=False, id="1")


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    """Keeps what a webhook posts."""

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.kept = (self.headers["X-3624-Signature"], body)  # type: ignore[attr-defined] # the test's
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Keep)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_webhook_is_signed_and_the_signature_can_be_checked(
    settings: Settings, receiver: HTTPServer
) -> None:
    route = Route("webhook", f"http://127.0.0.1:{receiver.server_port}/hook", secret="shared")
    assert Herald(settings, ListCarrier([])).send(route, [NOTICE])
    signed, body = receiver.kept  # type: ignore[attr-defined] # the test's
    stamp, given = (part.split("=")[1] for part in signed.split(","))
    assert given == signature("shared", stamp, body)
    assert json.loads(body)["alerts"][0]["next_step"] == NEXT_STEP["redis_down"]


def test_a_dead_webhook_is_told_as_such(settings: Settings) -> None:
    route = Route("webhook", "http://127.0.0.1:1/hook", secret="shared")
    assert not Herald(settings, ListCarrier([])).send(route, [NOTICE])


def test_an_sms_is_short_and_says_how_many_more(settings: Settings) -> None:
    class Writing(ListCarrier):
        bodies: ClassVar[list[str]] = []

        def write_to(self, to: str, shown: str, body: str) -> Reply:
            self.bodies.append(body)
            return Placed("SM1")

    assert Herald(settings, Writing([])).send(Route("sms", CALLER), [NOTICE] * 3)
    assert Writing.bodies[0].endswith("(+2)")
    assert len(Writing.bodies[0]) <= 300


def test_a_mail_holds_every_line_and_a_link(env: dict[str, str]) -> None:
    got: list[bytes] = []

    class Smtp(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go\r\n")
                    got.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings = Settings.from_env(env | {"SMTP_URL": f"smtp://127.0.0.1:{server.server_address[1]}"})
        assert Herald(settings, ListCarrier([])).send(Route("email", "a@example.org"), [NOTICE])
        server.shutdown()
    text = message_from_bytes(got[0]).get_payload(decode=True).decode()
    assert NOTICE.condition.next_step in text
    assert "/alertes" in text


def test_routes_keep_addresses_sealed_and_refuse_plain_http(engine: Engine) -> None:
    routes = Routes((SECRET_KEYS,))
    with engine.begin() as connection:
        routes.add(connection, Route("sms", CALLER))
        assert routes.active(connection) == [Route("sms", CALLER)]
        assert CALLER not in str(connection.exec_driver_sql("SELECT * FROM alert_routes").all())
        with pytest.raises(ValueError, match="https"):
            routes.add(connection, Route("webhook", "http://example.org/hook"))


def test_poisson_sums_to_one() -> None:
    assert poisson_at_most(200, 50) == pytest.approx(1)
    assert poisson_at_most(0, 3) == pytest.approx(0.049787, abs=1e-6)
