"""Every page of the console, from its own map of addresses, each with an example and whoever looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.test import TestResponse

from console.access import door
from console.access.roles import OF_AN_ASSOCIATION, Grant, Right, Role
from routing import recordings
from routing.sounds import judge
from tests.console import PASSWORD, Browser, Console
from tests.console_life import live, past
from tests.sounds import tone

# A provider of identities that does not answer: its pages say so.
AWAY = (
    '[{"name": "ecps", "label": "Pro Santé Connect", "client_id": "3624", "client_secret": "away",'
    ' "discovery": "http://127.0.0.1:9/nowhere"}]'
)


@dataclass(frozen=True)
class Shown:
    """One page: its name in the map of addresses, its address, who looks at it, and what they are sent."""

    endpoint: str
    path: str
    who: Browser
    html: str
    headers: dict[str, str]

    @classmethod
    def of(cls, endpoint: str, path: str, who: Browser, answer: TestResponse) -> Shown:
        """A page as it was sent."""
        return cls(endpoint, path, who, answer.text, dict(answer.headers))


def every_page(desk: Console, world: World) -> Iterator[Shown]:
    """An example of each page there is. Raises for an address without one: a new page is shown, or fails.

    What is not a page (figures for programs, sounds, parts of a page) answers too, and is left out.
    """
    asked = door.rights(desk.app)
    for rule in sorted(desk.app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or set()):
            continue
        lacking = rule.arguments - world.known.keys()
        assert not lacking, f"{rule.endpoint} has no example: tell its {lacking} in tests/browser/pages.py"
        values = {name: world.known[name] for name in rule.arguments}
        path = desk.app.url_map.bind("localhost").build(rule.endpoint, values)
        who = world.visitor(rule.endpoint, asked[rule.endpoint])
        with who.get(path) as answer:
            page = answer.mimetype == "text/html" and answer.text.lstrip().startswith("<!DOCTYPE html>")
            assert answer.status_code != 404 or not page, (
                f"{rule.endpoint}: the example does not exist: {path}"
            )
            if page:
                yield Shown.of(rule.endpoint, path, who, answer)


class World:
    """The demonstration with an example of everything a page can be about, and people who look at it."""

    def __init__(self, desk: Console) -> None:
        here, now = desk.office, desk.clock()
        live(here, now)
        past(here, now)
        self.stranger = desk.browser()
        self.waiting = desk.browser()
        self.waiting.send("/entrer/secours", email=desk.person(Role.MEMBER, "pau"))
        self.manager = desk.entered(Role.MANAGER, "pau")
        self.federation = desk.entered(Role.FEDERATION)
        self._halfway = {
            "entering.code": _halfway(desk, Role.MANAGER),
            "entering.enrol": _halfway(desk, None),
        }
        drafted(self.manager)
        wall = self.federation.send("/federation/ecrans", label="Salle de régulation").text
        invited = here.accounts.create("camille@pau.example", "Camille", (Grant(Role.MEMBER, "pau"),), now)
        said = "Bonjour, ici Pau. Préparez votre carte Vitale."
        self.known: dict[str, object] = {
            "association": "pau",
            "slug": "pau",
            "desk": "pau",
            "version": 1,
            "call": "CA" + f"{0:032x}",
            "name": recordings.keep(here.engine, "pau", judge(tone(3)), said, "manager"),
            "account_id": desk.accounts["member@pau.example"],
            "secret": here.invitations.make(invited, "federation", now),
            "key": (re.findall(r"/mur/([\w-]+)", wall) or [""])[0],
            "provider": "ecps",
            "rest": "nothing",
            "filename": "console.css",
        }

    def visitor(self, endpoint: str, right: Right) -> Browser:
        """Whoever has most to see there."""
        if endpoint in self._halfway:
            return self._halfway[endpoint]
        if endpoint.startswith("way_back"):
            return self.waiting
        if right is Right.ANYONE:
            return self.stranger
        return self.manager if right in OF_AN_ASSOCIATION | {Right.SELF} else self.federation


def drafted(browser: Browser, slug: str = "pau", **days: str) -> None:
    """A week changed in the editor of this association, and kept in its draft."""
    path = f"/a/{slug}/horaires/semaine"
    page = browser.text(path)
    typed = dict(re.findall(r'name="(mon|tue|wed|thu|fri|sat|sun)"[^>]*? value="([^"]*)"', page))
    stamp = re.findall(r'name="stamp" value="([^"]+)"', page)[0]
    form = typed | (days or {"mon": "8h-20h"})
    assert browser.send(path, needs=["visit"], stamp=stamp, step="keep", **form).status_code == 303


def _halfway(desk: Console, role: Role | None) -> Browser:
    """Somebody whose password was good, and who still owes a code (or, without a role, has none to give)."""
    browser = desk.browser()
    email = desk.person(role or Role.MANAGER, "pau" if role else "bayonne", second=role is not None)
    browser.send("/entrer", email=email, password=PASSWORD)
    return browser
