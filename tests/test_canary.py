"""A known number rings, types and is rung back: it is in no log, no Redis, no metric and no table."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, inspect, text
from werkzeug.serving import make_server

from config import logs, migrate, stores
from config.settings import Settings
from routing import store
from simulator import calls
from simulator.exchange import Account, Exchange
from simulator.people import Desk, Line
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, free_port, until
from tests.player import Driver
from voice.app import close, create_app
from workers.records import gauges, live
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.meters import Meters
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool

CANARY, OTHER = "+33639980042", "0639980043"
CALLS, SOAK = 150, 2000


def shapes(number: str) -> list[str]:
    """The ways it could be written."""
    national = "0" + number.removeprefix("+33").removeprefix("0")
    spaced = " ".join(national[i : i + 2] for i in range(0, 10, 2))
    return [national, national[1:], spaced, number.removeprefix("+")]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Everything that is logged."""
    kept, before = io.StringIO(), logging.root.handlers[:]
    level = logging.root.level
    yield kept
    logging.root.handlers = before
    logging.root.setLevel(level)


def everything_in(redis: Redis) -> str:
    found = []
    for key in redis.scan_iter():
        kind = redis.type(key).decode()
        reading = {
            "string": lambda k: redis.get(k),
            "hash": lambda k: redis.hgetall(k),
            "zset": lambda k: redis.zrange(k, 0, -1),
            "set": lambda k: redis.smembers(k),
            "list": lambda k: redis.lrange(k, 0, -1),
            "stream": lambda k: redis.xrange(k),
        }
        found.append(f"{key!r}={reading[kind](key)!r}")
    return "\n".join(found)


STEPS = (
    [{"press": "31500"}, {"press": "3"}, {"press": "1"}],
    [{"press": "31500"}, {"press": "4"}, {"press": "1"}, {"press": "2"}, {"press": OTHER}, {"press": "1"}],
    [{"press": "*"}],
    [{"press": "99999"}, {"say": "Toulouse"}, {"press": "1"}],
)


@pytest.mark.parametrize(
    "many", [CALLS, pytest.param(SOAK, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
def test_the_canary_is_nowhere(
    env: dict[str, str], redis_client: Redis, tmp_path: Path, said: io.StringIO, many: int
) -> None:
    port = free_port()
    settings = Settings.from_env(env | {"PORT": str(port), "LOG_LEVEL": "debug"})
    migrate.upgrade(settings)
    sql = stores.engine(settings)
    store.ensure_demo(sql)
    logs.configure(settings)
    logging.root.handlers[0].setStream(said)  # type: ignore[attr-defined] # a StreamHandler
    app = create_app(settings)
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for n in range(many):
            ring(settings, n)
        until(lambda: not app.extensions["line"].log.spooled())
        places = everywhere(settings, sql, redis_client, tmp_path, many)
        places["metrics"] += app.test_client().get("/metrics").text
    finally:
        server.shutdown()
        server.server_close()
        close(app)
        sql.dispose()
    places["logs"] = said.getvalue()
    leaks = {
        (where, shape)
        for where, held in places.items()
        for number in (CANARY, OTHER)
        for shape in shapes(number)
        if shape in held
    }
    assert said.getvalue()
    assert "calls:events" in places["stream"]
    assert leaks == set()


def ring(settings: Settings, n: int) -> None:
    """One call of the canary, whatever becomes of it."""
    url = settings.public_url
    steps = (url + "/voice/incoming", url + "/voice/fallback", url + "/voice/status")
    account = Account(ACCOUNT_SID, AUTH_TOKEN, *steps, owned=frozenset({settings.caller_id}))
    exchange = Exchange(account, seed=n)
    exchange.who = lambda number: Desk(Line("no-answer" if n % 3 else "answer"))
    player = calls.incoming(exchange, CANARY, Driver([dict(step) for step in STEPS[n % 4]], True))
    calls.play(player)


def everywhere(
    settings: Settings, sql: Engine, redis_client: Redis, folder: Path, many: int
) -> dict[str, str]:
    """What Redis held before and after counting, the metrics and every table, as text."""
    streamed = everything_in(redis_client)
    intake = Intake(
        redis_client,
        Ledger(sql, MonthKeys(settings.secret_keys)),
        Spool(settings.var_dir / "events", "events"),
    )
    while intake.take(10):
        pass
    now = datetime.now(UTC)
    with sql.begin() as connection:
        live.tell(redis_client, live.picture(connection, now))
        counted = connection.execute(text("SELECT count(*) FROM call_journals")).scalar()
        tables = inspect(connection).get_table_names()
        stored = "\n".join(str(connection.execute(text(f"SELECT * FROM {t}")).all()) for t in tables)
    gauges.look(sql, redis_client, intake, now)
    meters = Meters(folder / "m", "t").all(gauges.REGISTRY).decode()
    assert counted == many
    return {"stream": streamed, "redis": everything_in(redis_client), "metrics": meters, "sql": stored}
