"""`sos3624 duty`: the doctors who ring patients back, and who is on duty."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from config.settings import Settings
from config.stores import engine
from console.cli.refusal import Refused
from routing.numbers import normalise
from workers.callbacks.doctors import Beside, Doctor, DoctorRefused, Doctors, noted
from workers.callbacks.vault import Vault
from workers.callbacks.zones import PARIS

AUTHOR = "sos3624 duty"


@click.group("duty", help="Les médecins qui rappellent : inscrire, disponible, fin.")
def command() -> None:
    """The same as by telephone, for who holds the machine."""


@command.command("list", help="Les médecins inscrits, et qui est disponible.")
@click.option("--json", "as_json", is_flag=True, help="du JSON plutôt que du texte")
def list_doctors(as_json: bool) -> None:
    """Numbers stay masked."""
    found = _doctors().listed()
    if as_json:
        click.echo(json.dumps([_plain(doctor) for doctor in found]))
        return
    for doctor in found:
        until = doctor.on_duty_until
        state = f"disponible jusqu'à {until.astimezone(PARIS):%H h %M}" if until else "absent"
        click.echo(f"{doctor.id}  {doctor.label}  {doctor.association or 'réserve nationale'}  {state}")
    click.echo(f"{sum(1 for doctor in found if doctor.on_duty_until)} sur {len(found)} disponibles.")


@command.command("add", help="Inscrit un médecin : son numéro, son code à 4 à 8 chiffres.")
@click.argument("label")
@click.argument("number")
@click.option("--pin", prompt="Code", hide_input=True, help="le code qu'il tapera au téléphone")
@click.option("--association", help="son association ; sans elle, la réserve nationale")
def add(label: str, number: str, pin: str, association: str | None) -> None:
    """Prints the id."""
    try:
        beside = noted(AUTHOR, "doctor_added", label, association)
        doctor_id = _doctors().register(label, normalise(number) or "", pin, association, beside)
    except DoctorRefused as refused:
        raise Refused(str(refused)) from refused
    click.echo(doctor_id)


@command.command("remove", help="Radie un médecin : son numéro est effacé.")
@click.argument("doctor_id")
def remove(doctor_id: str) -> None:
    """Off duty at once, too."""
    doctors = _doctors()
    doctors.strike_off(doctor_id, _noted(doctors, doctor_id, "doctor_removed"))


@command.command("on", help="Met un médecin disponible.")
@click.argument("doctor_id")
@click.option("--hours", default=12, type=click.IntRange(1, 12), help="pour combien d'heures (12)")
def on(doctor_id: str, hours: int) -> None:
    """Prolongs when already on."""
    doctors = _doctors()
    beside = _noted(doctors, doctor_id, "duty_begun", f"pour {hours} h")
    until = doctors.begin_duty(doctor_id, timedelta(hours=hours), beside)
    click.echo(f"Disponible jusqu'à {until.astimezone(PARIS):%H h %M}.")


@command.command("off", help="Met fin à la disponibilité d'un médecin.")
@click.argument("doctor_id")
def off(doctor_id: str) -> None:
    """No further patient; a talk under way goes on."""
    doctors = _doctors()
    if doctors.end_duty(doctor_id, _noted(doctors, doctor_id, "duty_ended")):
        click.echo("Fin de disponibilité.")
    else:
        click.echo("Ce médecin n'était pas disponible.")


def _noted(doctors: Doctors, doctor_id: str, action: str, after: str = "") -> Beside:
    """What the journal of the doctor's association is told."""
    one = doctors.get(doctor_id)
    if one is None:
        raise Refused("ce médecin n'est pas inscrit ; voir sos3624 duty list")
    return noted(AUTHOR, action, one.label, one.association, after)


def _doctors() -> Doctors:
    settings = Settings.of_process()
    return Doctors(engine(settings), Vault.of(settings.secret_keys))


def _plain(doctor: Doctor) -> dict[str, str | None]:
    until = doctor.on_duty_until
    return {
        "id": doctor.id,
        "label": doctor.label,
        "association": doctor.association,
        "until": until.isoformat() if until else None,
    }
