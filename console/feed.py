"""Server-sent events in a process of its own: `python -m console.feed`. Watchers cost the voice nothing.

One read of Redis a second, the same bytes to everybody who may see the same thing. A watcher brings a ticket
that the console sealed: whose calls, until when; then it comes back with the page's next one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import structlog
from redis import RedisError

from config import logs
from config.sealing import Sealer, Unsealable
from config.settings import Settings, SettingsRefused
from config.stores import engine, voice_redis
from workers.beats import Beats
from workers.records.live import KEY

EVERY = 1.0  # seconds
MOST = 5000  # watchers; further ones are told to come back
SLOW = 256 * 1024  # bytes nobody has read: that watcher is gone
HEAD_LIMIT, HEAD_PATIENCE = 8192, 5.0
PURPOSE, CONTEXT = "live feed", b"ticket"
Scope = str | None  # an association's slug, None for everything
log = structlog.get_logger(__name__)


def ticket(sealer: Sealer, association: Scope, until: float) -> str:
    """What the console puts in the page: `Sealer(keys, PURPOSE)`, until an instant of the epoch."""
    return sealer.seal(json.dumps([association, until]).encode(), CONTEXT)


def admitted(sealer: Sealer, text: str, now: float) -> tuple[Scope, float]:
    """Whose calls a ticket shows, and for how many seconds more. Raises `Unsealable` for a forged or an old
    one."""
    association, until = json.loads(sealer.unseal(text, CONTEXT))
    if now > until:
        raise Unsealable
    return (str(association) if association else None), until - now


@dataclass(frozen=True, slots=True)
class Asked:
    """The request's first line."""

    path: str
    ticket: str


class Feed:
    """All watchers, by what they may see."""

    def __init__(self, read: Callable[[], Awaitable[bytes | None]], sealer: Sealer, origin: str) -> None:
        self._read, self._sealer, self._origin = read, sealer, origin
        self._watchers: dict[Scope, set[asyncio.StreamWriter]] = defaultdict(set)
        self._last: bytes | None = None

    @property
    def count(self) -> int:
        """Open streams."""
        return sum(map(len, self._watchers.values()))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its request to its end."""
        try:
            asked = await asyncio.wait_for(_asked(reader), HEAD_PATIENCE)
            await self._answer(asked, reader, writer)
        except (TimeoutError, ValueError, OSError, EOFError):
            pass  # not HTTP, too slow or gone
        finally:
            writer.close()

    async def tick(self) -> None:
        """Read once, send to all. A picture that has not moved is sent as a sign of life only."""
        try:
            told = await self._read()
        except (RedisError, OSError):
            told = None
        fresh = told is not None and told != self._last
        self._last = told or self._last
        for scope, writers in list(self._watchers.items()):
            message = self._message(scope) if fresh else b": en attente\n\n"
            for writer in list(writers):
                self._push(scope, writer, message)

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if asked.path == "/health/live":
            return await _say(writer, "200 OK", json.dumps({"status": "ok", "watchers": self.count}))
        if asked.path != "/live":
            return await _say(writer, "404 Not Found", "introuvable")
        try:
            scope, left = admitted(self._sealer, asked.ticket, time.time())
        except Unsealable:
            return await _say(writer, "403 Forbidden", "billet refusé : rechargez la page")
        if self.count >= MOST:
            return await _say(writer, "503 Service Unavailable", "trop de spectateurs")
        writer.write(self._head())
        if self._last:
            writer.write(self._message(scope))
        self._watchers[scope].add(writer)
        try:
            # A watcher says nothing more: this ends when it leaves, or when its ticket does.
            await asyncio.wait_for(reader.read(-1), left)
        finally:
            self._forget(scope, writer)

    def _head(self) -> bytes:
        return (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
            f"X-Accel-Buffering: no\r\nAccess-Control-Allow-Origin: {self._origin}\r\n"
            "Connection: close\r\n\r\nretry: 3000\n\n"
        ).encode()

    def _message(self, scope: Scope) -> bytes:
        return b"event: picture\ndata: " + seen_by(scope, self._last or b"{}") + b"\n\n"

    def _push(self, scope: Scope, writer: asyncio.StreamWriter, message: bytes) -> None:
        if writer.is_closing() or writer.transport.get_write_buffer_size() > SLOW:
            writer.transport.abort()
            self._forget(scope, writer)
        else:
            writer.write(message)

    def _forget(self, scope: Scope, writer: asyncio.StreamWriter) -> None:
        self._watchers[scope].discard(writer)
        if not self._watchers[scope]:
            del self._watchers[scope]


def seen_by(scope: Scope, picture: bytes) -> bytes:
    """The picture as one association sees it: its own calls, under the same names."""
    if scope is None:
        return picture
    whole = json.loads(picture)
    mine = whole.get("associations", {}).get(scope)
    told = {"at": whole.get("at"), "said": whole.get("said"), "association": scope, "service": mine}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


async def _asked(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    if method != "GET":
        raise ValueError(method)
    parts = urlsplit(target)
    return Asked(parts.path, parse_qs(parts.query).get("t", [""])[0])


async def _say(writer: asyncio.StreamWriter, status: str, body: str) -> None:
    told = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(told)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + told)
    await writer.drain()


async def serve(settings: Settings, host: str = "0.0.0.0") -> None:  # noqa: S104 - as the web process
    """Listen on FEED_PORT until cancelled or told to stop."""
    redis = voice_redis(settings)

    async def read() -> bytes | None:
        found = await asyncio.to_thread(redis.get, KEY)  # the client that knows Sentinel is no coroutine
        return found if isinstance(found, bytes) else None

    Beats(redis, engine(settings), "feed").keep()
    feed = Feed(read, Sealer(settings.secret_keys, PURPOSE), settings.console_url)
    server = await asyncio.start_server(feed.serve, host, settings.feed_port, limit=HEAD_LIMIT)
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    while not stop.is_set():
        began = time.monotonic()
        await feed.tick()
        pause = max(0.0, EVERY - (time.monotonic() - began))
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue
    server.close()


def main() -> None:
    """Wire the process from its environment."""
    try:
        settings = Settings.of_process()
    except SettingsRefused as refused:
        sys.exit(str(refused))
    logs.configure(settings)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
