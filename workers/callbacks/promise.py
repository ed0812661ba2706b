"""The promise in French: as it is spoken, and as it is written by SMS (without a single medical word)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, tzinfo

from routing.words import clock
from workers.callbacks.callback import Promise
from workers.callbacks.notices import Notice

SOON = "dès que possible"  # where no hour can honestly be told
CANCEL_WORD = "NON"
NOT_CANCELLED = (
    "3624 : votre réponse n'a pas pu être notée. Répondez de nouveau dans un instant, ou refaites le 3624."
)
_CANCEL = frozenset({CANCEL_WORD, "NO", "STOP", "ANNULER", "ANNULE", "ANNULEZ", "ANNULATION"})
_BESIDE = frozenset(
    {"MERCI", "SVP", "BONJOUR", "BONSOIR", "LE", "MON", "MA", "CE", "DE", "RAPPEL", "DEMANDE"}
)


def spoken(promise: Promise, now: datetime, zone: tzinfo) -> str:
    """« avant 21 h 40 », or « dans la soirée, au plus tard à 23 h 15 » when it is no measure.

    The part of the day is named only where now and the deadline are both in it: at 10 h 45 a promise for
    13 h 45 is « au plus tard à 13 h 45 ». A time that has gone by is no promise any more.
    `zone` is where the patient is: Réunion has its own time.
    """
    if promise.by <= now:
        return SOON
    at = promise.by.astimezone(zone)
    day = _day(at, now.astimezone(zone))
    if promise.measured:
        return f"avant {clock(at.hour, at.minute)}{day}"
    latest = f"au plus tard à {clock(at.hour, at.minute)}{day}"
    part = _part_of_day(at)
    return f"{part}, {latest}" if part == _part_of_day(now.astimezone(zone)) and not day else latest


def sms(kind: Notice, promise: Promise, now: datetime, zone: tzinfo, room: str = "") -> str:
    """What is written. A phone lies about on a table: nothing in it says why the patient rang.

    `room` is the video's address, for the two kinds that carry it.
    """
    when = again(promise, now, zone) if kind is Notice.LATE else spoken(promise, now, zone)
    cancel = f"Pour annuler, répondez {CANCEL_WORD}."
    video = f"3624 : pour la vidéo, ouvrez ce lien pendant l'appel : {room}"
    texts = {
        Notice.BOOKED: f"3624 : nous vous rappelons {when}. Gardez la ligne libre. {cancel}",
        Notice.MISSED: f"3624 : nous avons essayé de vous joindre. Nous vous rappellerons. {cancel}",
        Notice.LATE: f"3624 : votre rappel prend du retard, nous vous rappelons {when}. {cancel}",
        Notice.CANCELLED: "3624 : votre rappel est annulé. Vous pouvez refaire le 3624 à tout moment.",
        Notice.TO_A_PERSON: f"3624 : nous n'avons pas pu vous joindre. Vous pouvez refaire le 3624. {cancel}",
        Notice.VIDEO: video,
        Notice.VIDEO_DOCTOR: video,
    }
    return texts[kind]


def again(promise: Promise, now: datetime, zone: tzinfo) -> str:
    """The new time of a call-back that is late; never invented, so mostly there is none to tell."""
    if not promise.measured:
        return SOON
    return spoken(promise, now, zone)


def cancels(body: str) -> bool:
    """Whether a patient's reply means « annuler »: it says so, and nothing else but politeness.

    « Non merci ! » does; « Non, rappelez-moi » might mean anything, and keeps the call-back.
    """
    plain = unicodedata.normalize("NFKD", body.upper()).encode("ascii", "ignore").decode()
    words = set(re.findall(r"[A-Z0-9]+", plain))
    return bool(words & _CANCEL) and words <= _CANCEL | _BESIDE


def _day(at: datetime, now: datetime) -> str:
    if at.date() == now.date() or at - now < timedelta(hours=6):
        return ""
    return " demain" if at.date() == now.date() + timedelta(days=1) else f" le {at.day}"


def _part_of_day(at: datetime) -> str:
    for until, words in ((6, "dans la nuit"), (12, "dans la matinée"), (18, "dans l'après-midi")):
        if at.hour < until:
            return words
    return "dans la soirée"
