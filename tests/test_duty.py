"""Doctors on duty: registered once, proved by a code, never on duty for ever; and the two commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from config import journal
from config.settings import Settings
from console.cli import callbacks, duty
from routing.model import Need
from tests.conftest import SECRET_KEYS
from workers.callbacks.callback import Booking
from workers.callbacks.doctors import LONGEST_DUTY, DoctorRefused, Doctors
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault
from workers.callbacks.zones import PARIS

NUMBER = "+33261910009"


@pytest.fixture
def doctors(engine: Engine) -> Doctors:
    return Doctors(engine, Vault.of((SECRET_KEYS,)))


def test_a_doctor_is_registered_once_and_recognised_by_number(doctors: Doctors) -> None:
    doctor = doctors.register("Dr A", NUMBER, "4321", "toulouse")
    with pytest.raises(DoctorRefused, match="déjà"):
        doctors.register("Dr B", NUMBER, "1234", None)
    found = doctors.recognised(NUMBER)
    assert found is not None
    assert (found.id, found.association, found.on_duty_until) == (doctor, "toulouse", None)
    assert doctors.recognised("+33261910008") is None


@pytest.mark.parametrize(
    ("number", "pin"), [("+33899000000", "4321"), (NUMBER, "12"), (NUMBER, "abcd"), ("", "4321")]
)
def test_what_cannot_be_rung_or_typed_is_refused(doctors: Doctors, number: str, pin: str) -> None:
    with pytest.raises(DoctorRefused):
        doctors.register("Dr A", number, pin, None)


def test_who_is_struck_off_is_forgotten_and_their_number_is_free(doctors: Doctors, engine: Engine) -> None:
    doctor = doctors.register("Dr A", NUMBER, "4321", "toulouse")
    doctors.begin_duty(doctor)
    assert [doctors.strike_off(doctor), doctors.strike_off(doctor)] == [True, False]
    assert doctors.recognised(NUMBER) is None
    assert doctors.listed() == []
    assert not doctors.proves(doctor, "4321")
    assert not doctors.end_duty(doctor), "off duty"
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT number_sealed FROM doctors")) == ""
    assert doctors.register("Dr B", NUMBER, "1234", None) != doctor


def test_five_wrong_codes_lock_even_the_right_one_out(doctors: Doctors) -> None:
    doctor = doctors.register("Dr A", NUMBER, "4321", None)
    assert [doctors.proves(doctor, "0000") for _ in range(4)] == [False] * 4
    assert doctors.proves(doctor, "4321")  # the count starts anew
    assert [doctors.proves(doctor, "0000") for _ in range(5)] == [False] * 5
    assert not doctors.proves(doctor, "4321")


def test_a_forgotten_duty_ends_by_itself(doctors: Doctors, engine: Engine) -> None:
    doctor = doctors.register("Dr A", NUMBER, "4321", "toulouse")
    until = doctors.begin_duty(doctor, timedelta(days=3))
    assert until - datetime.now(UTC) <= LONGEST_DUTY
    assert doctors.begin_duty(doctor) >= until  # again: prolonged, not twice
    past = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None)
    with engine.begin() as connection:
        connection.execute(text("UPDATE duties SET until = :past"), {"past": past})
    assert doctors.listed()[0].on_duty_until is None
    assert (doctors.close_forgotten(), doctors.close_forgotten()) == (1, 0)
    assert not doctors.end_duty(doctor)
    [told] = journal.read(engine)
    assert (told.chain, told.author, told.action) == ("toulouse", "3624", "duty_ended")
    assert (told.subject, told.after) == ("Médecin de rappel Dr A", "au bout de la durée prévue")


def test_neither_number_nor_code_lies_in_clear(doctors: Doctors, engine: Engine) -> None:
    doctors.register("Dr A", NUMBER, "43210000", None)
    with engine.begin() as connection:
        row = repr(connection.execute(text("SELECT * FROM doctors")).all())
    assert "61910009" not in row
    assert "43210000" not in row


@pytest.fixture
def run(env: dict[str, str], sqlite_engine: Engine) -> CliRunner:
    del sqlite_engine
    return CliRunner(env=env)


def test_doctors_are_kept_from_the_command_line(run: CliRunner) -> None:
    added = run.invoke(duty.command, ["add", "Dr A", "02 61 91 00 09", "--pin", "4321"])
    doctor = added.output.strip()
    assert run.invoke(duty.command, ["on", doctor, "--hours", "2"]).exit_code == 0
    listed = json.loads(run.invoke(duty.command, ["list", "--json"]).output)
    assert [one["id"] for one in listed if one["until"]] == [doctor]
    told = run.invoke(duty.command, ["list"]).output
    until = next(one["until"] for one in listed)
    assert f"disponible jusqu'à {datetime.fromisoformat(until).astimezone(PARIS):%H h %M}" in told
    assert "1 sur 1 disponibles" in told
    assert run.invoke(duty.command, ["off", doctor]).exit_code == 0
    assert run.invoke(duty.command, ["remove", doctor]).exit_code == 0
    assert "0 sur 0 disponibles" in run.invoke(duty.command, ["list"]).output
    for words in (["on", "nobody"], ["add", "Dr B", "3624", "--pin", "4321"]):
        refused = run.invoke(duty.command, words)
        assert refused.exit_code == 2
        assert len(refused.output.strip().splitlines()) == 1


def test_call_backs_are_seen_and_settled_from_the_command_line(
    run: CliRunner, settings: Settings, sqlite_engine: Engine, tmp_path: Path
) -> None:
    store, now = Callbacks(sqlite_engine, Vault.of(settings.secret_keys)), datetime.now(UTC)
    ids = [store.book(Booking(f"CA{n}", f"+3363998{n:04}", Need.ADVICE, now, now)).id for n in range(3)]
    listed = json.loads(run.invoke(callbacks.command, ["list", "--json"]).output)
    assert {one["id"] for one in listed} == set(ids)
    told = run.invoke(callbacks.command, ["list"]).output
    assert f"{ids[0]}  {now.astimezone(PARIS):%H h %M}  advice" in told
    assert "63998" not in told
    assert run.invoke(callbacks.command, ["cancel", ids[0]]).exit_code == 0
    assert run.invoke(callbacks.command, ["cancel", ids[0]]).exit_code == 2
    assert run.invoke(callbacks.command, ["settle", ids[0], "fait"]).exit_code == 2  # cancelled
    with sqlite_engine.begin() as connection:
        connection.execute(text("UPDATE callbacks SET state = 'human' WHERE state = 'due'"))
    assert run.invoke(callbacks.command, ["settle", ids[1], "fait"]).exit_code == 0
    assert run.invoke(callbacks.command, ["again", ids[2]]).exit_code == 0
    figures = json.loads(run.invoke(callbacks.command, ["figures", "--json"]).output)
    assert (figures["promised"], figures["open"], figures["kept"]) == (3, 1, 1)
    assert "Promis 3" in run.invoke(callbacks.command, ["figures"]).output
