"""Whoever is asked tells the figures of every process, and none of a process that has gone."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import Engine

from tests.conftest import SECRET_KEYS
from tests.record_calls import NOON, Told
from voice import health
from workers.records import gauges
from workers.records.intake import Intake
from workers.records.ledger import Ledger
from workers.records.meters import Meters
from workers.records.monthkeys import MonthKeys
from workers.records.spool import Spool


def registry(count: int) -> CollectorRegistry:
    made = CollectorRegistry()
    calls = Counter("calls", "Calls", ["path"], registry=made)
    calls.labels("/voice/step").inc(count)
    Histogram("seconds", "Time", buckets=(0.1, 1), registry=made).observe(0.05)
    Gauge("depth", "Depth", registry=made).set(count)
    return made


def told(text: bytes) -> dict[tuple[str, str], float]:
    """(sample, process) -> value."""
    return {
        (sample.name, sample.labels["process"]): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.labels.get("le") in (None, "+Inf")
    }


def test_each_process_shows_all_of_them(tmp_path: Path) -> None:
    other, mine = Meters(tmp_path, "ledger"), Meters(tmp_path, "web")
    other.leave(registry(3))
    text = mine.all(registry(5))
    assert text.count(b"# TYPE calls_total counter") == 1
    pid = os.getpid()
    found = told(text)
    assert found["calls_total", f"ledger-{pid}"] == 3
    assert found["calls_total", f"web-{pid}"] == 5
    assert found["seconds_bucket", f"web-{pid}"] == 1


def test_a_dead_process_takes_its_figures_with_it(tmp_path: Path) -> None:
    Meters(tmp_path, "ledger").leave(registry(3))
    old = time.time() - 60
    os.utime(next(tmp_path.glob("ledger-*.prom")), (old, old))
    assert b"ledger" not in Meters(tmp_path, "web").all(registry(1))


def test_the_ledger_tells_where_calls_stand_and_what_waits(
    sqlite_engine: Engine, redis_client: Redis, tmp_path: Path
) -> None:
    book = Ledger(sqlite_engine, MonthKeys((SECRET_KEYS,)))
    calls = [Told("CA1").decided().ringing(), Told("CA2").decided().ringing().taken().over()]
    book.take([event.text() for call in calls for event in call.events], NOON + timedelta(hours=1))
    intake = Intake(redis_client, book, Spool(tmp_path / "events", "events"))
    gauges.look(sqlite_engine, redis_client, intake, NOON + timedelta(minutes=5))
    value = gauges.REGISTRY.get_sample_value
    assert value("sos3624_calls_now", {"stage": "ringing"}) == 1
    assert value("sos3624_calls_today", {"outcome": "answered"}) == 1
    assert value("sos3624_qs60_last_hour") == 0.5
    assert value("sos3624_events_waiting") == 0


ROOT = Path(__file__).parents[1]


def test_every_figure_the_dashboard_and_the_rules_ask_for_exists() -> None:
    told = generate_latest(gauges.REGISTRY) + generate_latest(health.REGISTRY)
    known = {family.name for family in text_string_to_metric_families(told.decode())}
    known |= {f"{name}_{end}" for name in known for end in ("total", "bucket")}
    files = [ROOT / "docs/operations" / name for name in ("grafana.json", "alerts.yml")]
    asked = {name for file in files for name in re.findall(r"sos3624_[a-z0-9_]+", file.read_text())}
    assert asked - known == set()
    assert json.loads(files[0].read_text())["panels"]
