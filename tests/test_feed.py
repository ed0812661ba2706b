"""The live feed: a ticket shows its own calls, a thousand watchers get theirs, a forged one nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from redis import Redis

from config.sealing import Sealer, Unsealable
from config.settings import Settings
from console import feed
from tests.conftest import SECRET_KEYS, until
from workers.records.live import KEY

SEALER = Sealer((SECRET_KEYS,), feed.PURPOSE)
PICTURE = {"at": "2026", "said": "arrêté", "service": {"ringing": 3}, "associations": {"pau": {"ringing": 1}}}


@pytest.fixture
def running(env: dict[str, str]) -> Iterator[int]:
    """The real process; yields its port."""
    settings = Settings.from_env(env)
    process = subprocess.Popen(
        [sys.executable, "-m", "console.feed"], env={"PATH": os.environ["PATH"], **env}
    )
    try:
        until(lambda: alive(settings.feed_port), 20)
        yield settings.feed_port
    finally:
        process.terminate()
        assert process.wait(10) == 0


def alive(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=1) as reply:
            return bool(json.load(reply)["status"] == "ok")
    except OSError:
        return False


async def first_picture(port: int, ticket: str) -> tuple[str, dict[str, object]]:
    """The status line and the first picture of one watcher."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /live?t={ticket} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    status = (await reader.readline()).decode().strip()
    try:
        while line := await asyncio.wait_for(reader.readline(), 20):
            if line.startswith(b"data: "):
                return status, json.loads(line[6:])
    finally:
        writer.close()
    return status, {}


def test_a_ticket_shows_what_it_is_for_and_no_longer_than_it_says() -> None:
    now = time.time()
    assert feed.admitted(SEALER, feed.ticket(SEALER, "pau", now + 5), now) == ("pau", pytest.approx(5))
    assert feed.admitted(SEALER, feed.ticket(SEALER, None, now + 5), now)[0] is None
    with pytest.raises(Unsealable):
        feed.admitted(SEALER, feed.ticket(SEALER, "pau", now - 1), now)


def test_watchers_see_their_own_and_a_stranger_sees_nothing(running: int, redis_client: Redis) -> None:
    redis_client.set(KEY, json.dumps(PICTURE))
    until_ = time.time() + 60
    national, pau, stranger = (
        feed.ticket(SEALER, None, until_),
        feed.ticket(SEALER, "pau", until_),
        feed.ticket(Sealer(("z" * 40,), feed.PURPOSE), None, until_),
    )

    async def look() -> list[tuple[str, dict[str, object]]]:
        return [await first_picture(running, ticket) for ticket in (national, pau, stranger)]

    whole, own, refused = asyncio.run(look())
    assert whole[1] == PICTURE
    assert own[1]["service"] == {"ringing": 1}
    assert "associations" not in own[1]
    assert refused == ("HTTP/1.1 403 Forbidden", {})


def test_a_thousand_watchers_get_a_picture_each(running: int, redis_client: Redis) -> None:
    redis_client.set(KEY, json.dumps(PICTURE))
    ticket = feed.ticket(SEALER, None, time.time() + 60)

    async def crowd() -> list[tuple[str, dict[str, object]]]:
        return list(await asyncio.gather(*(first_picture(running, ticket) for _ in range(1000))))

    began = time.monotonic()
    assert {json.dumps(picture) for _, picture in asyncio.run(crowd())} == {json.dumps(PICTURE)}
    assert time.monotonic() - began < 20
