"""One call a second for the account, however many workers: a bucket in Redis, else one a process."""

from __future__ import annotations

import time
from collections.abc import Callable

from redis import Redis

from config.patience import Breaker

# Redis's own clock: workers on several machines share it. A turn a minute away is a clock that jumped.
_TURN = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local turn = tonumber(redis.call('GET', KEYS[1]) or '0')
if turn < now or turn > now + 60000 then turn = now end
local wait = turn - now
if wait > tonumber(ARGV[2]) then return -1 end
redis.call('SET', KEYS[1], turn + tonumber(ARGV[1]), 'PX', 120000)
return wait
"""
KEY = "3624:carrier:turn"
LONGEST = 5.0  # seconds a job waits for its turn; beyond, the sweeper rings again


class Pace:
    """Waits for a turn to ring the carrier."""

    def __init__(self, redis: Redis, per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._interval, self._sleep = 1.0 / per_second, sleep
        self._script = redis.register_script(_TURN)
        self._breaker = Breaker()
        self._mine = 0.0  # monotonic instant of this process's next turn, without Redis

    def wait(self) -> bool:
        """Sleep until it is our turn. False when the turn is too far away to wait for."""
        wait = self._breaker.call(self._shared, None)
        if wait is None:
            wait = self._own()
        if wait < 0:
            return False
        self._sleep(wait)
        return True

    def _shared(self) -> float | None:
        answer: int = self._script(keys=[KEY], args=[round(self._interval * 1000), round(LONGEST * 1000)])
        return answer / 1000 if answer >= 0 else -1.0

    def _own(self) -> float:
        now = time.monotonic()
        turn = max(now, self._mine)
        self._mine = turn + self._interval
        return turn - now
