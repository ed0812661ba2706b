"""Server time of every page of the console over a year of calls, at a process's first request and after.

`python -m bench.pages --sqlite FILE` or `--postgresql URL`: a year that `bench.records` has filled, which is
copied first. Each page is asked for in a fork of a console that has just started, six times: ms of the first
request and of the middle of the five others, on the clock and of processor (other work may share it).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from flask.testing import FlaskClient

from config.settings import Settings
from console.access.roles import Role
from console.api.tokens import Tokens
from console.app import from_environment
from tests.browser.pages import AWAY, World, every_page
from tests.conftest import ACCOUNT_SID, AUTH_TOKEN, SECRET_KEYS, redis_running
from tests.console import Browser, Clock, Console, console

BUDGET = 0.1  # seconds
AGAIN = 5
PERIODS = tuple(f"periode={one}&jour={{day}}" for one in ("jour", "semaine", "mois", "annee"))
CUTS = ("association", "departement", "commune", "besoin", "heure")
MORE = (  # what addresses may ask for beside the page itself
    *(f"/federation/historique?{period}&selon={cut}" for period in PERIODS for cut in CUTS),
    *(f"/a/pau/chiffres?{period}&selon={cut}" for period in PERIODS for cut in CUTS[1:]),
    *(f"/a/toulouse/chiffres?{PERIODS[3]}&selon={cut}" for cut in CUTS[1:]),
    *(f"/federation/equite?{period}" for period in PERIODS),
    *(f"/federation/historique/tableau?{PERIODS[3]}&selon=commune&quoi={what}" for what in ("serie", "x")),
    f"/federation/historique/tableau?{PERIODS[3]}&selon=association&quoi=x&forme=xlsx",
    "/federation/equite/tableau",
    "/federation/prevision?association=pau",
    *(f"/federation/couverture?besoin={need}" for need in ("visit", "consultation")),
    "/federation/couverture?departement=59&lieu=saint",
    "/federation/couverture/communes.csv?besoin=consultation",
    "/a/pau/secteur?besoin=consultation",
    *(f"/a/toulouse/appels?{asked}" for asked in ("place=31000", "outcome=missed", "place=bagnères")),
    "/a/toulouse/",
    "/a/toulouse/appels",
    "/a/toulouse/secteur",
    "/a/toulouse/feuille",
    "/federation/journal?words=rien+de+tel",
    "/federation/maintenant",
    "/federation/etat/maintenant",
    "/a/pau/maintenant",
    "/a/pau/rappels/liste",
)
MEMBERS = ("", "maintenant", "rappels", "horaires", "secteur", "chiffres", "versions", "feuille")
API = (
    "live",
    "figures?first={first}&last={day}",
    "hours?day={day}",
    "days?first={first}&last={day}",
    *(f"breakdown?by={by}&first={{first}}&last={{day}}" for by in ("association", "place", "need", "hour")),
    "flows?first={first}&last={day}",
    "months?first={first}&last={day}",
    "forecast",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, with whatever lets its visitor in."""

    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds on the clock and of processor, of the first request and of the middle of the others."""

    path: str
    status: int
    length: int
    first: float
    first_cpu: float
    warm: float
    warm_cpu: float

    def __str__(self) -> str:
        times = (self.first, self.first_cpu, self.warm, self.warm_cpu)
        told = " ".join(f"{seconds * 1000:7.1f}" for seconds in times)
        late = "" if max(self.first_cpu, self.warm_cpu) < BUDGET else "   OVER"
        return f"{self.path:66} {self.status} {self.length / 1000:6.0f} kB {told}{late}"


def main() -> None:
    """Furnish a copy of the year, then measure."""
    asked = argparse.ArgumentParser()
    year = asked.add_mutually_exclusive_group(required=True)
    year.add_argument("--sqlite", type=Path)
    year.add_argument("--postgresql")
    asked.add_argument("--only", default="", help="the addresses that hold these letters")
    args = asked.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_running(Path(folder)) as (redis_url, _),
        _copied(args.sqlite, args.postgresql, Path(folder)) as database_url,
    ):
        env = _environment(folder, redis_url, database_url)
        hour_ago = Clock(datetime.now(UTC) - timedelta(hours=1))
        with console(Settings.from_env(env), hour_ago) as desk:
            wanted = [one for one in _addresses(desk) if args.only in one.path]
        server = get_context("spawn").Process(target=_serve, args=(env, wanted))
        server.start()
        server.join()


def _addresses(desk: Console) -> Iterator[Asked]:
    world = World(desk)
    for shown in every_page(desk, world):
        yield Asked(shown.path, {"Cookie": _held(shown.who)})
    federation, manager = _held(world.federation), _held(world.manager)
    today = desk.clock().date()
    days = {"day": today.isoformat(), "first": (today - timedelta(days=364)).isoformat()}
    for path in MORE:
        cookie = manager if path.startswith("/a/pau/") else federation
        yield Asked(path.format(**days), {"Cookie": cookie})
    member = _held(desk.entered(Role.MEMBER, "pau"))
    for page in MEMBERS:
        yield Asked(f"/a/pau/{page}", {"Cookie": member})
    token = Tokens(desk.office.engine).make("bench", None, desk.clock())
    for path in API:
        yield Asked(f"/api/v1/{path.format(**days)}", {"Authorization": f"Bearer {token}"})


def _held(who: Browser) -> str:
    cookie = who.client.get_cookie("3624")
    return f"3624={cookie.value}" if cookie else ""


def _serve(env: dict[str, str], wanted: list[Asked]) -> None:
    """A console as `Procfile` starts it, which answers nothing itself: each page meets it fresh."""
    os.environ |= env
    began = time.perf_counter(), time.process_time()
    app = from_environment()
    told = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"started in {told[0]:.1f} s ({told[1]:.1f} s of processor); ms: first, its cpu, then, its cpu")
    over = 0
    for asked in wanted:
        reader, writer = os.pipe()
        if os.fork() == 0:
            app.extensions["office"].engine.dispose(close=False)
            os.write(writer, json.dumps(asdict(_timed(app.test_client(use_cookies=False), asked))).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            timed = Timed(**json.loads(answer.read()))
        os.wait()
        over += str(timed).endswith("OVER")
        print(timed, flush=True)
    print(f"{len(wanted)} addresses, {over} over {BUDGET * 1000:.0f} ms of processor")
    os._exit(0)


def _timed(client: FlaskClient, asked: Asked) -> Timed:
    walls, cpus = [], []
    for _ in range(1 + AGAIN):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(asked.path, headers=asked.headers)
        length = len(answer.data)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    warm = statistics.median(walls[1:]), statistics.median(cpus[1:])
    return Timed(asked.path, answer.status_code, length, walls[0], cpus[0], *warm)


@contextmanager
def _copied(file: Path | None, url: str | None, folder: Path) -> Iterator[str]:
    """The year in a base of its own, gone afterwards."""
    if file is not None:
        shutil.copyfile(file, folder / "year.sqlite3")
        yield f"sqlite:///{folder / 'year.sqlite3'}"
        return
    assert url is not None
    name = urlsplit(url).path[1:]
    with psycopg.connect(url.removesuffix(name) + "postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE pages TEMPLATE {name}".encode())
        try:
            yield url.removesuffix(name) + "pages"
        finally:
            connection.execute(b"DROP DATABASE pages WITH (FORCE)")


def _environment(folder: str, redis_url: str, database_url: str) -> dict[str, str]:
    return {
        "VAR_DIR": folder,
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "SECRET_KEYS": SECRET_KEYS,
        "OIDC_PROVIDERS": AWAY,
    }


if __name__ == "__main__":
    main()
