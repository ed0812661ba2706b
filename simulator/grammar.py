"""Judges a TwiML document before it is played, with the error codes Twilio would log.

The grammar in `data/` was drawn from Twilio's own libraries (see its `source`); the limits come from
Twilio's pages on each verb. Codes up to 12300 are documented; of the 13xxx, 13201, 13212, 13214
and 13520 are from memory and only name the verb at fault.
"""

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MAX_BYTES = 64 * 1024
MAX_SAID = 4096
MAX_NOUNS = 10
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
SPEAKING = frozenset({"Say", "Play", "Pause"})
# Where a document runs decides what it may hold (Twilio: /voice/twiml/number, /enqueue, /queue).
ROOMS = {
    "call": None,
    "whisper": SPEAKING | {"Gather", "Hangup"},
    "wait": SPEAKING | {"Gather", "Hangup", "Redirect", "Leave"},
}
LAST_VERBS = frozenset({"Redirect", "Hangup", "Reject", "Leave"})
WORDY = frozenset(
    {"Say", "Dial", "Play", "Number", "Sip", "Client", "Queue", "Conference", "Redirect", "Enqueue"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing Twilio would refuse: its error code, and what is wrong where."""

    code: int
    what: str


class Refused(Exception):
    """A document that cannot be fetched, read or played; `code` is Twilio's."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.code, self.what = code, what


def read(body: bytes, content_type: str, room: str = "call") -> ET.Element:
    """The document as a tree. Raises `Refused` with every fault of the first code found."""
    found = faults(body, content_type, room)
    if found:
        raise Refused(found[0].code, "; ".join(fault.what for fault in found))
    return ET.fromstring(body)  # noqa: S314 - our own webhooks' answers, already parsed once by the judge


def faults(body: bytes, content_type: str, room: str = "call") -> list[Fault]:
    """Everything wrong with a document served as `content_type` and played in `room` (see `ROOMS`)."""
    if content_type.split(";")[0].strip().lower() not in XML_TYPES:
        return [Fault(12300, f"content type {content_type!r} is no TwiML")]
    if len(body) > MAX_BYTES:
        return [Fault(11750, f"{len(body)} bytes, more than {MAX_BYTES}")]
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat without external entities; our own webhooks' answers
    except ET.ParseError as error:
        return [Fault(12100, f"document parse failure: {error}")]
    if root.tag != "Response":
        return [Fault(12100, f"the root is <{root.tag}>, not <Response>")]
    found = [*_element(root), *_order(root)]
    allowed = ROOMS[room]
    if allowed is not None:
        found += [
            Fault(12200, f"<{verb.tag}> may not stand in a {room} document")
            for verb in root
            if verb.tag not in allowed
        ]
    return found


@cache
def grammar() -> dict[str, dict[str, dict[str, object]]]:
    """{"elements": {name: {children, attributes: {name: type}}}, "enums": {type: values}}"""
    text = (Path(__file__).parent / "data" / "twiml_grammar.json").read_text(encoding="utf-8")
    known: dict[str, dict[str, dict[str, object]]] = json.loads(text)
    return known


def _element(element: ET.Element) -> list[Fault]:
    known = grammar()["elements"][element.tag]
    found = [
        fault for name, value in element.attrib.items() for fault in _attribute(element.tag, name, value)
    ]
    if element.tag not in WORDY and not element.tag[0].islower() and (element.text or "").strip():
        found.append(Fault(12200, f"<{element.tag}> holds text"))
    if (
        element.tag[0].isupper()
        and any((child.tail or "").strip() for child in element)
        and element.tag != "Say"
    ):
        found.append(Fault(12200, f"text between the children of <{element.tag}>"))
    for child in element:
        if child.tag not in known["children"]:  # type: ignore[operator]  # a list, by the file's shape
            found.append(Fault(12200, f"<{child.tag}> may not stand in <{element.tag}>{_case(child.tag)}"))
        else:
            found += _element(child)
    check = _SPECIAL.get(element.tag)
    return found + (check(element) if check else [])


def _case(tag: str) -> str:
    meant = [name for name in grammar()["elements"] if name.lower() == tag.lower() and name != tag]
    return f" (names are case-sensitive: <{meant[0]}>)" if meant else ""


def _attribute(tag: str, name: str, value: str) -> list[Fault]:
    name = name.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
    attributes = grammar()["elements"][tag]["attributes"]
    kind = attributes.get(name)  # type: ignore[attr-defined]  # a mapping, by the file's shape
    if kind is None:
        return [Fault(12200, f"<{tag}> knows no attribute {name}")]
    if _fits(str(kind), value) and (not name.lower().endswith("method") or value in ("GET", "POST")):
        return []
    return [Fault(12200, f"<{tag} {name}={value!r}> is not a {kind}")]


def _fits(kind: str, value: str) -> bool:
    match kind:
        case "string":
            return True
        case "boolean":
            return value in ("true", "false")
        case "number":
            return value.isdecimal()
    allowed = grammar()["enums"][kind.removesuffix("[]")]
    values = value.split() if kind.endswith("[]") else [value]
    return bool(values) and all(one in allowed for one in values)


def _order(root: ET.Element) -> list[Fault]:
    """Verbs nothing can reach: Twilio skips them in silence, so whoever wrote one meant something else."""
    found = []
    for place, verb in enumerate(root):
        ends = verb.tag in LAST_VERBS or (
            verb.tag in ("Dial", "Enqueue", "Record") and "action" in verb.attrib
        )
        if ends and place < len(root) - 1:
            found.append(Fault(12200, f"<{root[place + 1].tag}> after <{verb.tag}> is unreachable"))
        if verb.tag == "Reject" and place:
            found.append(Fault(12200, "<Reject> must come first: the call is already answered"))
    return found


def _say(say: ET.Element) -> list[Fault]:
    said = "".join(say.itertext())
    if not said.strip():
        return [Fault(13520, "<Say> says nothing")]
    return (
        [Fault(13520, f"<Say> of {len(said)} characters, more than {MAX_SAID}")]
        if len(said) > MAX_SAID
        else []
    )


def _gather(gather: ET.Element) -> list[Fault]:
    found = []
    hints = [hint for hint in gather.get("hints", "").split(",") if hint]
    if len(hints) > 500 or any(len(hint.strip()) > 100 for hint in hints):
        found.append(Fault(13330, "at most 500 hints of at most 100 characters"))
    finish = gather.get("finishOnKey", "#")
    if len(finish) > 1 or finish not in "0123456789#*":
        found.append(Fault(12200, f"finishOnKey={finish!r} is not one key"))
    if gather.get("numDigits") == "0":
        found.append(Fault(12200, "numDigits must be at least 1"))
    speech = gather.get("speechTimeout", "1")
    if speech != "auto" and not speech.isdecimal():
        found.append(Fault(12200, f"speechTimeout={speech!r}"))
    if "speechModel" in gather.attrib and speech == "auto":
        found.append(Fault(12200, "a speechModel needs a whole number of seconds as speechTimeout"))
    if any(play.get("digits") for play in gather.iter("Play")):
        found.append(Fault(12200, "<Play digits> may not stand in <Gather>"))
    return found


def _dial(dial: ET.Element) -> list[Fault]:
    found = []
    if not len(dial) and not (dial.text or "").strip():
        found.append(Fault(13224, "<Dial> dials nobody"))
    if len(dial) > MAX_NOUNS:
        found.append(Fault(12200, f"{len(dial)} nouns in <Dial>, more than {MAX_NOUNS}"))
    if len(dial) > 1 and any(noun.tag in ("Queue", "Conference") for noun in dial):
        found.append(Fault(12200, "<Queue> and <Conference> stand alone in <Dial>"))
    if not 5 <= int(dial.get("timeout", "30") if dial.get("timeout", "30").isdecimal() else 0) <= 600:
        found.append(Fault(13212, f"timeout={dial.get('timeout')!r}, not 5 to 600"))
    return found


def _named(noun: ET.Element) -> list[Fault]:
    name = (noun.text or "").strip()
    if not name:
        return [Fault(12200, f"<{noun.tag}> is empty")]
    return (
        [Fault(12200, "a queue's name has at most 64 characters")]
        if noun.tag in ("Queue", "Enqueue") and len(name) > 64
        else []
    )


def _play(play: ET.Element) -> list[Fault]:
    return [] if (play.text or "").strip() or play.get("digits") else [Fault(12200, "<Play> plays nothing")]


_SPECIAL = {
    "Say": _say,
    "Gather": _gather,
    "Dial": _dial,
    "Play": _play,
    **dict.fromkeys(("Number", "Sip", "Client", "Queue", "Conference", "Enqueue"), _named),
}
