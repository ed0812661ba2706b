"""What is worth waking somebody for, looked at every few seconds; each with its next step in words."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis, RedisError
from sqlalchemy import Connection, func, select

from workers.records import live, paris
from workers.records.callrecord import Outcome, Stage, fold
from workers.records.events import read
from workers.records.spool import Spool
from workers.records.tables import forecasts, journals, lost_callers, records

WINDOW = timedelta(minutes=10)  # QS60 is judged on it, and a fallback stays in sight that long
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
BACKLOG = 5000  # events not counted yet
STUCK = 30  # seconds a spool file may lie: told within a minute of the first event in it
SILENT_ISSUES = frozenset({"no_answer", "busy", "failed"})

NEXT_STEP: Mapping[str, str] = {
    "calls_low": "Appelez le 3624 depuis un téléphone ; si rien ne sonne, prévenez l'opérateur et "
    "activez le renvoi de secours.",
    "calls_high": "Prévenez les associations ; ouvrez le débordement ou le message d'affluence.",
    "qs60_low": "Regardez les postes en ligne ; appelez le responsable de la régulation pour renfort.",
    "desk_silent": "Appelez le poste par un autre moyen ; s'il est fermé, déclarez une fermeture.",
    "fallback_used": "Lisez les journaux « webhook_failed » ; si cela dure, revenez à la version précédente.",
    "callbacks_late": "Ouvrez la liste des rappels et prévenez les médecins d'astreinte.",
    "callers_lost": "Ouvrez la liste des appelants perdus et rappelez : les numéros s'effacent en 72 h.",
    "spool_stuck": "Vérifiez Redis et le processus « ledger » ; rien n'est perdu tant que le disque tient.",
    "backlog": "Vérifiez que le processus « ledger » tourne ; le tableau de bord est en retard.",
    "redis_down": "Redémarrez Redis ; les appels continuent, les chiffres en direct attendent.",
    "closure_ending": "Prolongez la fermeture si elle doit durer ; sinon il n'y a rien à faire.",
    "synthetic_failed": "Lancez sos3624 doctor ; si les vrais appels n'arrivent pas non plus, activez "
    "le renvoi de secours.",
    "emergency_closure": "Rien à faire si c'est voulu ; la fédération peut la finir, page « Fermetures ».",
    "sql_down": "Redémarrez la base ; les appels continuent, les rappels sont gardés sur disque.",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong now. `scope` is an association, a desk, or "" for the service."""

    kind: str
    scope: str
    said: str

    @property
    def next_step(self) -> str:
        """What to do, in one sentence."""
        return NEXT_STEP[self.kind]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Settings of the alerts (`chosen.CHOICES` says what each may be)."""

    qs60: float = 0.8
    fewest: int = 5  # calls, or rings, below which nothing is concluded
    callbacks_late: int = 1
    unlikely: float = 0.001  # chance under which a count is out of the expected band


def in_sql(connection: Connection, now: datetime, limits: Thresholds) -> list[Condition]:
    """Everything the database tells of."""
    picture = live.picture(connection, now)
    found = [*_callbacks(picture, limits), *_volume(connection, now, limits), *_slow(connection, now, limits)]
    return [
        *found,
        *_silent_desks(connection, now, limits),
        *_rescued(connection, now),
        *_lost(connection, now),
    ]


def outside(redis: Redis, waiting: Callable[[], int], spool: Spool, now: float) -> list[Condition]:
    """What Redis and the disk tell of."""
    found = []
    try:
        redis.ping()
        if (count := waiting()) > BACKLOG:
            found.append(Condition("backlog", "", f"{count} événements attendent d'être comptés."))
    except (RedisError, OSError) as fault:
        found.append(Condition("redis_down", "", f"Redis ne répond pas ({type(fault).__name__})."))
    age = spool.age(now)
    if age > STUCK:
        found.append(Condition("spool_stuck", "", f"Des événements attendent sur disque depuis {age:.0f} s."))
    return found


def _callbacks(picture: live.Picture, limits: Thresholds) -> Iterator[Condition]:
    for scope, situation in picture.associations.items():
        if situation.callbacks_late >= limits.callbacks_late:
            yield Condition("callbacks_late", scope, f"Rappels en retard : {situation.callbacks_late}.")


def _volume(connection: Connection, now: datetime, limits: Thresholds) -> list[Condition]:
    """What began against the band expected: silence is news too. The service by the quarter of an hour;
    an association by the quarter, and by the hour, where a small one's silence shows."""
    found: dict[tuple[str, str], Condition] = {}
    for window in (QUARTER, HOUR):
        bands, counts = _bands(connection, now, window), _began(connection, now - window, now)
        # So many series are looked at that each must be that much less likely.
        chance = limits.unlikely / max(1, len(bands))
        for scope, band in bands.items():
            if scope == "" and window is HOUR:
                continue
            one = _out_of(band, counts[scope], scope, window, limits.unlikely if scope == "" else chance)
            if one:
                found.setdefault((one.kind, scope), one)
    return list(found.values())


def _out_of(
    band: tuple[float, float, float], count: int, scope: str, window: timedelta, chance: float
) -> Condition | None:
    expected, low, high = band
    told = f"{count} appels en {window // timedelta(minutes=1)} minutes, {expected:.0f} attendus."
    if low and poisson_at_most(count, low) < chance:
        return Condition("calls_low", scope, told)
    if high and count and 1 - poisson_at_most(count - 1, high) < chance:
        return Condition("calls_high", scope, told)
    return None


def _bands(connection: Connection, now: datetime, window: timedelta) -> dict[str, tuple[float, float, float]]:
    """Calls expected in a window, their low and high, by association: each hour for its part of it.

    A series that is not foretold for the whole window is left out.
    """
    shares: Counter[tuple[int, int]] = Counter()
    minutes = window // timedelta(minutes=1)
    for n in range(minutes):
        day, minute, _ = paris.placed(now - timedelta(minutes=n, seconds=1))
        shares[day, minute // 60] += 1
    found: dict[str, tuple[float, float, float]] = {}
    hours = Counter[str]()
    for (day, hour), count in shares.items():
        part = count / 6000  # hundredths an hour -> calls in that many minutes
        here = (forecasts.c.day == day) & (forecasts.c.hour == hour)
        for row in connection.execute(select(forecasts).where(here)):
            hours[row.association] += 1
            known = found.get(row.association, (0.0, 0.0, 0.0))
            more = (row.expected * part, row.low * part, row.high * part)
            found[row.association] = (known[0] + more[0], known[1] + more[1], known[2] + more[2])
    return {scope: band for scope, band in found.items() if hours[scope] == len(shares)}


def _began(connection: Connection, since: datetime, now: datetime) -> Counter[str]:
    query = select(journals.c.association, func.count().label("calls")).where(
        journals.c.began_at > since, journals.c.began_at <= now
    )
    counts = Counter[str]()
    for row in connection.execute(query.group_by(journals.c.association)):
        for scope in {"", row.association or ""}:
            counts[scope] += row.calls
    return counts


def _slow(connection: Connection, now: datetime, limits: Thresholds) -> Iterator[Condition]:
    """QS60 of the calls that began in the last ten minutes, once they can be judged."""
    quick, judged = Counter[str](), Counter[str]()
    columns = (journals.c.association, journals.c.rang_at, journals.c.taken_at)
    query = select(*columns, journals.c.began_at).where(journals.c.began_at > now - WINDOW)
    for row in connection.execute(query.where(journals.c.rang_at.is_not(None))):
        waited = ((row.taken_at or now) - row.rang_at).total_seconds()
        for scope in {"", row.association or ""}:
            quick[scope] += row.taken_at is not None and waited <= 60
            judged[scope] += row.taken_at is not None or waited > 60
    for scope, count in judged.items():
        share = quick[scope] / count if count else 1.0
        if count >= limits.fewest and share < limits.qs60:
            yield Condition("qs60_low", scope, f"QS60 {share:.0%} sur 10 minutes ({count} appels).")


def _silent_desks(connection: Connection, now: datetime, limits: Thresholds) -> Iterator[Condition]:
    rung, answered = Counter[str](), Counter[str]()
    for regulator, issue in _rings(connection, now - 2 * QUARTER):
        rung[regulator] += issue in SILENT_ISSUES or issue == "answered"
        answered[regulator] += issue == "answered"
    for desk, count in rung.items():
        if count >= limits.fewest and not answered[desk]:
            yield Condition("desk_silent", desk, f"{count} sonneries sans réponse en 30 minutes.")


def _rings(connection: Connection, since: datetime) -> Iterator[tuple[str, str | None]]:
    """Desk and issue of each ring: of the calls that ended, and of those another desk is still talking to."""
    for text in connection.scalars(select(records.c.rings).where(records.c.began_at > since)):
        yield from ((regulator, issue) for regulator, _, _, issue in json.loads(text))
    under_way = select(journals.c.events).where(~journals.c.closed, journals.c.began_at > since)
    for text in connection.scalars(under_way):
        record = fold(read(line) for line in text.split("\n"))
        took = record.regulator if record.stage is Stage.TALKING else None
        yield from ((r.regulator, "answered" if r.regulator == took else r.disposition) for r in record.rings)


def _rescued(connection: Connection, now: datetime) -> Iterator[Condition]:
    """In the journals: a call that was rescued may well go on talking for an hour."""
    mark = '"name":"rescued"'
    query = select(journals.c.events).where(
        journals.c.heard_at > now - WINDOW, journals.c.events.contains(mark)
    )
    lines = (line for text in connection.scalars(query) for line in text.split("\n") if mark in line)
    count = sum(read(line).at > now - WINDOW for line in lines)
    if count:
        yield Condition("fallback_used", "", f"La voie de secours a servi {count} fois en 10 minutes.")


def _lost(connection: Connection, now: datetime) -> Iterator[Condition]:
    """Of callers we never saw; who gave up waiting is on the association's own list, and no alert."""
    counted = lost_callers.outerjoin(records, records.c.call == lost_callers.c.call)
    unseen = func.coalesce(records.c.outcome, Outcome.MISSED.value) == Outcome.MISSED.value
    open_ones = lost_callers.c.rung_back_at.is_(None) & (lost_callers.c.began_at > now - timedelta(hours=72))
    count = connection.scalar(select(func.count()).select_from(counted).where(open_ones, unseen)) or 0
    if count:
        yield Condition("callers_lost", "", f"Appelants perdus à rappeler : {count}.")


def poisson_at_most(count: int, mean: float) -> float:
    """P(X ≤ count) of a Poisson law."""
    if count < 0:
        return 0.0
    terms = (n * math.log(mean) - mean - math.lgamma(n + 1) for n in range(count + 1))
    return min(1.0, math.fsum(math.exp(term) for term in terms))
