"""100 calls arriving each second: p99 of their webhooks with all well, Redis frozen, SQL frozen; and memory.

Open loop: webhooks are sent at drawn instants whatever became of those before, and timed from these instants.
One call in twenty books a call-back. The loader is Python and shares the cores: it counts against us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import text

from bench import webhooks
from config import migrate, stores
from config.settings import Settings
from routing import store
from simulator.signature import sign
from tests.faults.postgres import Postgres
from voice.app import close, create_app

CALLS_A_SECOND = 100
SECONDS = 15
CONNECTIONS = 64
BOOKING_ONE_IN = 20
MANY = 10_000  # calls before memory is looked at again
WEBHOOKS_A_CALL = 7


class Request(NamedTuple):
    """A signed webhook."""

    path: str
    body: str
    signature: str
    books: bool = False  # commits a promise: the one that waits for a store


def main() -> dict[str, float]:
    """Measure and print; returns the figures."""
    with contextlib.closing(Postgres()) as postgres:
        figures = _on("sqlite", None) | _on("postgresql", postgres)
    for name, value in figures.items():
        print(f"arrivals.{name}: {value:.1f}")
    return figures


def _on(kind: str, postgres: Postgres | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, webhooks._redis(Path(folder)) as (redis_url, redis_pid):
        env = webhooks._environment(Path(folder), redis_url)
        if postgres:
            env["DATABASE_URL"] = postgres.url
        settings = Settings.from_env(env)
        migrate.upgrade(settings)
        store.ensure_demo(stores.engine(settings))
        mix = _mix(settings)
        with webhooks._server("voice.app:from_environment", settings.port, env) as (url, pid):
            time.sleep(3)
            figures |= _memory(pid, "at_rest")
            _paced(url, mix, 5, "warm")
            figures |= _paced(url, mix, SECONDS, "all_well")
            with _stopped(redis_pid):
                figures |= _paced(url, mix, SECONDS, "redis_frozen")
            with _frozen(settings, postgres):
                figures |= _paced(url, mix, SECONDS, "sql_frozen")
            if not postgres:
                _many(url, settings, Path(folder))
                figures |= _memory(pid, f"after_{MANY}_calls")
    return {f"{kind}.{name}": value for name, value in figures.items()}


def _mix(settings: Settings) -> list[Request]:
    mix = [Request(*one) for one in webhooks._webhooks(settings)]
    app = create_app(settings)
    for number in range(webhooks.CALLS // BOOKING_ONE_IN):
        mix += _booking(settings, app.test_client(), number)
    close(app)
    return mix


def _booking(settings: Settings, client: FlaskClient, number: int) -> Iterator[Request]:
    """A call that ends with a promise; the webhook that commits it is only signed here."""
    fields = webhooks._standard(settings, f"CA{10**6 + number:032x}", f"+3363998{5000 + number}")
    path, keys = "/voice/incoming", ""
    for answer in ("", "31500", "téléconsultation", "confirmer"):
        key = re.search(rf"{answer}, tapez (\d)", keys)
        sent = fields | ({"Digits": key[1] if key else answer} if answer else {})
        yield Request(*webhooks._signed(settings, path, sent), books=answer == "confirmer")
        if answer == "confirmer":
            return
        signature = sign(settings.public_url + path, sent, settings.auth_tokens[0])
        reply = client.post(path, data=sent, headers={"X-Twilio-Signature": signature})
        keys = unescape(reply.text)
        path = re.findall(r'action="([^"#]+)', keys)[-1].removeprefix(settings.public_url)


def _paced(url: str, mix: list[Request], seconds: float, name: str) -> dict[str, float]:
    """Milliseconds: the p99 of all webhooks arriving as `CALLS_A_SECOND` calls do; and of those that book."""
    took = asyncio.run(_arrivals(url, mix, seconds))
    booking = [spent for request, spent in took if request.books]
    return {
        f"p99_ms_{name}": _p99([spent for _, spent in took]),
        f"p99_ms_{name}_of_bookings": _p99(booking),
    }


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1000


async def _arrivals(url: str, mix: list[Request], seconds: float) -> list[tuple[Request, float]]:
    drawn = random.Random(3624)
    idle: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await _Connection.to(url))
    took: list[tuple[Request, float]] = []

    async def one(request: Request, due: float) -> None:
        connection = await idle.get()
        await connection.post(request)
        took.append((request, time.perf_counter() - due))
        idle.put_nowait(connection)

    began = due = time.perf_counter()
    under_way = []
    while due < began + seconds:
        due += drawn.expovariate(CALLS_A_SECOND * WEBHOOKS_A_CALL)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        under_way.append(asyncio.create_task(one(mix[len(under_way) % len(mix)], due)))
    await asyncio.gather(*under_way)
    return took


class _Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, url: str) -> _Connection:
        """Open one."""
        where = urlsplit(url)
        return cls(*await asyncio.open_connection(where.hostname, where.port))

    async def post(self, request: Request) -> None:
        """Send a webhook and read its answer. Raises unless it is a document, or that none is needed."""
        head = (
            f"POST {request.path} HTTP/1.1",
            "Host: bench",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(request.body)}",
            f"X-Twilio-Signature: {request.signature}",
        )
        self._writer.write(("\r\n".join(head) + "\r\n\r\n" + request.body).encode())
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")):
            raise RuntimeError(answer)
        told = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        await self._reader.readexactly(int(told[1]) if told and not answer.startswith(b"HTTP/1.1 204") else 0)


def _many(url: str, settings: Settings, folder: Path) -> None:
    """Ten thousand calls, as fast as they go, and a moment to come to rest."""
    script = folder / "many.lua"
    script.write_text(webhooks._script(settings))
    left = MANY * WEBHOOKS_A_CALL
    while left > 0:
        said = subprocess.run(
            ["wrk", "-t1", "-c16", "-d5s", "-s", str(script), url], check=True, capture_output=True, text=True
        ).stdout
        left -= int(re.findall(r"(\d+) requests in", said)[0])
    time.sleep(2)


def _memory(pid: int, when: str) -> dict[str, float]:
    """The biggest of the processes that answer, in MB: all it maps, and its share of it."""
    rolls = [Path(f"/proc/{child}/smaps_rollup").read_text() for child in _workers(pid)]
    found = [
        {name: float(kb) / 1024 for name, kb in re.findall(r"\b(Rss|Pss):\s+(\d+)", roll)} for roll in rolls
    ]
    largest = max(found, key=lambda one: one["Rss"])
    return {f"rss_mb_{when}": largest["Rss"], f"pss_mb_{when}": largest["Pss"]}


def _workers(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    asleep = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    return [int(child) for child, line in zip(children, asleep, strict=True) if b"tracker" not in line]


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _frozen(settings: Settings, postgres: Postgres | None) -> Iterator[None]:
    """PostgreSQL's processes stand still; SQLite's one writer does not end."""
    if postgres:
        freezing = threading.Thread(target=postgres.freeze, args=(SECONDS,))
        freezing.start()
        yield
        freezing.join()
        return
    with stores.engine(settings).begin() as connection:
        connection.execute(text("SELECT 1"))
        yield


if __name__ == "__main__":
    main()
