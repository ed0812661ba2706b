"""Every page and every state of the console, by all that must hold of a page for people, in one browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from config.settings import Settings
from tests.browser.chromium import looking, served
from tests.browser.judged import judge
from tests.browser.pages import AWAY, Shown, World, every_page
from tests.browser.states import in_the_dark, refused, states
from tests.conftest import environment, redis_running

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]  # a hundred and thirty pages


def test_every_page_and_every_state_is_sound_for_everybody(tmp_path: Path) -> None:
    with redis_running(tmp_path) as (redis_url, redis):
        settings = Settings.from_env(environment(tmp_path, redis_url) | {"OIDC_PROVIDERS": AWAY})
        with served(settings) as desk, looking(settings) as context:
            context.route("**/live?*", lambda route: route.fulfill(content_type="text/event-stream"))
            world, eye = World(desk), Eye(context, context.new_page(), settings.console_url)
            pages = list(every_page(desk, world))
            wrong = [*named_twice(pages), *eye.judged(pages)]
            wrong += eye.judged_when_old(next(one for one in pages if one.endpoint == "federation.board"))
            wrong += eye.judged(chain(refused(pages), states(desk, world)))
            redis.kill()
            redis.wait()
            wrong += eye.judged(in_the_dark(desk))
    assert wrong == []


def named_twice(pages: Iterable[Shown]) -> Iterator[str]:
    """Pages that say different things under one title."""
    said: dict[str, str] = {}
    for one in pages:
        title, _, text = one.html.partition("</title>")
        heading = re.sub(r".*<h1[^>]*>(.*?)</h1>.*", r"\1", text, flags=re.S)
        if said.setdefault(title.rpartition("<title>")[2], heading) != heading:
            yield f"{one.endpoint}: another page has its title"


@dataclass
class Eye:
    """Looks at pages as they were sent, at their addresses, with all they link to."""

    context: BrowserContext
    page: Page
    base: str

    def judged(self, pages: Iterable[Shown]) -> list[str]:
        """What is wrong with them."""
        return [line for one in pages for line in self._judged(one)]

    def judged_when_old(self, board: Shown) -> list[str]:
        """The figures of a feed that fell silent say that they are old."""
        page = self.context.new_page()
        page.clock.install()
        self._open(page, board)
        page.clock.fast_forward(20_000)
        expect(page.get_by_text("La liaison en direct est coupée")).to_be_visible()
        found = [f"old figures: {line}" for line in judge(page, keyboard=False)]
        page.close()
        return found

    def _judged(self, one: Shown) -> list[str]:
        self._open(self.page, one)
        if "autofocus" in one.html and "refused" in one.endpoint:
            expect(self.page.locator(".problem:focus")).to_have_count(1)
        if folder := os.environ.get("PICTURES"):
            self.page.screenshot(path=Path(folder) / f"{re.sub('[^a-zA-Z]+', '-', one.endpoint)}.png")
        return [f"{one.endpoint}, {one.path}: {line}" for line in judge(self.page)]

    def _open(self, page: Page, one: Shown) -> None:
        def answer(route: Route) -> None:
            route.fulfill(body=one.html, headers=one.headers)

        self.context.clear_cookies()
        if cookie := one.who.client.get_cookie("3624"):
            self.context.add_cookies([{"name": "3624", "value": cookie.value, "url": self.base}])
        page.set_viewport_size({"width": 1280, "height": 900})
        page.route(self.base + one.path, answer, times=1)
        page.goto(one.path)
