"""A carrier that fails as real ones do, and doctors and patients with telephones: a process of its own.

It speaks the REST API over HTTP and plays the legs' documents against the real webhooks, signed. It knows
nothing of the service but what a carrier is told; what it saw is asked for at `/saw`.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from twilio.request_validator import RequestValidator

ACCOUNT = "AC" + "3624" * 8
TOKEN = "c0ffee" * 6
LIST_LAG = 0.2  # seconds before a call shows in the list
GIVES_UP_AFTER = 0.5  # longer than the soak's client waits


@dataclass
class Call:
    """A leg to a doctor."""

    sid: str
    to: str
    shown: str
    url: str
    status_url: str
    born: float
    status: str = "queued"
    gone: bool = False


@dataclass
class Carrier:
    """Everything it holds; chances in parts of a hundred."""

    faults: bool
    chance: random.Random
    calls: dict[str, Call] = field(default_factory=dict)
    rings: list[tuple[str, str, float]] = field(default_factory=list)  # patient, whisper URL, when
    joined: list[tuple[str, str]] = field(default_factory=list)  # patient, whisper URL
    posts: dict[str, int] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    hung_up: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    session: ClientSession | None = None
    signer: RequestValidator = field(default_factory=lambda: RequestValidator(TOKEN))
    patients_miss: float = 0.2

    def happens(self, percent: float) -> bool:
        return self.faults and self.chance.random() * 100 < percent

    def count(self, what: str) -> None:
        self.posts[what] = self.posts.get(what, 0) + 1

    # --- REST

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        draw = self.chance.random() * 100 if self.faults else 100.0
        if draw < 8:
            self.count("429")
            return _error(429, 20429)
        if draw < 12:
            self.count("500 refused")
            return _error(500, 20500)
        if draw < 24:
            return await self._accepted_in_vain(form, draw, request)
        self.count("201")
        return web.json_response(_shown(self._accept(form)), status=201)

    async def _accepted_in_vain(self, form: Any, draw: float, request: web.Request) -> web.StreamResponse:
        if draw < 16:
            self.count("500 accepted")
            self._accept(form)
            return _error(500, 20500)
        if draw < 20:
            self.count("reply lost")
            self._accept(form)
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        self.count("accepted late")
        await asyncio.sleep(GIVES_UP_AFTER)
        self._accept(form)
        return _error(500, 20500)

    def _accept(self, form: Any) -> Call:
        sid = f"CA{self.chance.getrandbits(128):032x}"
        call = Call(sid, form["To"], form["From"], form["Url"], form["StatusCallback"], time.time())
        self.calls[sid] = call
        task = asyncio.get_running_loop().create_task(self._play(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return call

    async def listed(self, request: web.Request) -> web.Response:
        before = time.time() - LIST_LAG
        found = [c for c in self.calls.values() if c.to == request.query.get("To") and c.born < before]
        newest = sorted(found, key=lambda call: -call.born)[:200]
        page = {"calls": [_shown(call) for call in newest], "next_page_uri": None, "page": 0}
        return web.json_response(page)

    async def fetch(self, request: web.Request) -> web.Response:
        call = self.calls.get(request.match_info["sid"])
        return web.json_response(_shown(call)) if call else _error(404, 20404)

    async def update(self, request: web.Request) -> web.Response:
        call = self.calls.get(request.match_info["sid"])
        if call is None or call.gone:
            return _error(400, 21220)
        call.gone = True
        self.hung_up += 1
        return web.json_response(_shown(call))

    async def message(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.messages.append(str(form["Body"]))
        return web.json_response({"sid": f"SM{self.chance.getrandbits(128):032x}"}, status=201)

    async def saw(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "rings": self.rings,
                "joined": self.joined,
                "posts": self.posts,
                "messages": len(self.messages),
                "hung_up": self.hung_up,
                "calls": len(self.calls),
                "live": len(self.tasks),
            }
        )

    # --- the telephones

    async def _play(self, call: Call) -> None:
        await asyncio.sleep(0.01 + self.chance.random() * 0.05)
        await self._tell(call, "initiated")
        await self._tell(call, "ringing")
        await asyncio.sleep(0.02)
        if self.happens(6):
            await self._over(call, "no-answer")
            return
        call.status = "in-progress"
        await self._tell(call, "in-progress")
        document = await self._ask(call, call.url, {})
        while document is not None and not call.gone:
            document = await self._obey(call, document)
        await self._over(call, "completed")

    async def _obey(self, call: Call, document: ET.Element) -> ET.Element | None:
        """What the document makes the doctor's telephone do; the next document, or None at its end."""
        gather, dial = document.find("Gather"), document.find("Dial")
        if gather is not None:
            key = "2" if "/key/" in gather.attrib["action"] and self.happens(8) else "1"
            return await self._ask(call, gather.attrib["action"], {"Digits": key})
        if dial is not None:
            bridged = await self._ring_patient(call, dial)
            ended = {"DialCallStatus": "completed" if bridged else "no-answer"}
            return await self._ask(call, dial.attrib["action"], ended | {"DialBridged": str(bridged).lower()})
        return None

    async def _ring_patient(self, call: Call, dial: ET.Element) -> bool:
        number = dial.find("Number")
        assert number is not None
        patient, url = str(number.text), number.attrib["url"]
        self.rings.append((patient, url, time.time()))
        await asyncio.sleep(0.02)
        if self.happens(100 * self.patients_miss / 2):
            return False
        child = Call(f"CA{self.chance.getrandbits(128):032x}", patient, call.shown, "", "", time.time())
        machine = self.happens(100 * self.patients_miss / 2)
        document = await self._ask(child, url, {"ParentCallSid": call.sid})
        while document is not None:
            gather = document.find("Gather")
            if gather is None:
                break
            document = await self._ask(child, gather.attrib["action"], {"Digits": "" if machine else "1"})
        if document is None or document.find("Hangup") is not None:
            return False
        self.joined.append((patient, url))
        await asyncio.sleep(0.03)
        return True

    async def _over(self, call: Call, status: str) -> None:
        call.status, call.gone = status, True
        await self._tell(call, status)

    async def _tell(self, call: Call, status: str) -> None:
        """A status event: sometimes lost, sometimes twice."""
        if self.happens(2):
            return
        for _ in range(2 if self.happens(3) else 1):
            await self._post(call, call.status_url, {"CallStatus": status})

    async def _ask(self, call: Call, url: str, fields: dict[str, str]) -> ET.Element | None:
        """A webhook whose answer steers; sometimes repeated, as after a reply that came too late."""
        if self.happens(3):
            await self._post(call, url, fields)
        text = await self._post(call, url, fields)
        return ET.fromstring(text) if text else None

    async def _post(self, call: Call, url: str, fields: dict[str, str]) -> str | None:
        url = url.partition("#")[0]
        form = {
            "AccountSid": ACCOUNT,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "From": call.shown,
            "To": call.to,
        } | fields
        headers = {"X-Twilio-Signature": self.signer.compute_signature(url, form)}
        assert self.session is not None
        try:
            async with self.session.post(url, data=form, headers=headers) as answer:
                text = await answer.text()
                self.count(f"webhook {answer.status}")
                return text if answer.status == 200 else None
        except (ClientError, TimeoutError):
            self.count("webhook failed")
            return None


def _shown(call: Call) -> dict[str, Any]:
    born = formatdate(call.born, localtime=False).replace("-0000", "+0000")
    return {
        "sid": call.sid,
        "to": call.to,
        "from": call.shown,
        "status": call.status,
        "date_created": born,
        "direction": "outbound-api",
    }


def _error(status: int, code: int) -> web.Response:
    return web.json_response(
        {"code": code, "message": "no", "status": status, "more_info": ""}, status=status
    )


def application(faults: bool, seed: int) -> web.Application:
    """The carrier's HTTP face."""
    carrier = Carrier(faults, random.Random(seed))
    app = web.Application()
    root = f"/2010-04-01/Accounts/{ACCOUNT}"
    app.router.add_post(root + "/Calls.json", carrier.create)
    app.router.add_get(root + "/Calls.json", carrier.listed)
    app.router.add_get(root + "/Calls/{sid}.json", carrier.fetch)
    app.router.add_post(root + "/Calls/{sid}.json", carrier.update)
    app.router.add_post(root + "/Messages.json", carrier.message)
    app.router.add_get("/saw", carrier.saw)

    async def open_session(_: web.Application) -> None:
        connector = TCPConnector(limit=6)
        carrier.session = ClientSession(connector=connector, timeout=ClientTimeout(total=15))

    async def close_session(_: web.Application) -> None:
        assert carrier.session is not None
        await carrier.session.close()

    app.on_startup.append(open_session)
    app.on_cleanup.append(close_session)
    return app


if __name__ == "__main__":
    web.run_app(
        application(sys.argv[2] == "faults", int(sys.argv[3])),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        print=None,
        access_log=None,
    )
