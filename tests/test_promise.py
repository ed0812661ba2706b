"""What may be promised, who comes first, when a missed patient is rung again."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing import numbers
from workers.callbacks import policy
from workers.callbacks.callback import AgeClass, Promise
from workers.callbacks.notices import Notice
from workers.callbacks.policy import FEWEST, LATEST, Outlook
from workers.callbacks.promise import cancels, sms, spoken

PARIS, REUNION = ZoneInfo("Europe/Paris"), ZoneInfo("Indian/Reunion")
EVENING = datetime(2026, 1, 12, 20, 17, tzinfo=PARIS)
FOUR = [timedelta(minutes=4)] * FEWEST


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_measured_promise_is_a_time_rounded_up_and_said_as_one() -> None:
    promise = policy.promise(Outlook(doctors=2, ahead=5, talks=FOUR), EVENING)
    assert promise == Promise(datetime(2026, 1, 12, 20, 35, tzinfo=PARIS), measured=True)  # 3 rounds of 5 min
    assert spoken(promise, EVENING, PARIS) == "avant 20 h 35"
    assert spoken(promise, EVENING, REUNION) == "avant 23 h 35"


@pytest.mark.parametrize("outlook", [Outlook(0, 0, FOUR), Outlook(3, 2, FOUR[:-1]), Outlook(1, 900, FOUR)])
def test_without_doctors_measures_or_hope_no_time_is_invented(outlook: Outlook) -> None:
    promise = policy.promise(outlook, EVENING)
    assert not promise.measured
    assert promise.by - EVENING >= LATEST
    assert spoken(promise, EVENING, PARIS) == "dans la soirée, au plus tard à 23 h 30"


@pytest.mark.parametrize(
    ("now", "by", "words"),
    [
        ((12, 10, 45), (12, 13, 45), "au plus tard à 13 h 45"),
        ((12, 8, 0), (12, 11, 0), "dans la matinée, au plus tard à 11 h"),
        ((12, 21, 50), (13, 0, 50), "au plus tard à 0 h 50"),
        ((12, 13, 0), (13, 13, 0), "au plus tard à 13 h demain"),
    ],
)
def test_a_part_of_the_day_is_named_only_where_the_deadline_is_in_it(
    now: tuple[int, int, int], by: tuple[int, int, int], words: str
) -> None:
    said, due = (datetime(2026, 1, *when, tzinfo=PARIS) for when in (now, by))
    assert spoken(Promise(due, measured=False), said, PARIS) == words


@pytest.mark.parametrize(("promised", "told"), [(180, 170), (30, 20), (9, 6), (0, 0)])
def test_a_delay_is_told_ten_minutes_before_and_never_at_once(promised: int, told: int) -> None:
    assert policy.warned_at(EVENING, EVENING + minutes(promised)) == EVENING + minutes(told)


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("gone", [minutes(0), minutes(25), timedelta(days=1)])
def test_a_time_that_has_gone_by_is_not_promised_again(measured: bool, gone: timedelta) -> None:
    promise = Promise(EVENING, measured)
    assert spoken(promise, EVENING + gone, PARIS) == "dès que possible"
    assert "rappelons dès que possible" in sms(Notice.BOOKED, promise, EVENING + gone, PARIS)


def test_one_long_talk_in_twenty_is_not_hidden_by_the_short_ones() -> None:
    talks = [minutes(2)] * 17 + [minutes(20)] * 3
    assert policy.percentile(talks, 0.9) == minutes(20)


def test_a_missed_patient_is_rung_after_5_20_and_60_minutes_then_a_person_takes_over() -> None:
    noon = datetime(2026, 1, 12, 12, tzinfo=PARIS)
    delays = [policy.next_attempt_at(tries, noon, PARIS) for tries in (1, 2, 3, 4)]
    assert delays == [noon + minutes(5), noon + minutes(20), noon + minutes(60), None]


def test_a_second_try_wakes_nobody_and_keeps_the_patients_own_hours() -> None:
    late = datetime(2026, 1, 12, 22, 58, tzinfo=PARIS)
    assert policy.next_attempt_at(1, late, PARIS) == datetime(2026, 1, 13, 7, tzinfo=PARIS)
    at = policy.next_attempt_at(1, late, REUNION)  # there it is almost two in the morning
    assert at is not None
    assert at.astimezone(REUNION).hour == 7
    assert policy.next_attempt_at(1, late, ZoneInfo("America/Martinique")) == late + minutes(5)


def test_hours_hold_on_the_night_the_clocks_change() -> None:
    night = datetime(2026, 3, 28, 22, 59, tzinfo=UTC)
    opening = policy.within_hours(night, PARIS).astimezone(PARIS)
    assert (opening.day, opening.hour) == (29, 7)


def test_nobody_is_overtaken_by_someone_who_called_much_later() -> None:
    adult = policy.order_at(EVENING, AgeClass.ADULT)
    assert policy.order_at(EVENING + minutes(14), AgeClass.INFANT) < adult
    assert policy.order_at(EVENING + minutes(16), AgeClass.INFANT) > adult
    assert policy.order_at(EVENING + minutes(46), AgeClass.INFANT, urgent=True) > adult


def simulated(seed: int, *, ordered: bool = True) -> dict[AgeClass, list[float]]:
    """Waits in minutes, by class: 300 calls in 4 h, six doctors, talks of 2 to 9 minutes."""
    doctors, patients = 6, 300
    chance = random.Random(seed)
    classes = chance.choices(list(AgeClass), weights=[8, 22, 50, 20], k=patients)
    arrivals = sorted(EVENING + minutes(chance.uniform(0, 240)) for _ in classes)
    free = [EVENING] * doctors
    queue: list[tuple[datetime, int]] = []
    waits: dict[AgeClass, list[float]] = defaultdict(list)
    coming = 0
    while coming < patients or queue:
        now = heapq.heappop(free)
        if not queue and coming < patients:
            now = max(now, arrivals[coming])
        while coming < patients and arrivals[coming] <= now:
            age = classes[coming] if ordered else None
            heapq.heappush(queue, (policy.order_at(arrivals[coming], age), coming))
            coming += 1
        _, chosen = heapq.heappop(queue)
        waits[classes[chosen]].append((now - arrivals[chosen]) / minutes(1))
        heapq.heappush(free, now + minutes(chance.uniform(2, 9)))
    return waits


def p90(waits: list[float]) -> float:
    return sorted(waits)[int(0.9 * len(waits))]


def test_under_load_the_frail_wait_less_and_nobody_starves() -> None:
    waits, in_turn = simulated(3624), simulated(3624, ordered=False)
    wait = {age: p90(waits[age]) for age in AgeClass}
    assert wait[AgeClass.INFANT] < wait[AgeClass.SENIOR] < wait[AgeClass.ADULT]
    # What a class can lose to the others is bounded by the longest head start.
    for age in AgeClass:
        assert p90(waits[age]) < p90(in_turn[age]) + 15
        assert max(waits[age]) < max(in_turn[age]) + 15


@pytest.mark.parametrize("kind", list(Notice))
def test_no_sms_says_why_the_patient_rang_and_each_fits_in_two(kind: Notice) -> None:
    text = sms(kind, Promise(EVENING + LATEST, measured=False), EVENING, PARIS)
    banned = ("médec", "docteur", "santé", "consult", "visite", "malad", "patient", "urgence", "SOS", "soin")
    assert not any(word in text.lower() for word in (word.lower() for word in banned))
    assert len(text) <= 160


@pytest.mark.parametrize(
    "body", ["NON", " non. ", "« Non »", "Non !", "Non merci", "NON, merci.", "stop", "Annulez le rappel svp"]
)
def test_a_reply_cancels_that_says_no_however_politely(body: str) -> None:
    assert cancels(body)


@pytest.mark.parametrize("body", ["oui", "", "Merci", "nom", "Non, rappelez-moi au fixe", "ne pas annuler"])
def test_a_reply_cancels_only_when_it_says_so_and_nothing_else(body: str) -> None:
    assert not cancels(body)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("06 39 98 00 01", "+33639980001"),
        ("0692000000", "+262692000000"),
        ("0690000000", "+590690000000"),
        ("0596000000", "+596596000000"),
        ("0262000000", "+262262000000"),
        ("0899000000", None),
        ("0810000000", None),
        ("3624", None),
        ("15", None),
        ("112", None),
        ("0044200000000", None),
        ("", None),
    ],
)
def test_a_typed_number_is_french_or_it_is_none(typed: str, number: str | None) -> None:
    assert _rung(typed) == number


def test_sms_go_to_mobiles_only() -> None:
    assert numbers.is_mobile("+33639980001")
    assert numbers.is_mobile("+262692000000")
    assert not numbers.is_mobile("+33536490001")
    assert numbers.callable_problem("+33536490001") is None
    assert numbers.callable_problem("+262800000000")


def _rung(typed: str) -> str | None:
    number = numbers.normalise(typed)
    return number if number and numbers.callable_problem(number) is None else None
