"""Fetches a webhook as Twilio does: signed, timed, retried by the URL's fragment, redirects followed.

Source: Twilio, docs/usage/webhooks/webhooks-connection-overrides.
"""

import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from simulator.grammar import Refused
from simulator.signature import sign

CEILING_MS = 15_000
MAX_REDIRECTS = 10
NO_CONNECTION, BAD_ANSWER, TOO_MANY_REDIRECTS, INVALID_URL = 11205, 11200, 11215, 11100


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `url` is the last one asked, against which relative links resolve."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    method: str

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Patience:
    """The connection overrides of a URL's fragment: milliseconds, retries, and what is retried."""

    ct: int = 5_000
    rt: int = 15_000
    rc: int = 1
    rp: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> "Patience":
        """Raises `Refused` 11243 for a value Twilio does not know."""
        given = dict(pair.partition("=")[::2] for pair in urlsplit(url).fragment.split("&") if "=" in pair)
        try:
            ct, rt, rc = int(given.get("ct", 5_000)), int(given.get("rt", 15_000)), int(given.get("rc", 1))
        except ValueError:
            raise Refused(11243, f"connection override {given}") from None
        rp = frozenset(given.get("rp", "ct").split(","))
        fits = 100 <= ct <= 10_000 and 100 <= rt <= CEILING_MS and 0 <= rc <= 5
        if not fits or rp - {"4xx", "5xx", "ct", "rt", "all"}:
            raise Refused(11243, f"connection override {given}")
        return cls(ct, rt, rc, rp)

    def retries(self, failure: str) -> bool:
        """`failure` is ct, rt, 4xx or 5xx."""
        return failure in self.rp or "all" in self.rp


@dataclass(frozen=True, slots=True)
class Errand:
    """What stays the same over the redirects and tries of one request."""

    token: str
    request_id: str
    patience: Patience
    ends: float

    def left(self, limit_ms: int) -> float:
        return min(limit_ms / 1000, max(self.ends - time.monotonic(), 0.05))


def fetch(url: str, method: str, form: Mapping[str, str], token: str, request_id: str) -> Reply:
    """The final answer with a 2xx status. Raises `Refused` 11100, 11200, 11205, 11215 or 11243.

    A failed connection is tried once more by default; what else is, the fragment says. All of it within 15 s.
    """
    if not re.fullmatch(r"https?://[!-~]+", url):
        raise Refused(INVALID_URL, f"not a URL: {_shown(url)!r}")
    patience = Patience.of(url)
    errand = Errand(token, request_id, patience, time.monotonic() + CEILING_MS / 1000)
    for tries_left in range(patience.rc, -1, -1):
        failure, why = "", ""
        try:
            reply = _follow(url, method, form, errand)
            if 200 <= reply.status < 300:
                return reply
            failure, why = f"{reply.status // 100}xx", f"HTTP {reply.status} from {_shown(reply.url)}"
        except _Unreached as error:
            failure, why = error.failure, f"{error} at {_shown(url)}"
        if not tries_left or not patience.retries(failure) or time.monotonic() >= errand.ends:
            raise Refused(NO_CONNECTION if failure == "ct" else BAD_ANSWER, why)
    raise AssertionError("unreachable: the last try returns or raises")


class _Unreached(Exception):
    def __init__(self, failure: str, why: str) -> None:
        super().__init__(why)
        self.failure = failure


def _shown(url: str) -> str:
    return url.partition("?")[0]


def _follow(url: str, method: str, form: Mapping[str, str], errand: Errand) -> Reply:
    for _ in range(MAX_REDIRECTS + 1):
        reply = _once(url, method, form, errand)
        if reply.status not in (301, 302, 303, 307, 308):
            return reply
        url = urljoin(reply.url, reply.headers.get("location", ""))
        if reply.status not in (307, 308):
            # As browsers do, Twilio turns the POST into a GET and loses what was in it.
            method, form = "GET", {}
    raise Refused(TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects from {_shown(url)}")


def _once(url: str, method: str, form: Mapping[str, str], errand: Errand) -> Reply:
    url = url.partition("#")[0]
    if method == "GET" and form:
        url += ("&" if "?" in url else "?") + urlencode(form)
        form = {}
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    link = connection(parts.hostname or "", parts.port, timeout=errand.left(errand.patience.ct))
    try:
        link.connect()
    except OSError as error:
        raise _Unreached("ct", f"no connection ({type(error).__name__})") from error
    try:
        link.sock.settimeout(errand.left(errand.patience.rt))
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        link.request(
            method, target, urlencode(form) if method == "POST" else None, _headers(url, method, form, errand)
        )
        answer = link.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read(), url, method)
    except (OSError, http.client.HTTPException) as error:
        raise _Unreached("rt", f"no answer ({type(error).__name__})") from error
    finally:
        link.close()


def _headers(url: str, method: str, form: Mapping[str, str], errand: Errand) -> dict[str, str]:
    typed = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"} if method == "POST" else {}
    return typed | {
        "X-Twilio-Signature": sign(url, form, errand.token),
        "X-Home-Region": "ie1",
        "I-Twilio-Idempotency-Token": errand.request_id,
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
