"""A campaign against the call-backs: real processes killed at random, a carrier that fails, the count."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from config import embedded, migrate, stores
from config.settings import Settings
from routing.model import Need
from tests.conftest import LEASH, free_port, until
from tests.faults import processes
from tests.faults.carrier import ACCOUNT, TOKEN
from tests.faults.postgres import Postgres
from tests.faults.report import Report
from workers import queue
from workers.callbacks.callback import Booked, Booking
from workers.callbacks.doctors import Doctors
from workers.callbacks.links import Links
from workers.callbacks.store import Callbacks
from workers.callbacks.tables import callbacks
from workers.callbacks.vault import Vault

FORKS = multiprocessing.get_context("forkserver")
OPEN = {"due", "retry", "dialling", "unknown", "placed", "doctor_ringing", "patient_ringing", "bridged"}


class Campaign:
    """One service, its processes, and the ways to hurt it."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        *,
        faults: bool,
        seed: int,
        workers: int = 2,
        postgres: Postgres | None = None,
    ) -> None:
        self.folder, self.stack, self.chance = folder, stack, random.Random(seed)
        self.postgres = postgres
        self.redis_port, self.carrier_port = free_port(), free_port()
        self.env = {
            "PORT": str(free_port()),
            "VAR_DIR": str(folder),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": f"http://127.0.0.1:{self.carrier_port}",
            "SECRET_KEYS": "s" * 40,
            "LOG_LEVEL": "error",
        } | ({"DATABASE_URL": postgres.url} if postgres else {})
        self.settings = Settings.from_env(self.env)
        self.report, self.hurting = Report(), list[Future[None]]()
        # One thread, that lives as long as the campaign: servers started by it end with it.
        self.hands = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        migrate.upgrade(self.settings)
        self.engine: Engine = processes.stepped(self.settings, 20_000)
        stack.callback(self.engine.dispose)
        self.vault = Vault.of(self.settings.secret_keys)
        self._start(faults, seed)
        FORKS.set_forkserver_preload(["tests.faults.processes"])
        self.children = [self._fork(processes.worker) for _ in range(workers)]
        self.ticking = self._fork(processes.ticking)
        stack.callback(self._end_children)

    # --- the service

    def _start(self, faults: bool, seed: int) -> None:
        here = Path(__file__).parents[2]
        self.redis = self._redis()
        self.stack.callback(lambda: _end(self.redis))
        words = ["tests.faults.carrier", str(self.carrier_port), "faults" if faults else "calm", str(seed)]
        carrier = subprocess.Popen([*LEASH, sys.executable, "-m", *words], cwd=here)
        self.stack.callback(lambda: _end(carrier))
        web = self._serve()
        self.stack.callback(lambda: _end_group(web))
        until(lambda: _answers(f"http://127.0.0.1:{self.carrier_port}/saw"), 20)
        until(lambda: _answers(f"{self.settings.public_url}/voice/legs/sorry"), 20)

    def _serve(self) -> subprocess.Popen[bytes]:
        granian = "--interface wsgi --no-ws --workers 1 --blocking-threads 3 --workers-kill-timeout 1"
        command = [
            str(Path(sys.executable).with_name("granian")),
            *granian.split(),
            "--log-level",
            "critical",
        ]
        command += [
            "--host",
            "127.0.0.1",
            "--port",
            self.env["PORT"],
            "--factory",
            "tests.faults.processes:web",
        ]
        here, command = Path(__file__).parents[2], [*LEASH, *command]
        return subprocess.Popen(command, env=os.environ | self.env, cwd=here, start_new_session=True)

    def _redis(self) -> subprocess.Popen[bytes]:
        data = self.folder / "redis"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        # It is killed to be started empty: waiting for the disk at each command would protect nothing here.
        command = [*LEASH, *embedded.command(self.redis_port, data), "--appendfsync", "everysec"]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _fork(self, what: Callable[[dict[str, str]], None]) -> Any:
        child = FORKS.Process(target=what, args=(self.env,), daemon=True)
        child.start()
        return child

    def _end_children(self) -> None:
        for child in [*self.children, self.ticking]:
            _kill(child)

    def duty(self, doctors: int) -> None:
        """Doctors on duty, in the national pool."""
        register = Doctors(self.engine, self.vault)
        for number in range(doctors):
            register.begin_duty(
                register.register(f"Dr {number}", f"+33199{number + 1:06}"[:12], "3624", None)
            )

    def book(self, count: int, first: int = 0) -> None:
        """Patients press the key; the bell may be silent."""
        store = Callbacks(self.engine, self.vault)
        with Redis.from_url(self.env["REDIS_URL"], socket_timeout=0.25) as redis:
            bell = queue.bell(redis)
            for number in range(first, first + count):
                now = datetime.now(UTC)
                booking = Booking(f"CA{number:032}", f"+3363998{number:04}", Need.ADVICE, now, now)
                booked = self._patiently(store, booking)
                self.report.booked += 1
                with suppress(RedisError, OSError):
                    bell(booked.id)

    def _patiently(self, store: Callbacks, booking: Booking) -> Booked:
        """A booking that SQL does not take is not promised: here it is made again until it is."""
        while True:
            try:
                return store.book(booking)
            except SQLAlchemyError:
                time.sleep(0.2)

    # --- the hurts

    def kill_someone(self) -> None:
        """SIGKILL a worker, or now and then the clock, and start another."""
        if self.chance.random() < 0.1:
            _kill(self.ticking)
            self.ticking = self._fork(processes.ticking)
        else:
            chosen = self.chance.randrange(len(self.children))
            _kill(self.children[chosen])
            self.children[chosen] = self._fork(processes.worker)
        self.report.kills += 1

    def kill_redis(self) -> None:
        """SIGKILL, and start an empty one."""
        _end(self.redis)
        self.redis = self._redis()
        self.report.redis_kills += 1

    def meanwhile(self, hurt: Callable[..., None], *words: float) -> None:
        """One more hurt beside the kills, which do not wait for it."""

        self.hurting.append(self.hands.submit(hurt, *words))

    def quiet(self) -> None:
        """Every hurt is over."""
        for hurt in self.hurting:
            hurt.result()

    def stop_sql(self, seconds: float) -> None:
        """Nobody commits: SQLite's only writing lock is held; PostgreSQL stands still, then falls."""
        self.report.sql_stops += 1
        if self.postgres:
            self.postgres.freeze(seconds / 2)
            self.postgres.restart(seconds / 2)
            return
        with sqlite3.connect(self.folder / "3624.sqlite3", timeout=30, isolation_level=None) as held:
            held.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            held.execute("ROLLBACK")

    def step_clock(self, seconds: float, lasting: float) -> None:
        """The database's clock jumps, and comes back (SQLite's: PostgreSQL's is the machine's)."""
        if self.postgres:
            return
        (self.folder / "clock").write_text(str(seconds))
        time.sleep(lasting)
        (self.folder / "clock").write_text("0")
        self.report.clock_steps += 1

    # --- what came of it

    def open(self) -> int:
        """How many promises are still neither kept nor with a person."""
        return sum(count for state, count in self._states().items() if state in OPEN)

    def judged(self, seconds: float) -> Report:
        """Count once everything is quiet; what is still open then is lost."""
        saw = self._saw()
        links = Links(self.settings.public_url, self.settings.secret_keys)
        tokens = Counter(_link(links, url) for _, url, _ in saw["rings"])
        joined = Counter(patient for patient, _ in saw["joined"])
        with stores.reading(self.engine).begin() as connection:
            rows = connection.execute(select(callbacks.c.id, callbacks.c.state, callbacks.c.kept_at)).all()
        report = self.report
        report.states = Counter(row.state for row in rows)
        report.lost = [row.id for row in rows if row.state in OPEN]
        report.lost += [row.id for row in rows if row.state == "done" and row.kept_at is None]
        report.lost += ["missing"] * (report.booked - len(rows))
        report.doubled = [str(token) for token, times in tokens.items() if times > 1]
        report.joined_twice = [patient for patient, times in joined.items() if times > 1]
        report.carrier, report.seconds = saw, seconds
        return report

    def _saw(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.carrier_port}/saw") as answer:
            return dict(json.load(answer))

    def _states(self) -> Counter[str]:
        with stores.reading(self.engine).begin() as connection:
            return Counter(connection.scalars(select(callbacks.c.state)))


def _link(links: Links, url: str) -> str:
    link = links.read(parse_qs(urlsplit(url).query)["a"][0])
    assert link is not None
    return link.token


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _kill(child: Any) -> None:
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    child.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _end_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
