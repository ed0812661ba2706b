"""Plays one call: rings our webhook, reads its TwiML, carries the verbs out, ends it as Twilio would."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from simulator import audio, grammar, webhooks
from simulator.clock import Dequeued, Event, HungUp, Key, Moved, Spoken
from simulator.exchange import Exchange
from simulator.grammar import Refused
from simulator.legs import Leg
from simulator.people import CHARACTERS_A_SECOND
from simulator.transcript import Transcript

MAX_DOCUMENTS = 300  # in one call: a loop without a listener would otherwise never end


@dataclass(frozen=True, slots=True)
class Request:
    """The next document to play: fetched from `url` with `extra` parameters, or given inline."""

    url: str
    method: str = "POST"
    extra: tuple[tuple[str, str], ...] = ()
    twiml: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document being played; relative links resolve against `url`, empty for inline TwiML."""

    root: ET.Element
    url: str
    method: str
    room: str

    def link(
        self, given: str | None, extra: tuple[tuple[str, str], ...] = (), method: str = "POST"
    ) -> Request:
        """A link of this document; an absent one asks for this document again."""
        if not self.url and not urlsplit(given or "").scheme:
            raise Refused(11100, f"inline TwiML needs absolute links, not {given!r}")
        return (
            Request(urljoin(self.url, given), method, extra)
            if given
            else Request(self.url, self.method, extra)
        )


class Gone(Exception):
    """Somebody hung up: `leg`."""

    def __init__(self, leg: str) -> None:
        super().__init__(leg)
        self.leg = leg


class Sent(Exception):
    """The REST API moved the call, or ended it (`request` None)."""

    def __init__(self, leg: str, request: Request | None) -> None:
        super().__init__(leg)
        self.leg, self.request = leg, request


class Taken(Exception):
    """Somebody took the waiting call out of its queue."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Left(Exception):
    """`<Leave>`: out of the queue, on behind the `<Enqueue>`."""


class Ended(Exception):
    """The document ends the leg: `status` is the call's last."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class Player:
    """One call and its legs. `call` is the leg our service answers, or the one it had rung by REST."""

    def __init__(
        self, exchange: Exchange, call: Leg, transcript: Transcript, verbs: Mapping[str, "Verb"]
    ) -> None:
        self.verbs = verbs
        self.exchange, self.call, self.stage, self.transcript = exchange, call, call.stage, transcript
        self.prompt_seconds = 0.0
        self.bridged: Leg | None = None
        self.told: set[str] = set()  # legs whose end has been told
        self._documents = 0
        self._held_status: list[Callable[[], None]] = []

    def run(self, first: Request) -> None:
        """From the first webhook to the end of the call, the number's status event included. Never raises for
        what a webhook did wrong: that becomes an `error` entry and the end of the call, as on the telephone.
        """
        request: Request | None = first
        status = "completed"
        while request is not None:
            try:
                self.follow(self.call, request, "call")
                request = None
            except Sent as sent:
                request = sent.request
            except Gone:
                request = None
            except Ended as ended:
                request, status = None, ended.status
            except Refused as error:
                self.fail(error, self.call)
                request = None
        if self.call.live:
            self.transcript.add("hangup", "Fin de l'appel.", leg=self.call.sid)
        self.call.end(status)
        self.tell(
            self.call, "completed", self.call.status_url, self.call.status_method, self.call.status_events
        )
        for deliver in reversed(self._held_status):
            deliver()

    def follow(self, leg: Leg, request: Request, room: str) -> None:
        """Plays documents one after the other until one has no more verbs."""
        following: Request | None = request
        while following is not None:
            document, following = self.obtain(leg, following, room), None
            try:
                following = self.perform(leg, document)
            except Refused as error:
                following = self._fall_back(leg, document.url, error)

    def perform(self, leg: Leg, document: Document) -> Request | None:
        """Carries out the verbs in order; the first that goes elsewhere decides what is played next."""
        for verb in document.root:
            following = self.verbs[verb.tag](self, leg, verb, document)
            if following is not None:
                return following
        return None

    def obtain(self, leg: Leg, request: Request, room: str) -> Document:
        """The next document, judged. The fallback is asked once when it cannot be had. Raises `Refused`."""
        try:
            return self._read(leg, request, room)
        except Refused as error:
            return self._read(leg, self._fall_back(leg, request.url, error), room)

    def speak(self, leg: Leg, seconds: float, listening: bool) -> Event | None:
        """Lets time pass on a leg. A key or a word returns at once when somebody listens, else it is lost.

        Raises Gone, Sent and Taken for what happens to any leg of the call meanwhile.
        """
        until = self.stage.now() + seconds
        while (event := self.stage.wait(until)) is not None:
            who, act = event
            match act:
                case HungUp():
                    self.hang_up(who)
                case Moved():
                    self._move(who, act)
                case Dequeued():
                    raise Taken(act.by)
                case Key() | Spoken() if who == leg.sid and listening:
                    return event
                case Key():
                    self.transcript.add(
                        "ignored", f"Touche {act.key} : personne ne l'attend.", leg=who, key=act.key
                    )
                case Key() | Spoken():
                    pass
                case _:
                    return event
        return None

    def hang_up(self, sid: str) -> None:
        leg = self.exchange.legs[sid]
        if leg.live:
            name = "L'appelant" if leg is self.call and leg.direction == "inbound" else leg.to_number
            self.transcript.add("hangup", f"{name} raccroche.", leg=sid, number=leg.to_number)
            leg.end("completed")
            raise Gone(sid)

    def said(self, element: ET.Element, document: Document) -> tuple[str, float]:
        """The words of a Say, Play or Pause, and how long they last. A missing recording is a silence."""
        loop = int(element.get("loop", "1"))
        match element.tag:
            case "Say":
                words = " ".join("".join(element.itertext()).split())
                return words, audio.spoken_seconds(element, words) * max(loop, 1)
            case "Pause":
                return "", float(element.get("length", "1"))
        if element.get("digits"):
            return "", len(element.get("digits", "")) * 0.5
        request = document.link((element.text or "").strip())
        try:
            reply = webhooks.fetch(request.url, "GET", {}, self.exchange.account.token, self.exchange.sid(""))
        except Refused as error:
            self.transcript.add("warning", f"Enregistrement introuvable : {error}", code=error.code)
            return "", 0.0
        words = unquote(reply.headers.get("x-prompt-text", ""))
        return words, (len(words) / CHARACTERS_A_SECOND or audio.wav_seconds(reply.body)) * max(loop, 1)

    def tell(self, leg: Leg, event: str, url: str, method: str, wanted: frozenset[str]) -> None:
        """A status event; what the answer says steers nothing, and a failed one is only a warning (15003)."""
        mishaps = self.exchange.mishaps
        if not url or event not in wanted or mishaps.drop:
            return
        form, request_id = leg.status_parameters(), self.exchange.sid("")

        def deliver() -> None:
            try:
                webhooks.fetch(url, method, form, self.exchange.account.token, request_id)
            except Refused as error:
                self.transcript.add("warning", f"Événement d'appel refusé : {error}", code=15003)

        for _ in range(2 if mishaps.duplicate else 1):
            if mishaps.reverse:
                self._held_status.append(deliver)
            else:
                deliver()

    def fail(self, error: Refused, leg: Leg) -> None:
        self.transcript.add(
            "error", f"Erreur d'application {error}", code=error.code, what=error.what, leg=leg.sid
        )

    def _move(self, sid: str, act: Moved) -> None:
        ends = not act.url and not act.twiml
        raise Sent(sid, None if ends else Request(act.url, act.method, twiml=act.twiml))

    def _read(self, leg: Leg, request: Request, room: str) -> Document:
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise Refused(11200, f"more than {MAX_DOCUMENTS} documents in one call: a loop")
        if request.twiml:
            return Document(grammar.read(request.twiml.encode(), "text/xml", room), "", "POST", room)
        form = leg.parameters() | dict(request.extra)
        reply = webhooks.fetch(
            request.url, request.method, form, self.exchange.account.token, self.exchange.sid("")
        )
        self._note_decision(reply.headers.get("x-decision", ""))
        document = Document(grammar.read(reply.body, reply.content_type, room), reply.url, reply.method, room)
        if leg.status == "ringing" and leg is self.call and not _keeps_ringing(document.root):
            leg.answer()
        return document

    def _note_decision(self, header: str) -> None:
        """Our service's reasoning, for whoever watches (percent-encoded JSON); Twilio knows nothing of it."""
        if not header:
            return
        try:
            self.transcript.add("decision", "Orientation calculée.", decision=json.loads(unquote(header)))
        except ValueError:
            self.transcript.add("warning", "X-Decision illisible.", code=0)

    def _fall_back(self, leg: Leg, url: str, error: Refused) -> Request:
        """Raises the error itself where there is no fallback, or where the fallback is what failed."""
        fallback = leg.fallback_url
        if not fallback or url.partition("#")[0] == fallback.partition("#")[0]:
            raise error
        self.transcript.add(
            "fallback", f"Secours demandé après {error}", code=error.code, url=url.partition("?")[0]
        )
        extra = (("ErrorCode", str(error.code)), ("ErrorUrl", url))
        return Request(fallback, leg.fallback_method, extra)


def _keeps_ringing(root: ET.Element) -> bool:
    first = root[0] if len(root) else None
    return first is not None and (first.tag == "Reject" or first.get("answerOnBridge") == "true")


Verb = Callable[[Player, Leg, ET.Element, Document], Request | None]
