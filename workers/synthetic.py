"""The synthetic call: the carrier's own conversation with our webhooks, to the document that rings a desk.

Held at PUBLIC_URL and signed as the carrier signs. It types a postcode and a need as a caller does, reads
which desk would ring, and hangs up: no telephone rings, and nothing of it is counted (`records.reserved`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring

import requests

from config.settings import LOOPBACK, Settings
from routing.compiled import RuleBook
from routing.decision import decide, offers
from routing.geography.places import Places
from routing.model import Load, Located, Need, PlaceSource, Target
from workers.callbacks.telephony import signature
from workers.records.reserved import SYNTHETIC
from workers.synthetic_calls import Outcome

PATIENCE = 5.0  # seconds for one answer; the carrier gives fifteen, and a caller hears the silence
WANTED = (Need.VISIT, Need.CONSULTATION, Need.ADVICE)  # never a teleconsultation: it books a call-back
ADULT, HUMAN = "3", "0"


@dataclass(frozen=True, slots=True)
class Script:
    """What one call does, and which desks the rules say may ring."""

    association: str | None
    postcode: str
    keys: tuple[str, ...]  # after the postcode
    targets: tuple[Target, ...]


class Failed(Exception):
    """The conversation went wrong; the message says where, in French."""


def script(book: RuleBook, places: Places, turn: int, now: datetime, only: str | None = None) -> Script:
    """The call of this turn: each association's town in its turn, or the one that is asked for."""
    document = book.document
    known = sorted((one.slug, one.insee) for one in document.associations) if document else []
    towns = [town for town in known if only in (None, town[0])]
    for step in range(len(towns)):
        slug, insee = towns[(turn + step) % len(towns)]
        code = _postcode(book, places, insee)
        if code is not None:
            return _script(book, places, slug, code, now)
    national = decide(book, None, None, now, Load()).targets
    return Script(None, "", (HUMAN,), national)


def place_call(
    settings: Settings, book: RuleBook, places: Places, why: str, turn: int, only: str | None = None
) -> Outcome:
    """Hold the conversation and say what came of it. Never raises."""
    now = datetime.now(UTC)
    wanted = script(book, places, turn, now, only)
    line = _Line(settings, f"{SYNTHETIC}{secrets.token_hex(10)}", f"+3363998{3600 + turn % 100:04d}")
    rang: tuple[str, ...] = ()
    try:
        rang = line.talk(wanted)
        fault = "" if set(rang) & {t.phone for t in wanted.targets} else "un autre poste sonnerait"
    except Failed as failed:
        fault = str(failed)
    return Outcome(
        call=line.sid,
        at=now,
        why=why,
        association=wanted.association,
        ok=not fault,
        said=_said(book, wanted, fault),
        expected=wanted.targets[0].regulator,
        rang=next((t.regulator for t in wanted.targets if t.phone in rang), ",".join(rang) or None),
        steps=tuple(line.steps),
    )


def _postcode(book: RuleBook, places: Places, insee: str) -> str | None:
    """A code of the town that asks no further question: all its communes have the same owners."""
    town = places.commune(insee)
    for code in town.postcodes if town else ():
        if len({book.owners(one.insee) for one in places.by_postcode(code)}) == 1:
            return code
    return None


def _script(book: RuleBook, places: Places, slug: str, code: str, now: datetime) -> Script:
    located = Located(places.by_postcode(code)[0].insee, 1.0, PlaceSource.POSTCODE)
    menu = offers(book, located, now)
    need = next((one for one in WANTED if one in menu), None)
    decision = decide(book, located, need, now, Load())
    owner = book.association(decision.association or "")
    keys = (str(menu.index(need) + 1),) if need else (HUMAN,) if menu else ()
    if need and owner and owner.asks_age:
        keys = (*keys, ADULT)
    return Script(slug, code, keys, decision.targets)


def _said(book: RuleBook, wanted: Script, fault: str) -> str:
    one = book.association(wanted.association or "")
    where = f"{wanted.postcode} ({one.city})" if one else "sans lieu"
    desk = book.desks.get(wanted.targets[0].regulator)
    name = desk.name if desk else book.national_name
    return f"{where} : {fault}." if fault else f"{where} : {name} sonnerait."


class _Line:
    """One call as the carrier carries it; `steps` grows with each answer."""

    def __init__(self, settings: Settings, sid: str, caller: str) -> None:
        self.sid, self.steps = sid, list[tuple[str, int]]()
        self._settings = settings
        self._fields = {
            "AccountSid": settings.account_sid,
            "CallSid": sid,
            "From": caller,
            "To": "+333624",
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
        }
        self._http = requests.Session()
        # This machine is not to be sought behind the operator's proxy.
        self._http.trust_env = urlsplit(settings.public_url).hostname not in LOOPBACK

    def talk(self, wanted: Script) -> tuple[str, ...]:
        """The numbers the service would have rung. Raises `Failed`."""
        base = f"{self._settings.public_url}/voice"
        document = self._post("arrivée", f"{base}/incoming", CallStatus="ringing")
        answers = [("code postal", wanted.postcode)] if wanted.postcode else []
        answers += [("touche", key) for key in wanted.keys]
        try:
            for name, digits in answers:
                if document.find("Dial") is not None:
                    raise Failed(f"avant « {name} », la voie de secours a répondu")
                document = self._post(name, _action(document), CallStatus="in-progress", Digits=digits)
            dial = document.find("Dial")
            if dial is None:
                raise Failed("aucun poste ne sonnerait")
            # The caller hangs up while it rings: the desk's line is free again.
            self._post("raccroché", dial.get("action", ""), CallStatus="completed", DialCallStatus="canceled")
        finally:
            self._over(f"{base}/status")
        return tuple((one.text or "").strip() for one in dial)

    def _over(self, url: str) -> None:
        try:
            self._send(url, {"CallStatus": "completed", "CallDuration": "1", "SequenceNumber": "3"})
        except requests.RequestException:
            return  # the conversation has said what is wrong

    def _post(self, name: str, url: str, **fields: str) -> Element:
        began = time.perf_counter()
        try:
            answer = self._send(url, fields)
        except requests.RequestException as fault:
            raise Failed(f"« {name} » : le service ne répond pas ({type(fault).__name__})") from None
        self.steps.append((name, round((time.perf_counter() - began) * 1000)))
        if answer.status_code != 200:
            raise Failed(f"« {name} » : réponse HTTP {answer.status_code}")
        try:
            return fromstring(answer.content)  # noqa: S314 - our own document
        except ParseError:
            raise Failed(f"« {name} » : document illisible") from None

    def _send(self, url: str, fields: Mapping[str, str]) -> requests.Response:
        told, url = {**self._fields, **fields}, url.partition("#")[0]
        signed = signature(self._settings.auth_tokens[0], url, told)
        return self._http.post(url, data=told, headers={"X-Twilio-Signature": signed}, timeout=PATIENCE)


def _action(document: Element) -> str:
    """Where the last question's answer goes: the ones before it only listen for a key ahead."""
    asked = document.findall("Gather")
    if not asked:
        raise Failed("aucune question n'est posée")
    return asked[-1].get("action", "")
