"""The last voice of all: a TwiML file that rings the national desk, to be hosted with the carrier.

Written beside the snapshots at each publication. It needs none of our machines, so it can neither record nor
ask: it rings the desk, says the 15, and rings once more.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, SubElement, fromstring, tostring

from routing.compiled import RuleBook
from routing.model import Target

NAME = "fallback.xml"
LANGUAGE = "fr-FR"
VOICE = "Polly.Lea-Neural"
DANGER = "En cas de danger immédiat, raccrochez et faites le 15."
WAIT = f"Vous êtes bien au 3624, SOS Médecins. {DANGER} Ne quittez pas, nous appelons un régulateur."
# A static document cannot know whether somebody answered: its words must be true either way.
AGAIN = f"Si personne ne vous a répondu, ne quittez pas : nous rappelons. {DANGER}"
SORRY = f"Si personne ne vous a répondu, rappelez dans quelques minutes. {DANGER}"
_VERSION = re.compile(r"<!-- 3624, version ([0-9]+) -->")


@dataclass(frozen=True, slots=True)
class Written:
    """The file as it lies there."""

    version: int
    at: datetime  # aware
    rings: str


def twiml(book: RuleBook) -> str:
    """One document; its version stands in a comment, so that a copy kept elsewhere tells its age."""
    response = Element("Response")
    _say(response, WAIT)
    _dial(response, book.national)
    _say(response, AGAIN)
    _dial(response, book.national)
    _say(response, SORRY)
    SubElement(response, "Hangup")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- 3624, version {book.version} -->\n'
    return head + tostring(response, encoding="unicode") + "\n"


def write(folder: Path, book: RuleBook) -> Path:
    """Put the file in place whole; several processes may write the same one. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path, temporary = folder / NAME, folder / f".{NAME}.{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(twiml(book))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path


def written(folder: Path) -> Written | None:
    """What lies there, None where there is none or it is not ours."""
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
        desk = fromstring(text.encode()).find("Dial/*")  # noqa: S314 - our own file
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, ValueError, ParseError):
        return None
    version = _VERSION.search(text)
    return Written(int(version[1]), at, desk.text or "") if version and desk is not None else None


def _say(response: Element, words: str) -> None:
    SubElement(response, "Say", language=LANGUAGE, voice=VOICE).text = words


def _dial(response: Element, desk: Target) -> None:
    dial = SubElement(response, "Dial", timeout=str(desk.ring_seconds), answerOnBridge="true")
    SubElement(dial, "Sip" if desk.phone.startswith("sip") else "Number").text = desk.phone
