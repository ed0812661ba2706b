"""`<Dial>`: rings telephones, plays the whisper to the first to answer, joins the two, and reports."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from simulator.clock import Answered, Unanswered
from simulator.grammar import Refused
from simulator.legs import Leg
from simulator.player import Document, Ended, Gone, Player, Request, Sent
from simulator.waiting import dial_queue

SETUP_SECONDS = 5.0  # Twilio adds about five seconds to every Dial timeout
# A 112 placed by a carrier is located at the carrier's number, not at the patient: such a Dial is our fault.
SHORT = re.compile(r"(\+33|\+|0033)?(1[0-9]|1[0-9]{2}|3\d{3})")


@dataclass(frozen=True, slots=True)
class Report:
    """What the action is told."""

    status: str
    leg: Leg | None = None
    bridged: bool = False
    seconds: int = 0

    def parameters(self) -> tuple[tuple[str, str], ...]:
        told = [("DialCallStatus", self.status), ("DialBridged", "true" if self.bridged else "false")]
        if self.leg is not None:
            told += [("DialCallSid", self.leg.sid), ("DialCallDuration", str(self.seconds))]
        return tuple(told)


def dial(player: Player, leg: Leg, verb: ET.Element, document: Document) -> Request | None:
    """The action's request; None without action, and the document goes on behind."""
    if leg is not player.call:
        raise Refused(13201, "a dialled telephone may not dial")
    shown = _shown(player, leg, verb)
    nouns = list(verb) or [ET.Element("Number")]
    if not len(verb):
        nouns[0].text = verb.text
    if nouns[0].tag == "Queue":
        told = dial_queue(player, leg, nouns[0], float(verb.get("timeout", "30")))
        return (
            document.link(verb.get("action"), told, verb.get("method", "POST"))
            if verb.get("action")
            else None
        )
    if any(noun.tag not in ("Number", "Sip") for noun in nouns):
        raise Refused(12200, f"<{nouns[0].tag}> is not played by this stand-in")
    try:
        report = _ring_all(player, leg, verb, nouns, shown, document)
    except Gone:
        _report_after_hang_up(player, leg, verb, document)
        raise
    player.transcript.add(
        "dialled", f"Résultat : {report.status}.", status=report.status, bridged=report.bridged
    )
    if not verb.get("action"):
        return None
    return document.link(verb.get("action"), report.parameters(), verb.get("method", "POST"))


def _shown(player: Player, leg: Leg, verb: ET.Element) -> str:
    """The caller id, by Twilio's rule: the call's own From or To, or a number of the account."""
    given = verb.get("callerId")
    if given is None:
        return leg.from_number
    sip = leg.from_number.startswith("sip:")
    if (not sip and given in (leg.from_number, leg.to_number)) or player.exchange.account.may_show(given):
        return given
    raise Refused(13214, "callerId is neither the call's own number nor one of the account's")


def _ring_all(
    player: Player, leg: Leg, verb: ET.Element, nouns: list[ET.Element], shown: str, document: Document
) -> Report:
    """Together, or one after the other with `sequential`."""
    groups = [[noun] for noun in nouns] if verb.get("sequential") == "true" else [nouns]
    report = Report("failed")
    for group in groups:
        report = _ring(player, leg, verb, group, shown, document)
        if report.bridged or report.status == "completed":
            break
    return report


def _ring(
    player: Player, leg: Leg, verb: ET.Element, nouns: list[ET.Element], shown: str, document: Document
) -> Report:
    legs = {child.sid: (child, noun) for noun in nouns for child in [_leg(player, leg, noun, shown)]}
    player.transcript.add(
        "dial",
        f"Sonne : {', '.join(child.to_number for child, _ in legs.values())}",
        numbers=[child.to_number for child, _ in legs.values()],
        legs=list(legs),
        shown=shown,
        timeout=float(verb.get("timeout", "30")),
        prompt_seconds=round(player.prompt_seconds, 2),
    )
    for child, noun in legs.values():
        _begin(player, child, noun)
    try:
        winner = _first_answer(player, legs, float(verb.get("timeout", "30")) + SETUP_SECONDS)
        for child, _ in legs.values():
            if child is not winner:
                _finish(player, child, "canceled" if winner else "no-answer")
        if winner is None:
            return Report(_summary([child.status for child, _ in legs.values()]), _only(legs))
        return _answered(
            player, leg, winner, legs[winner.sid][1], document, float(verb.get("timeLimit", "14400"))
        )
    finally:
        for child, _ in legs.values():
            _finish(player, child, "completed" if child.answered_at is not None else "canceled")


def _leg(player: Player, leg: Leg, noun: ET.Element, shown: str) -> Leg:
    number = (noun.text or "").strip()
    return player.exchange.enter(
        Leg(
            player.exchange.sid("CA"), leg.account, shown, number, "outbound-dial",
            player.exchange.person_at(number), player.stage, parent=leg, status="ringing",
            status_url=noun.get("statusCallback", ""), status_method=noun.get("statusCallbackMethod", "POST"),
            status_events=frozenset(noun.get("statusCallbackEvent", "completed").split()),
        )
    )  # fmt: skip


def _begin(player: Player, child: Leg, noun: ET.Element) -> None:
    for event in ("initiated", "ringing"):
        _tell(player, child, event)
    if noun.tag == "Number" and not _diallable(child.to_number):
        player.transcript.add("warning", f"Numéro impossible à appeler : {child.to_number}", code=13224)
        player.stage.plan(0, child.sid, Unanswered("failed"))
        return
    for delay, act in child.person.rung():
        player.stage.plan(delay, child.sid, act)


def _diallable(number: str) -> bool:
    return bool(re.fullmatch(r"\+[1-9]\d{7,14}", number)) and not SHORT.fullmatch(number)


def _first_answer(player: Player, legs: dict[str, tuple[Leg, ET.Element]], patience: float) -> Leg | None:
    until = player.stage.now() + patience
    while any(child.live for child, _ in legs.values()):
        event = player.speak(player.call, until - player.stage.now(), listening=False)
        if event is None:
            return None
        child, noun = legs.get(event[0], (None, None))
        if child is None or noun is None or not child.live:
            continue
        match event[1]:
            case Answered(machine):
                child.answer()
                child.machine = machine
                words = "Un répondeur décroche" if machine else "Décroche"
                player.transcript.add(
                    "answer", f"{words} : {child.to_number}", leg=child.sid, number=child.to_number
                )
                _tell(player, child, "answered")
                return child
            case Unanswered(status):
                player.transcript.add(
                    status, f"{_FRENCH[status]} : {child.to_number}", leg=child.sid, number=child.to_number
                )
                _finish(player, child, status)
    return None


def _answered(
    player: Player, leg: Leg, child: Leg, noun: ET.Element, document: Document, limit: float
) -> Report:
    try:
        if noun.get("url"):
            player.follow(child, document.link(noun.get("url"), (), noun.get("method", "POST")), "whisper")
    except (Gone, Ended) as end:
        if not child.live or isinstance(end, Ended):
            player.transcript.add(
                "declined", f"N'a pas pris l'appel : {child.to_number}", leg=child.sid, number=child.to_number
            )
            return Report("completed", child, bridged=False, seconds=child.seconds())
        raise
    except Refused as error:
        player.fail(error, child)
        return Report("failed", child)
    return _converse(player, leg, child, limit)


def _converse(player: Player, leg: Leg, child: Leg, limit: float) -> Report:
    player.bridged = child
    leg.answer()
    player.transcript.add(
        "bridge",
        f"En ligne avec {child.to_number}",
        leg=child.sid,
        number=child.to_number,
        machine=child.machine,
    )
    for side in (child, leg):
        for delay, act in side.person.bridged():
            player.stage.plan(delay, side.sid, act)
    try:
        player.speak(leg, limit, listening=False)
    except Gone:
        if leg.live:
            return Report("completed", child, bridged=True, seconds=child.seconds())
        raise
    except Sent as sent:
        if sent.leg != child.sid:
            raise
    return Report("completed", child, bridged=True, seconds=child.seconds())


def _report_after_hang_up(player: Player, leg: Leg, verb: ET.Element, document: Document) -> None:
    """The caller has gone: the action is still asked, and what it answers is moot."""
    if not verb.get("action"):
        return
    bridged = player.bridged is not None and player.bridged.parent is leg
    told = Report(
        "completed" if bridged else "canceled",
        player.bridged,
        bridged,
        player.bridged.seconds() if player.bridged else 0,
    )
    try:
        player.obtain(
            leg, document.link(verb.get("action"), told.parameters(), verb.get("method", "POST")), "call"
        )
    except Refused as error:
        player.fail(error, leg)


def _finish(player: Player, child: Leg, status: str) -> None:
    if child.live:
        child.end(status)
    if child.sid not in player.told:
        player.told.add(child.sid)
        _tell(player, child, "completed")


def _tell(player: Player, child: Leg, event: str) -> None:
    player.tell(child, event, child.status_url, child.status_method, child.status_events)


def _only(legs: dict[str, tuple[Leg, ET.Element]]) -> Leg | None:
    return next(iter(legs.values()))[0] if legs else None


def _summary(statuses: list[str]) -> str:
    """Of several telephones: rang in vain before busy before failed."""
    return next((status for status in ("no-answer", "busy", "failed") if status in statuses), "no-answer")


_FRENCH = {
    "busy": "Occupé",
    "failed": "Numéro injoignable",
    "no-answer": "Sans réponse",
    "canceled": "Annulé",
}
