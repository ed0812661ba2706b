"""What every page of the console may use, made once per process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, g
from redis import Redis
from sqlalchemy import Engine

from config.patience import Breaker
from config.settings import Settings
from console.access.accounts import Accounts
from console.access.identities import Identities
from console.access.invitations import Invitations
from console.access.oidc import Client
from console.access.passkeys import Passkeys
from console.access.roles import Who
from console.access.second_factor import SecondFactor
from console.access.sessions import Sessions
from console.access.slowing import Slowing
from console.access.way_back import WayBacks
from console.letters import Letters
from routing.book import LiveBook
from routing.compiled import RuleBook
from routing.coverage import Terrain
from routing.geography.places import Places
from routing.model import Load
from workers.callbacks.store import Callbacks
from workers.records import load as live_load


@dataclass
class Office:
    """The stores, the live book, the clock."""

    settings: Settings
    engine: Engine
    live_book: LiveBook
    places: Places
    terrain: Terrain  # the same, prepared once for all books
    clock: Callable[[], datetime]
    accounts: Accounts
    sessions: Sessions
    second: SecondFactor
    slowing: Slowing
    invitations: Invitations
    passkeys: Passkeys
    identities: Identities
    providers: Mapping[str, Client]
    way_backs: WayBacks
    letters: Letters
    callbacks: Callbacks
    redis: Redis
    breaker: Breaker

    @property
    def book(self) -> RuleBook:
        """The book in force."""
        return self.live_book.current

    def now(self) -> datetime:
        """The service's clock, aware."""
        return self.clock()

    def lines(self) -> Mapping[str, int] | None:
        """Lines in use by desk; None when Redis does not say, so that no page invents a number."""
        load = self._load()
        return None if load is None else load.lines_in_use

    def load(self) -> Load:
        """The live picture, as a call would see it."""
        return self._load() or Load()

    def _load(self) -> Load | None:
        asked = live_load.Asked.of(self.book)
        return self.breaker.call(lambda: live_load.read(self.redis, asked, self.now()), default=None)


def office() -> Office:
    """This process's."""
    found: Office = current_app.extensions["office"]
    return found


def visitor() -> Who:
    """Who is asking, on a page that only those who entered can see."""
    who: Who = g.who
    return who
