"""Nothing promised is lost, nobody is rung twice for one attempt: with everything failing at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.campaign import Campaign
from tests.faults.postgres import Postgres
from tests.faults.report import Report

pytestmark = pytest.mark.servers


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends every process, whatever happened."""
    with ExitStack() as made:
        yield made


def campaign(
    folder: Path,
    stack: ExitStack,
    count: int,
    kills: int,
    *,
    patience: float,
    stopped: float = 6,  # seconds
    sql: Postgres | None = None,
) -> Report:
    """Book, hurt, wait for quiet, count."""
    one = Campaign(folder, stack, faults=True, seed=3624, postgres=sql)
    one.duty(40)
    began = time.monotonic()
    one.book(count // 2)
    for number in range(kills):
        one.kill_someone()
        if number == kills // 4:
            one.book(count - count // 2, count // 2)
        if number % max(1, kills // 3) == kills // 6:
            one.kill_redis()
        if number % max(1, kills // 2) == kills // 3:
            one.meanwhile(one.stop_sql, stopped)
        if number % max(1, kills // 2) == kills // 5:
            one.meanwhile(one.step_clock, 3600 if number < kills // 2 else -3600, 2)
        time.sleep(0.2 + one.chance.random() * 0.6)
    one.quiet()
    while one.open() and time.monotonic() - began < patience:
        time.sleep(0.5)
    return one.judged(time.monotonic() - began)


def judge(report: Report) -> None:
    print(f"\n{report}")  # noqa: T201 - the figures of the campaign are its point
    assert report.lost == []
    assert report.doubled == []
    assert report.joined_twice == []


@pytest.mark.timeout(600)
def test_500_callbacks_outlive_25_kills(tmp_path: Path, stack: ExitStack) -> None:
    judge(campaign(tmp_path, stack, 500, 25, patience=400))


@pytest.mark.timeout(300)
def test_60_callbacks_outlive_a_postgresql_frozen_and_killed(tmp_path: Path, stack: ExitStack) -> None:
    postgres = Postgres()
    stack.callback(postgres.close)
    judge(campaign(tmp_path, stack, 60, 4, patience=200, stopped=3, sql=postgres))


@pytest.mark.soak
@pytest.mark.timeout(9000)
def test_10000_callbacks_outlive_500_kills(tmp_path: Path, stack: ExitStack) -> None:
    judge(campaign(tmp_path, stack, 10_000, 500, patience=8000))


@pytest.mark.soak
@pytest.mark.timeout(4800)
def test_2000_callbacks_outlive_100_kills_on_postgresql(tmp_path: Path, stack: ExitStack) -> None:
    postgres = Postgres()
    stack.callback(postgres.close)
    judge(campaign(tmp_path, stack, 2000, 100, patience=4000, sql=postgres))
