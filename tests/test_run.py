"""`sos3624 run` for real: on free ports, ready in time, and nothing left behind however it is stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import free_port, until

ROOT = Path(__file__).parents[1]
READY_WITHIN = 60  # seconds, on two cores shared with the other tests; alone it is under fifteen
GONE_WITHIN = 15  # seconds; half of them are the grace given to a process
PORTS = ("PORT", "CONSOLE_PORT", "SIMULATOR_PORT", "FEED_PORT", "EMBEDDED_REDIS_PORT")

pytestmark = pytest.mark.servers


class Running:
    """One `sos3624 run` and all it has started."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.env, self._log = env, log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console.cli.main", "run"],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def ready(self) -> bool:
        assert self.process.poll() is None, self.said
        return "3624 est prêt" in self.said

    def wait_ready(self) -> None:
        """Wait until it says so; else fail with all it has said."""
        give_up = time.monotonic() + READY_WITHIN
        while not self.ready():
            assert time.monotonic() < give_up, self.said
            time.sleep(0.1)

    def wait_gone(self) -> None:
        """Wait until nothing of it is left; else fail with what is."""
        give_up = time.monotonic() + GONE_WITHIN
        while left := self.left():
            assert time.monotonic() < give_up, [command_line(pid) for pid in left]
            time.sleep(0.1)

    def left(self) -> list[int]:
        """Every process that carries this run's VAR_DIR in its environment."""
        mark = f"VAR_DIR={self.env['VAR_DIR']}\0".encode()
        return [pid for pid, environ in environments() if mark in environ and pid != os.getpid()]

    def named(self, words: str) -> list[int]:
        """The processes of this run with these words in their command lines."""
        return [pid for pid in self.left() if words.encode() in command_line(pid)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""  # it has just ended


def environments() -> Iterator[tuple[int, bytes]]:
    for entry in sorted(Path("/proc").glob("[0-9]*/environ"), key=lambda path: int(path.parent.name)):
        try:
            yield int(entry.parent.name), entry.read_bytes()
        except OSError:
            continue  # it has just ended, or is another user's


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Running]:
    ports = {name: str(free_port()) for name in PORTS} | settings
    run = Running({"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var"), **ports}, folder / "log")
    try:
        yield run
    finally:
        for pid in run.left():
            os.kill(pid, signal.SIGKILL)
        run.process.kill()
        run.process.wait()


def test_everything_starts_answers_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.wait_ready()
        with urllib.request.urlopen(f"http://127.0.0.1:{run.env['PORT']}/health/ready", timeout=5) as answer:
            assert json.load(answer)["status"] == "ok"
        assert f"http://localhost:{run.env['SIMULATOR_PORT']}/" in run.said
        assert len(run.left()) >= 6
        for _ in range(20):  # impatient hands, or make and its group at once
            run.process.send_signal(signal.SIGINT)
        assert run.process.wait(timeout=15) == 130
        assert run.left() == []


def test_a_killed_process_is_started_again_and_sigterm_stops_all(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.wait_ready()
        before = run.named("workers.clock")
        os.kill(before[0], signal.SIGKILL)
        until(lambda: bool(set(run.named("workers.clock")) - set(before)), 20)
        assert "arrêté tout seul" in run.said
        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(timeout=15) == 143
        assert run.left() == []


def test_whoever_starts_it_being_killed_nothing_is_left(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.wait_ready()
        run.process.kill()
        run.wait_gone()


def test_a_taken_port_is_told_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with running(tmp_path, PORT=str(taken.getsockname()[1])) as run:
            assert run.process.wait(timeout=30) == 1
            assert f"{run.env['PORT']} (PORT)" in run.said
            assert not (tmp_path / "var" / "3624.sqlite3").exists()
