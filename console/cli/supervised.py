"""A Procfile process that is started again when it ends by itself, and leaves nobody behind when stopped."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import Event
from pathlib import Path
from typing import Any

from honcho.manager import Manager
from honcho.process import Popen, Process

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # seconds before a restart, doubled each time
LIVED_WELL = 30.0  # seconds after which the pause is short again
GRACE = 8.0  # seconds to stop by oneself; granian kills its workers after five
PR_SET_PDEATHSIG = 1


class Supervised(Process):  # type: ignore[misc] # honcho is not typed
    """Runs one process again and again until `stopping` is set.

    A patient may be on the line: one process that dies is started again after growing pauses, and the others
    go on. Whoever started these processes being killed, they end too.
    """

    def __init__(self, *args: Any, stopping: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopping = stopping
        self.ended = Event()
        self.outlives: list[Any] = []  # the `ended` of the processes that are to stop before this one
        self._child_ctor = partial(Popen, preexec_fn=_as_if_alone, stdin=-3)  # DEVNULL

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start, watch, restart; tell honcho `start` with each pid, and `stop` once, at the very end."""
        self._events = events
        _die_with_parent(signal.SIGKILL)()
        if ignore_signals:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pause, code = FIRST_PAUSE, 0
        if self._stopping.is_set():
            self._send_message({"pid": os.getpid()}, type="start")  # honcho waits for one from everybody
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._live()
            pause = FIRST_PAUSE if time.monotonic() - started > LIVED_WELL else min(2 * pause, LONGEST_PAUSE)
            if not self._stopping.is_set():
                self._send_message(f"arrêté tout seul (code {code}) ; relancé dans {pause:g} s\n".encode())
                self._stopping.wait(pause)
        self.ended.set()
        self._send_message({"returncode": code}, type="stop")

    def _live(self) -> int:
        child = self._child = self._child_ctor(self.cmd, env=self.env, cwd=self.cwd)
        self._send_message({"pid": child.pid}, type="start")
        undertaker = threading.Thread(target=self._bury, args=(child,), daemon=True)
        undertaker.start()
        for line in iter(child.stdout.readline, b""):
            self._send_message(line)
        child.stdout.close()
        undertaker.join()
        return int(child.wait())

    def _bury(self, child: Any) -> None:
        """Wait for the process, then end what it leaves behind: granian's workers outlive it."""
        while child.poll() is None:
            if self._stopping.wait(0.1):
                self._stop(child)
        _ask(os.killpg, child.pid, signal.SIGKILL)
        for straggler in _session(child.pid):
            _ask(os.kill, straggler, signal.SIGKILL)

    def _stop(self, child: Any) -> None:
        for other in self.outlives:
            other.wait(GRACE + 1)
        _ask(os.killpg, child.pid, signal.SIGTERM)
        give_up = time.monotonic() + GRACE
        while child.poll() is None and time.monotonic() < give_up:
            time.sleep(0.05)
        if child.poll() is None:
            _ask(os.killpg, child.pid, signal.SIGKILL)


class RestartingManager(Manager):  # type: ignore[misc] # honcho is not typed
    """honcho's manager, with processes that are restarted; `once_started` is called when all were started."""

    def __init__(self, once_started: Callable[[], None]) -> None:
        super().__init__()
        self._once_started = once_started
        self._stopping = Event()
        self._process_ctor = partial(Supervised, stopping=self._stopping)

    def stop_last(self, name: str) -> None:
        """Stop this process when the others have ended: they still need it to end well."""
        processes = {known: process["obj"] for known, process in self._processes.items()}
        last = processes.pop(name, None)
        if last:
            last.outlives = [other.ended for other in processes.values()]

    def terminate(self) -> None:
        """Ask every process to stop, for good. Prints nothing: it may be called in the middle of a print."""
        self._stopping.set()

    def kill(self) -> None:
        """Leave it to each process's own supervisor, which kills after its grace."""

    def _start(self) -> None:
        super()._start()
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        self._once_started()

    def _stop(self, number: int, _frame: object) -> None:
        self.returncode = 128 + number
        # Not from here: a second signal amid the first one's would wait for a lock that it holds itself.
        threading.Thread(target=self.terminate, daemon=True).start()


def _ask(kill: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        kill(pid, number)


def _session(leader: int) -> list[int]:
    """Return the processes of the leader's session, whatever groups they made for themselves."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session = entry.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it has just ended
        if session == str(leader) and state != "Z":
            found.append(int(entry.parent.name))
    return found


def _as_if_alone() -> None:
    """Undo, in the process about to start, what its supervisor ignores: that would be inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _leash()


def _die_with_parent(number: int) -> Callable[[], None]:
    """Return what has the kernel signal this process when its parent dies, however it dies (Linux only)."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, number)


_leash = _die_with_parent(signal.SIGTERM)  # made before any fork: the child may only call it
