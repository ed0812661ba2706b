"""From the event on the stream to the message sent: under a minute, at the ledger's own pace."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.server import HTTPServer

from redis import Redis
from sqlalchemy import Engine

from config.settings import Settings
from tests.record_calls import Told
from tests.test_alerts import receiver as receiver
from workers.records.events import STREAM
from workers.records.heralds import Route, Routes
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool
from workers.records.watch import duties


def test_trouble_is_told_within_a_minute_by_the_ledgers_own_duties(
    settings: Settings, sqlite_engine: Engine, redis_client: Redis, receiver: HTTPServer
) -> None:
    """Events on the stream, the real process's duties at their own pace, a moved clock, a real webhook."""
    keys = MonthKeys(settings.secret_keys)
    intake = Intake(redis_client, Ledger(sqlite_engine, keys), Spool(settings.var_dir / "events", "events"))
    every = {name: (work, pace) for name, work, pace in duties(settings, sqlite_engine, intake)}
    work, pace = every["alerts"]
    began = datetime.now(UTC)
    with sqlite_engine.begin() as connection:
        url = f"http://127.0.0.1:{receiver.server_port}/"
        Routes(settings.secret_keys).add(connection, Route("webhook", url, secret="s" * 16))
    calls = [
        Told(f"CA{n}", began - timedelta(seconds=90)).say("rescued").decided(10).ringing() for n in range(6)
    ]
    for call in calls:
        ended = call.say("unanswered", 75, regulator="d-toulouse", disposition="no_answer").over()
        for event in ended.events:
            redis_client.xadd(STREAM, {"e": event.text()})
    told: dict[str, float] = {}
    clock = 0.0
    while clock < 60:
        intake.take(10)
        clock += pace
        receiver.kept = None  # type: ignore[attr-defined] # the test's
        work(began + timedelta(seconds=clock))
        if receiver.kept:  # type: ignore[attr-defined] # the test's
            for alert in json.loads(receiver.kept[1])["alerts"]:  # type: ignore[attr-defined] # the test's
                told.setdefault(alert["kind"], clock)
    assert {"desk_silent", "fallback_used"} <= set(told)
    assert max(told.values()) <= 60
