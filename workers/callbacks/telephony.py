"""The carrier port: what is asked of Twilio's REST API, and its answers as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import requests
import structlog
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from urllib3.exceptions import NewConnectionError

from config.settings import Settings
from workers.callbacks.links import LegUrls

RING_SECONDS = 25  # a doctor's phone; voicemail mostly picks up later
LISTED = 200
PAGE = 1000  # the most the carrier gives at once; the client follows the pages
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LOWEST_CODE = 10000  # of the carrier's own
LOWEST_OF_CALLS = 21000  # below it a code speaks of the account, not of one call
# 4xx that are ours to mend, whichever number is rung: credentials, a caller id we do not own.
CONFIGURATION = {20003, 20404, 21210, 21212, 21405}
# A reply that is no JSON, or none the library expects, raises the last four from within it.
GARBLED = (TwilioException, requests.RequestException, ValueError, KeyError, TypeError, AttributeError)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Placed:
    """The carrier has it under this id."""

    sid: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Nothing was processed (429, connection never opened, our own settings refused): safe after `pause`."""

    pause: timedelta

    @classmethod
    def shortly(cls) -> Self:
        """No turn was left at the carrier's pace."""
        return cls(timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier will never do it for this number (facts: Twilio's error dictionary)."""

    code: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been accepted: never ask again blindly."""

    why: str


Reply = Placed | Throttled | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Leg:
    """A call as the carrier lists it."""

    sid: str
    status: str  # the carrier's word
    shown: str  # the number it came from
    created: datetime | None
    ended: datetime | None = None
    seconds: int | None = None  # of a call that has ended
    inbound: bool = False

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in {"completed", "busy", "failed", "no-answer", "canceled"}


class Carrier(Protocol):
    """What dialling asks for; `TwilioCarrier` and the tests' own fake do it."""

    def place(self, to: str, shown: str, urls: LegUrls) -> Reply:
        """Ring `to`. One request, never repeated by itself."""

    def calls_to(self, to: str) -> Sequence[Leg] | None:
        """The newest calls to this number; None when the carrier cannot say."""

    def calls_since(self, since: datetime) -> Sequence[Leg] | None:
        """Every call of the account that began since, both ways; None when the carrier cannot say."""

    def leg(self, sid: str) -> Leg | None:
        """One call; None when the carrier cannot say. A call it does not know is over."""

    def hang_up(self, sid: str) -> None:
        """End it, ringing or talking; best effort."""

    def write_to(self, to: str, shown: str, body: str) -> Reply:
        """Send an SMS."""


class TwilioCarrier:
    """One client per process: the library's client is not meant for threads."""

    def __init__(self, settings: Settings, timeout: float) -> None:
        http = TwilioHttpClient(timeout=timeout)  # seconds; the library has none by default
        if http.session is not None:
            never = HTTPAdapter(max_retries=0)
            http.session.mount("https://", never)
            http.session.mount("http://", never)
            # The stand-in on this machine is not to be sought behind the operator's proxy.
            http.session.trust_env = urlsplit(settings.carrier_url).hostname not in LOOPBACK
        # A non-empty environment of our own: TWILIO_REGION or TWILIO_EDGE would rewrite any host name.
        self._client = Client(
            settings.account_sid, settings.auth_tokens[0], http_client=http, environment={"TWILIO_REGION": ""}
        )
        self._client.api.base_url = settings.carrier_url

    def place(self, to: str, shown: str, urls: LegUrls) -> Reply:
        """See `Carrier`."""
        return _asked(
            lambda: (
                self._client.calls.create(
                    to=to,
                    from_=shown,
                    url=urls.answer,
                    method="POST",
                    fallback_url=urls.fallback,
                    fallback_method="POST",
                    status_callback=urls.status,
                    status_callback_method="POST",
                    status_callback_event=["initiated", "ringing", "answered", "completed"],
                    timeout=RING_SECONDS,
                ).sid
            )
        )

    def calls_to(self, to: str) -> Sequence[Leg] | None:
        """See `Carrier`."""
        try:
            found = self._client.calls.list(to=to, limit=LISTED, page_size=LISTED)
        except GARBLED as fault:
            log.warning("carrier_silent", fault=type(fault).__name__)
            return None
        return [_leg(one) for one in found]

    def calls_since(self, since: datetime) -> Sequence[Leg] | None:
        """See `Carrier`."""
        try:
            found = self._client.calls.list(start_time_after=since, page_size=PAGE)
        except GARBLED as fault:
            log.warning("carrier_silent", fault=type(fault).__name__)
            return None
        return [_leg(one) for one in found]

    def leg(self, sid: str) -> Leg | None:
        """See `Carrier`."""
        try:
            return _leg(self._client.calls(sid).fetch())
        except TwilioRestException as fault:
            return Leg(sid, "failed", "", None) if fault.status == 404 else None
        except GARBLED:
            return None

    def hang_up(self, sid: str) -> None:
        """See `Carrier`."""
        try:
            self._client.calls(sid).update(status="completed")
        except GARBLED as fault:
            # 21220: it has ended by itself. Anything else: the fence hangs it up when it is answered.
            log.info("hang_up_failed", fault=type(fault).__name__)

    def write_to(self, to: str, shown: str, body: str) -> Reply:
        """See `Carrier`."""
        return _asked(lambda: self._client.messages.create(to=to, from_=shown, body=body).sid)


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """How the carrier signs a webhook: it leaves the port out of an https URL."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.port:
        url = parts._replace(netloc=parts.hostname or "").geturl()
    signed: str = RequestValidator(token).compute_signature(url, dict(fields))
    return signed


def _asked(post: Any) -> Reply:
    try:
        sid = post()
    except TwilioRestException as fault:
        return _refusal(fault)
    except requests.ConnectTimeout:
        return Throttled(timedelta(seconds=5))
    except requests.ConnectionError as fault:
        return Throttled(timedelta(seconds=5)) if _never_opened(fault) else Unknown(type(fault).__name__)
    except GARBLED as fault:
        return Unknown(type(fault).__name__)
    return Placed(sid) if isinstance(sid, str) and sid else Unknown("no id in the reply")


def _refusal(fault: TwilioRestException) -> Reply:
    code = int(fault.code or 0)
    if fault.status == 429:
        return Throttled(timedelta(seconds=2))
    if not 400 <= fault.status < 500 or fault.status == 408:
        return Unknown(f"http {fault.status}")
    # Without a code of the carrier's own (the library gives the status then) a proxy between us spoke.
    ours = fault.status in {401, 403} and code < LOWEST_OF_CALLS
    if code < LOWEST_CODE or code in CONFIGURATION or ours:
        log.error("carrier_refuses_us", code=code, status=fault.status)
        return Throttled(timedelta(seconds=30))
    return Refused(code)


def _never_opened(fault: requests.ConnectionError) -> bool:
    reason = getattr(fault.args[0], "reason", None) if fault.args else None
    return isinstance(reason, NewConnectionError)


def _leg(found: Any) -> Leg:
    seconds = str(getattr(found, "duration", None) or "")
    return Leg(
        str(found.sid),
        str(found.status),
        str(getattr(found, "_from", None) or ""),
        found.date_created,
        getattr(found, "end_time", None),
        int(seconds) if seconds.isdecimal() else None,
        getattr(found, "direction", None) == "inbound",
    )
