"""The live picture: made from SQL each second, hence exact after any restart, and told through Redis."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from redis import Redis
from sqlalchemy import Connection, func, select

from workers.callbacks.callback import CLOSED
from workers.callbacks.tables import callbacks
from workers.records import load, paris
from workers.records.callrecord import Stage
from workers.records.reserved import SYNTHETIC
from workers.records.tables import WAIT_EDGES, journals, rollups

KEY = "live:picture"
STALE = 15  # seconds after which a picture is told to be old
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FORGOTTEN = timedelta(hours=5)  # no call lasts that long: an end was lost, and the carrier cannot be asked
DAY = timedelta(hours=26)  # the longest day a cap is counted over
SETTLED = timedelta(seconds=5)  # both ways of an event's have been gone by then
SOME = 500  # calls, or lines in one command
WHOLE = "live:whole"  # there while Redis has not lost its marks
QUICK = tuple(f"wait_{edge}" for edge in WAIT_EDGES if edge <= 60)


@dataclass(slots=True)
class Situation:
    """The calls of the whole service, or of one association."""

    in_progress: int = 0
    ringing: int = 0  # a desk's telephone rings
    waiting: int = 0  # a desk was rung and nobody has taken the call yet
    longest_wait: float = 0.0  # seconds since the first ring, of those
    talking: int = 0
    presented: int = 0  # calls that began in the last hour
    quick: int = 0  # of these, taken within 60 s of the first ring
    judged: int = 0  # of these, those of which QS60 can be told already
    callbacks_due: int = 0
    callbacks_late: int = 0

    @property
    def qs60(self) -> float | None:
        """Taken within 60 s / (presented − early hang-ups − those still undecided), of the last hour."""
        return round(self.quick / self.judged, 4) if self.judged else None


@dataclass(slots=True)
class Picture:
    """Everything the live screens show, and the instant it is true of."""

    at: datetime
    service: Situation = field(default_factory=Situation)
    associations: dict[str, Situation] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)  # desk -> calls on its lines

    def of(self, association: str | None) -> Situation:
        """One association's situation, or the service's."""
        return self.service if association is None else self.associations.get(association, Situation())

    def text(self) -> str:
        """As it is stored and sent."""
        told = {name: _told(one) for name, one in sorted(self.associations.items())}
        return json.dumps(
            {
                "at": self.at.isoformat(timespec="milliseconds"),
                "said": said(self.at),
                "service": _told(self.service),
                "associations": told,
                "lines": dict(sorted(self.lines.items())),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )


def said(at: datetime) -> str:
    """« arrêtés à 14 h 02 min 10 s », whose hour never breaks onto a second line."""
    local = at.astimezone(paris.ZONE)
    return f"arrêtés à {local:%H}\u00a0h\u00a0{local:%M}\u00a0min\u00a0{local:%S}\u00a0s"


def picture(connection: Connection, now: datetime) -> Picture:
    """The picture at an instant."""
    made = Picture(now)
    lines: Counter[str] = Counter()
    for row in _open_calls(connection, now):
        lines.update(desk for desk in row.desks.split(",") if desk)
        for situation in _concerned(made, row.association):
            _add_call(situation, row, now)
    made.lines = dict(lines)
    for row in _last_hour(connection, now):
        for situation in _concerned(made, row.association):
            situation.presented += row.calls
            situation.quick += row.quick
            situation.judged += row.calls - row.early
    for association, due, late in _callbacks(connection, now):
        for situation in _concerned(made, association):
            situation.callbacks_due += due
            situation.callbacks_late += late
    return made


def tell(redis: Redis, made: Picture) -> None:
    """Put the picture where the feed and voice find it."""
    redis.set(KEY, made.text(), ex=3600)


def mend(connection: Connection, redis: Redis, now: datetime) -> int:
    """Bring the live load (`load`) to what the journals say; returns how many calls were told again.

    All of the last day for a Redis that came back empty, else the calls of which the two disagree: their ends
    came by another way (the reconciler, a dead process's spool). The script takes what it knows for nothing.
    """
    put = load.recorder(redis, SYNTHETIC)
    stages = (journals.c.stage.in_([Stage.RINGING.value, Stage.TALKING.value]), ~journals.c.closed)
    settled = journals.c.heard_at < now - SETTLED
    whole = bool(redis.exists(WHOLE))
    if whole:
        held = [sid.decode() for sid in cast("list[bytes]", redis.hkeys(load.CALLS))]
        over = journals.c.call.in_(held[:SOME]) & (
            journals.c.closed | (journals.c.stage == Stage.ENDED.value)
        )
        rows = list(connection.execute(_told_again.where(over)))
        open_ones = _told_again.where(*stages, settled, journals.c.began_at > now - FORGOTTEN)
        rows += [row for row in connection.execute(open_ones) if row.call not in held]
    else:
        rows = list(connection.execute(_told_again.where(journals.c.heard_at > now - DAY)))
    lines = [line for row in rows for line in row.events.split("\n")]
    for start in range(0, len(lines), SOME):
        put(None, 0, lines[start : start + SOME])
    if not whole:
        redis.set(WHOLE, now.isoformat())
    return len(rows)


def _concerned(made: Picture, association: str | None) -> Iterable[Situation]:
    yield made.service
    if association:
        yield made.associations.setdefault(association, Situation())


_told_again = select(journals.c.call, journals.c.events).order_by(journals.c.began_at)


def _open_calls(connection: Connection, now: datetime) -> Iterable[Any]:
    columns = (journals.c.stage, journals.c.association, journals.c.desks, journals.c.began_at)
    query = select(*columns, journals.c.rang_at, journals.c.taken_at)
    return connection.execute(query.where(~journals.c.closed, journals.c.began_at > now - FORGOTTEN)).all()


def _add_call(situation: Situation, row: Any, now: datetime) -> None:
    _add_to_hour(situation, row, now)
    if row.stage == Stage.ENDED:
        return  # over by our own account; only the carrier's word is awaited
    situation.in_progress += 1
    situation.ringing += row.stage == Stage.RINGING
    situation.talking += row.stage == Stage.TALKING
    if row.rang_at is not None and row.stage != Stage.TALKING:
        situation.waiting += 1
        situation.longest_wait = max(
            situation.longest_wait, round(max(0.0, (now - row.rang_at).total_seconds()), 1)
        )


def _add_to_hour(situation: Situation, row: Any, now: datetime) -> None:
    if row.began_at < now.replace(second=0, microsecond=0) + MINUTE - HOUR:
        return
    situation.presented += 1
    waited = ((row.taken_at or now) - (row.rang_at or row.began_at)).total_seconds()
    quick = row.taken_at is not None and waited <= 60
    situation.quick += quick
    situation.judged += quick or row.taken_at is not None or waited > 60 or row.stage == Stage.ENDED


def _last_hour(connection: Connection, now: datetime) -> Iterable[Any]:
    """The closed calls of the last sixty whole minutes and the one under way."""
    table = rollups["rollup_minute"]
    day, minute, _ = paris.placed(now)
    first_day, first, _ = paris.placed(now - HOUR + MINUTE)
    when = (
        table.c.day.between(first_day, day)
        & ((table.c.day > first_day) | (table.c.minute >= first))
        & ((table.c.day < day) | (table.c.minute <= minute))
    )
    quick = sum((table.c[name] for name in QUICK[1:]), table.c[QUICK[0]])
    query = select(
        table.c.association,
        func.sum(table.c.calls).label("calls"),
        func.sum(table.c.early).label("early"),
        func.sum(quick).label("quick"),
    )
    return connection.execute(query.where(when).group_by(table.c.association)).all()


def _callbacks(connection: Connection, now: datetime) -> Iterable[tuple[str | None, int, int]]:
    query = select(callbacks.c.association, callbacks.c.promised_by, callbacks.c.kept_at).where(
        callbacks.c.state.not_in(sorted(state.value for state in CLOSED))
    )
    due: Counter[str | None] = Counter()
    broken: Counter[str | None] = Counter()
    for association, promised_by, kept_at in connection.execute(query):
        due[association] += 1
        broken[association] += kept_at is None and promised_by < now
    return [(association, count, broken[association]) for association, count in due.items()]


def _told(situation: Situation) -> Mapping[str, float | None]:
    return asdict(situation) | {"qs60": situation.qs60}
