"""The live load: lines taken, rings under way, pacts and caps used, kept by the batches that bring events.

Every mark is a function of one event and of what the call was known to do: an event told twice, late or out
of order leaves the picture as it should be, and a Redis that lost everything is given it back from the
journals (`live.mend`), by the same script.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2s
from types import MappingProxyType
from zoneinfo import ZoneInfo

from redis import Redis

from config.patience import Breaker
from routing.compiled import RuleBook
from routing.model import Load

CALLS, LINES, WAITING, IDLE = "live:calls", "live:lines", "live:waiting", "live:idle"
OVERFLOWED, TODAY = "live:overflowed:", "live:today:"
STALE = 1.0  # seconds after which the load is known as unknown
HOUR = 3600

# Adds lines to the stream (unless it is full, or none is named) and marks what they change.
_RECORD = """
local cap, skip = tonumber(ARGV[1]), ARGV[2]
local OVER = {completed = 1, busy = 1, failed = 1, ['no-answer'] = 1, canceled = 1}
local STAGES = {ringing = 'ringing', taken = 'talking', unanswered = 'between', answered = 'ended',
  left = 'ended', booked = 'ended', last_resort = 'ended', status = 'status'}

local function told(value) return value ~= nil and value ~= cjson.null end

local function seconds(at)
  local y, m, d, h, mi, s = string.match(at, '^(%d+)-(%d+)-(%d+)T(%d+):(%d+):([%d.]+)')
  y, m = tonumber(y), tonumber(m)
  if m <= 2 then y, m = y - 1, m + 12 end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
  days = days + math.floor((153 * (m - 3) + 2) / 5) + d - 719469
  return days * 86400 + h * 3600 + mi * 60 + s
end

local function shift(key, desks, by)
  for _, desk in ipairs(desks) do
    if redis.call('HINCRBY', key, desk, by) < 1 then redis.call('HDEL', key, desk) end
  end
end

local function weigh(state, by)
  shift('live:lines', state.desks, by)
  if state.stage == 'ringing' then shift('live:waiting', state.desks, by) end
end

local function counted(key, call, at, life)
  redis.call('ZADD', key, 'LT', at, call)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', at - life)
  redis.call('EXPIRE', key, life)
end

local function spoke(line, at)
  local known = redis.call('HGET', 'live:idle', line)
  if not known or tonumber(known) < at then redis.call('HSET', 'live:idle', line, at) end
end

local function mark(e, stage)
  local at = seconds(e.at)
  if stage == 'ringing' and told(e.owner) and told(e.association) and e.owner ~= e.association then
    counted('live:overflowed:' .. e.owner .. '>' .. e.association, e.call, at, 7200)
  end
  if stage == 'talking' and told(e.association) and told(e.need) then
    counted('live:today:' .. e.association .. ' ' .. e.need, e.call, at, 172800)
  end
  if stage == 'talking' and told(e.line) then spoke(e.line, at) end
  local ended = redis.call('ZSCORE', 'live:ended', e.call)
  if ended and tonumber(ended) >= at then return end
  local held = redis.call('HGET', 'live:calls', e.call)
  local old = held and cjson.decode(held) or nil
  if old and (old.at > at or old.at == at and stage == 'between') then return end
  local new = {at = at, stage = stage, desks = {}}
  if stage == 'ringing' then
    if old and old.stage == 'ringing' and old.at == at then new.desks = old.desks end
    local known = false
    for _, desk in ipairs(new.desks) do known = known or desk == e.regulator end
    if not known and told(e.regulator) then table.insert(new.desks, e.regulator) end
  elseif stage == 'talking' then
    new.desks = told(e.regulator) and {e.regulator} or (old and old.desks or {})
    new.line = told(e.line) and e.line or nil
  end
  if held then weigh(cjson.decode(held), -1) end
  if old and old.line then spoke(old.line, at) end
  if stage == 'ended' then
    redis.call('HDEL', 'live:calls', e.call)
    redis.call('ZADD', 'live:ended', at, e.call)
    redis.call('ZREMRANGEBYSCORE', 'live:ended', '-inf', at - 600)
  else
    weigh(new, 1)
    redis.call('HSET', 'live:calls', e.call, cjson.encode(new))
  end
end

if KEYS[1] and redis.call('XLEN', KEYS[1]) + #ARGV - 2 > cap then return 0 end
for i = 3, #ARGV do
  local line = ARGV[i]
  if KEYS[1] then redis.call('XADD', KEYS[1], '*', 'e', line) end
  local stage = STAGES[string.match(line, '"name":"([a-z_]+)"') or '']
  if stage then
    local read, e = pcall(cjson.decode, line)
    if read and stage == 'status' then
      local ours = not told(e.direction) or e.direction == 'inbound'
      stage = ours and OVER[e.status] and 'ended' or nil
    end
    if read and stage and string.sub(e.call, 1, #skip) ~= skip then pcall(mark, e, stage) end
  end
end
return 1
"""


def recorder(redis: Redis, skip: str) -> Callable[[str | None, int, Sequence[str]], bool]:
    """A function that adds event lines to a stream of at most so many, and marks them; False: it is full.

    Without a stream the lines are only marked. Calls whose id begins with `skip` take no line. Raises what
    Redis raises.
    """
    script = redis.register_script(_RECORD)  # loads itself again on a server that was restarted

    def put(stream: str | None, cap: int, lines: Sequence[str]) -> bool:
        return bool(script([stream] if stream else [], [cap, skip, *lines]) == 1)

    return put


@lru_cache(maxsize=65536)
def line_mark(phone: str) -> str:
    """A desk's number as the live picture holds it."""
    return blake2s(phone.encode(), digest_size=8, person=b"3624line").hexdigest()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule book wants to know of the load beside lines and rings."""

    pacts: tuple[str, ...]  # those with a cap an hour
    caps: tuple[tuple[str, ZoneInfo], ...]  # "association need", and the zone of its days
    idle: Mapping[str, str]  # mark -> number, of desks that ring the longest idle first

    @classmethod
    def of(cls, book: RuleBook) -> Asked:
        """Of one book."""
        services = [one for of_need in book.services.values() for one in of_need.values()]
        pacts = {pact.key for one in services for pact in one.overflow if pact.cap_per_hour is not None}
        capped = {f"{s.association} {s.need}": s.schedule.zone for s in services if s.daily_cap is not None}
        targets = {t.phone: t.regulator for s in services for ring in s.rounds[:1] for t in ring}
        idlest = {
            phone for phone, desk in targets.items() if desk in book.desks and book.desks[desk].longest_idle
        }
        return cls(tuple(sorted(pacts)), tuple(capped.items()), {line_mark(phone): phone for phone in idlest})


def read(redis: Redis, asked: Asked, now: datetime) -> Load:
    """The load at an instant, in one round trip. Raises what Redis raises."""
    pipe = redis.pipeline(transaction=False)
    pipe.hgetall(LINES)
    pipe.hgetall(WAITING)
    pipe.hmget(IDLE, list(asked.idle) or [""])
    for pact in asked.pacts:
        pipe.zcount(OVERFLOWED + pact, now.timestamp() - HOUR, "+inf")
    for key, zone in asked.caps:
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        pipe.zcount(TODAY + key, midnight.timestamp(), "+inf")
    lines, waiting, spoke, *counts = pipe.execute()
    used = [int(count) for count in counts]
    idle = {
        phone: max(0.0, now.timestamp() - float(at))
        for phone, at in zip(asked.idle.values(), spoke, strict=False)
        if at is not None
    }
    return Load(
        lines_in_use=_by_desk(lines),
        waiting=_by_desk(waiting),
        overflowed={pact: n for pact, n in zip(asked.pacts, used, strict=False) if n},
        today={key: n for (key, _), n in zip(asked.caps, used[len(asked.pacts) :], strict=True) if n},
        idle=idle,
    )


class LiveLoad:
    """One process's copy of the load, renewed in the background: no call ever waits for it."""

    def __init__(
        self, redis: Redis, breaker: Breaker, book: Callable[[], RuleBook], clock: Callable[[], datetime]
    ) -> None:
        self._redis, self._breaker, self._book, self._clock = redis, breaker, book, clock
        self._asked: tuple[RuleBook | None, Asked] = (None, Asked((), (), MappingProxyType({})))
        self._held, self._at = Load(), 0.0

    def current(self) -> Load:
        """The load as of a moment ago; an empty one when it cannot be known."""
        return self._held if time.monotonic() - self._at < STALE else Load()

    def refresh(self) -> None:
        """Ask Redis once. For a background thread."""
        book = self._book()
        if self._asked[0] is not book:
            self._asked = (book, Asked.of(book))
        found = self._breaker.call(lambda: read(self._redis, self._asked[1], self._clock()), default=None)
        if found is not None:
            self._held, self._at = found, time.monotonic()


def _by_desk(counts: Mapping[bytes, bytes]) -> dict[str, int]:
    return {desk.decode(): int(count) for desk, count in counts.items()}
