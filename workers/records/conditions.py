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
from workers.records.spool import Spool
from workers.records.tables import forecasts, journals, lost_callers, records, rollups

WINDOW = timedelta(minutes=10)  # QS60 is judged on it, and a fallback stays in sight that long
FEWEST = 5  # calls, or rings, below which nothing is concluded
QUARTER = timedelta(minutes=15)
UNLIKELY = 0.001  # chance under which a quarter of an hour's calls are out of the expected band
BACKLOG = 5000  # events not counted yet
STUCK = 60  # seconds a spool file may lie
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
    """Settings of the alerts."""

    qs60: float = 0.8
    callbacks_late: int = 1


def in_sql(connection: Connection, now: datetime, limits: Thresholds) -> list[Condition]:
    """Everything the database tells of."""
    picture = live.picture(connection, now)
    found = [*_callbacks(picture, limits), *_volume(connection, now), *_slow(connection, now, limits)]
    return [*found, *_silent_desks(connection, now), *_rescued(connection, now), *_lost(connection, now)]


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
            yield Condition("callbacks_late", scope, f"{situation.callbacks_late} rappel(s) en retard.")


def _volume(connection: Connection, now: datetime) -> Iterator[Condition]:
    """The last quarter of an hour against the band of the hour it ends in. Silence is news too."""
    day, minute, _ = paris.placed(now)
    expected = connection.execute(
        select(forecasts).where(
            forecasts.c.association == "", forecasts.c.day == day, forecasts.c.hour == minute // 60
        )
    ).one_or_none()
    if expected is None:
        return
    count = _began_since(connection, now - QUARTER, now)
    low, high = expected.low / 400, expected.high / 400  # hundredths an hour -> calls a quarter
    told = f"{count} appels en 15 minutes, {expected.expected / 400:.0f} attendus."
    if low and poisson_at_most(count, low) < UNLIKELY:
        yield Condition("calls_low", "", told)
    if high and count and 1 - poisson_at_most(count - 1, high) < UNLIKELY:
        yield Condition("calls_high", "", told)


def _began_since(connection: Connection, since: datetime, now: datetime) -> int:
    query = select(func.count()).where(journals.c.began_at > since, journals.c.began_at <= now)
    return connection.scalar(query) or 0


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
        if count >= FEWEST and share < limits.qs60:
            yield Condition("qs60_low", scope, f"QS60 {share:.0%} sur 10 minutes ({count} appels).")


def _silent_desks(connection: Connection, now: datetime) -> Iterator[Condition]:
    rung, answered = Counter[str](), Counter[str]()
    query = select(records.c.rings).where(records.c.began_at > now - 2 * QUARTER)
    for text in connection.scalars(query):
        for regulator, _, _, issue in json.loads(text):
            rung[regulator] += issue in SILENT_ISSUES or issue == "answered"
            answered[regulator] += issue == "answered"
    for desk, count in rung.items():
        if count >= FEWEST and not answered[desk]:
            yield Condition("desk_silent", desk, f"{count} sonneries sans réponse en 30 minutes.")


def _rescued(connection: Connection, now: datetime) -> Iterator[Condition]:
    table = rollups["rollup_minute"]
    day, minute, _ = paris.placed(now - WINDOW)
    since = (table.c.day > day) | ((table.c.day == day) & (table.c.minute >= minute))
    count = connection.scalar(select(func.sum(table.c.rescued)).where(table.c.day >= day, since)) or 0
    if count:
        yield Condition("fallback_used", "", f"La voie de secours a servi {count} fois en 10 minutes.")


def _lost(connection: Connection, now: datetime) -> Iterator[Condition]:
    open_ones = lost_callers.c.rung_back_at.is_(None) & (lost_callers.c.began_at > now - timedelta(hours=72))
    count = connection.scalar(select(func.count()).select_from(lost_callers).where(open_ones)) or 0
    if count:
        yield Condition("callers_lost", "", f"{count} appelant(s) perdu(s) à rappeler.")


def poisson_at_most(count: int, mean: float) -> float:
    """P(X ≤ count) of a Poisson law."""
    if count < 0:
        return 0.0
    terms = (n * math.log(mean) - mean - math.lgamma(n + 1) for n in range(count + 1))
    return min(1.0, math.fsum(math.exp(term) for term in terms))
