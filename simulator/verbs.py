"""The verbs a document may hold, each as the player carries it out."""

import xml.etree.ElementTree as ET

from simulator.dial import dial
from simulator.gather import gather, say
from simulator.grammar import Refused
from simulator.legs import Leg
from simulator.player import Document, Ended, Left, Player, Request, Verb
from simulator.waiting import enqueue


def _utter(player: Player, leg: Leg, verb: ET.Element, document: Document) -> None:
    words, seconds = player.said(verb, document)
    if words:
        say(player, leg, words)
    began = player.stage.now()
    try:
        player.speak(leg, seconds, listening=False)
    finally:
        if leg is player.call and verb.tag != "Pause":
            player.prompt_seconds += player.stage.now() - began


def _redirect(_player: Player, _leg: Leg, verb: ET.Element, document: Document) -> Request:
    return document.link((verb.text or "").strip() or None, (), verb.get("method", "POST"))


def _hang_up(_player: Player, _leg: Leg, _verb: ET.Element, _document: Document) -> None:
    raise Ended


def _reject(player: Player, leg: Leg, verb: ET.Element, _document: Document) -> None:
    reason = verb.get("reason", "rejected")
    player.transcript.add("reject", "L'appel est refusé sans être décroché.", leg=leg.sid, reason=reason)
    raise Ended("busy" if reason == "busy" else "no-answer")


def _leave(_player: Player, _leg: Leg, _verb: ET.Element, _document: Document) -> None:
    raise Left


def _record(player: Player, _leg: Leg, verb: ET.Element, document: Document) -> Request:
    if not player.exchange.records:
        raise Refused(12200, "<Record>: nobody asked for a recording")
    heard = (
        ("RecordingUrl", "https://api.twilio.com/recording"),
        ("RecordingDuration", "10"),
        ("Digits", "hangup"),
    )
    return document.link(verb.get("action"), heard, verb.get("method", "POST"))


VERBS: dict[str, Verb] = {
    "Say": _utter,
    "Play": _utter,
    "Pause": _utter,
    "Gather": gather,
    "Dial": dial,
    "Redirect": _redirect,
    "Hangup": _hang_up,
    "Reject": _reject,
    "Enqueue": enqueue,
    "Leave": _leave,
    "Record": _record,
}
