"""A limit that holds when the other side is frozen: a circuit breaker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from redis import RedisError

T = TypeVar("T")


class Breaker:
    """Answers with a default, at once, while what it guards is known to be broken. Thread-safe.

    After `failures` faults in a row it stays open for `rest` seconds; then one caller alone tries, half-open,
    and its success closes it again. Only `faults` count: a mistake of ours still raises.
    """

    def __init__(
        self,
        *,
        failures: int = 1,
        rest: float = 2.0,
        faults: tuple[type[Exception], ...] = (RedisError, OSError),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures, self._rest, self._faults, self._clock = failures, rest, faults, clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def closed(self) -> bool:
        """Whether all is well as far as is known."""
        return self._opened_at is None

    def call(self, ask: Callable[[], T], default: T) -> T:
        """Return what `ask` returns, or `default` when it fails or is not to be tried now."""
        return self._tried(ask, default) if self._may_try() else default

    def look(self, ask: Callable[[], T], default: T) -> T:
        """As `call`, but asks while it is open too: for a background thread, so that no caller finds out."""
        return self._tried(ask, default)

    def _tried(self, ask: Callable[[], T], default: T) -> T:
        try:
            answer = ask()
        except self._faults:
            self._note_failure()
            return default
        except BaseException:
            self._note_success()  # it was reached: the fault is the caller's own
            raise
        self._note_success()
        return answer

    def _may_try(self) -> bool:
        with self._lock:
            if self._opened_at is None:
                return True
            if self._probing or self._clock() - self._opened_at < self._rest:
                return False
            self._probing = True
            return True

    def _note_failure(self) -> None:
        with self._lock:
            self._failed += 1
            self._probing = False
            if self._failed >= self._failures:
                self._opened_at = self._clock()

    def _note_success(self) -> None:
        with self._lock:
            self._failed, self._opened_at, self._probing = 0, None, False
