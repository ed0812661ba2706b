"""A console that listens, a Chromium that looks at it, and people who enter through its forms."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from config.sealing import Sealer
from config.settings import Settings
from config.stores import voice_redis
from console.access.roles import Role
from console.feed import EVERY, PURPOSE, Feed
from tests.console import PASSWORD, Clock, Console, console
from workers.records.live import KEY

WIDTHS = (390, 1280)
expect.set_options(timeout=20_000)  # a busy machine is no fault of the page


@contextmanager
def served(settings: Settings, clock: Clock | None = None) -> Iterator[Console]:
    """The console on its own port."""
    with console(settings, clock) as made:
        server = make_server("127.0.0.1", settings.console_port, made.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        with fed(settings):
            yield made
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def fed(settings: Settings) -> Iterator[None]:
    """The live feed on its own port, ten times as quick as for people."""
    redis, stop = voice_redis(settings), threading.Event()

    async def read() -> bytes | None:
        found = redis.get(KEY)
        return found if isinstance(found, bytes) else None

    async def run() -> None:
        feed = Feed(read, Sealer(settings.secret_keys, PURPOSE), settings.console_url)
        async with await asyncio.start_server(feed.serve, "127.0.0.1", settings.feed_port):
            while not stop.is_set():
                await feed.tick()
                await asyncio.sleep(EVERY / 10)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


@contextmanager
def looking(settings: Settings, width: int = 1280, *flags: str) -> Iterator[BrowserContext]:
    """A browser that has not been there yet; what its console complains of is an error of ours."""
    with sync_playwright() as playwright:
        found = shutil.which("chromium")
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *flags])
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, base_url=settings.console_url, locale="fr-FR"
        )
        wrong: list[str] = []
        context.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        yield context
        chromium.close()
        faults = [text for text in wrong if not re.search("status of [45]", text)]
        assert not faults, faults


def enter(page: Page, desk: Console, role: Role, association: str | None = None) -> None:
    """Through the forms, with password and code."""
    page.goto("/entrer")
    again(page, desk, desk.person(role, association))


def again(page: Page, desk: Console, email: str) -> None:
    """From the entrance that is shown."""
    page.get_by_label("Adresse électronique").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer", exact=True).click()
    desk.clock.advance(seconds=60)
    page.get_by_label("Code à 6 chiffres").fill(desk.code())
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url(lambda url: "/entrer" not in url)
