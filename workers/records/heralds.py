"""Who is told of an alert, and how: e-mail, SMS, a signed webhook."""

from __future__ import annotations

import hmac
import json
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from hashlib import sha256
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import requests
import structlog
from sqlalchemy import Connection, insert, select

from config.sealing import Sealer, Unsealable
from config.settings import LOOPBACK, Settings
from workers.callbacks.telephony import Carrier, Placed
from workers.records import paris
from workers.records.conditions import Condition
from workers.records.tables import alert_routes

PATIENCE = 10.0  # seconds for a mail server or a webhook
SMS_LENGTH = 300
SENDER = "3624 <alerte@3624.invalid>"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert as it is told. `id` None: it could not be written down."""

    condition: Condition
    at: datetime
    over: bool
    id: str | None

    @property
    def line(self) -> str:
        """One line in words, the next step included."""
        where = f" [{self.condition.scope}]" if self.condition.scope else ""
        if self.over:
            return f"Fin d'alerte{where} : {self.condition.said}"
        return f"Alerte{where} : {self.condition.said} {self.condition.next_step}"


@dataclass(frozen=True, slots=True)
class Route:
    """One way to somebody. An association's route hears of itself and of what concerns everybody."""

    channel: str  # email, sms, webhook
    target: str = field(repr=False)
    association: str | None = None
    secret: str | None = field(default=None, repr=False)

    def concerns(self, scope: str) -> bool:
        """Whether an alert of this scope is for them."""
        return self.association is None or scope in {"", self.association}


class Routes:
    """The table of routes: addresses and secrets sealed."""

    def __init__(self, secret_keys: tuple[str, ...]) -> None:
        self._sealer = Sealer(secret_keys, "alert routes")

    def add(self, connection: Connection, route: Route) -> str:
        """A new route; returns its id. Raises ValueError for a channel or a webhook that cannot be."""
        url = urlsplit(route.target)
        if route.channel not in {"email", "sms", "webhook"}:
            raise ValueError(f"no channel {route.channel!r}")
        if route.channel == "webhook" and url.scheme != "https" and url.hostname not in LOOPBACK:
            raise ValueError("a webhook goes by https")
        route_id = str(uuid4())
        context = route_id.encode()
        row = {
            "id": route_id,
            "channel": route.channel,
            "target_sealed": self._sealer.seal(route.target.encode(), context),
            "secret_sealed": self._sealer.seal(route.secret.encode(), context) if route.secret else None,
            "association": route.association,
            "active": True,
        }
        connection.execute(insert(alert_routes).values(row))
        return route_id

    def active(self, connection: Connection) -> list[Route]:
        """Those to be told now; one that does not open any more is left out, and logged."""
        found = []
        for row in connection.execute(select(alert_routes).where(alert_routes.c.active)):
            context = row.id.encode()
            try:
                target = self._sealer.unseal(row.target_sealed, context).decode()
                secret = (
                    self._sealer.unseal(row.secret_sealed, context).decode() if row.secret_sealed else None
                )
            except Unsealable:
                log.error("alert_route_unreadable", route=row.id)
                continue
            found.append(Route(row.channel, target, row.association, secret))
        return found


class Herald:
    """Sends; a way that fails is told as False and stops no other."""

    def __init__(self, settings: Settings, carrier: Carrier) -> None:
        self._settings, self._carrier = settings, carrier

    def send(self, route: Route, notices: Sequence[Notice]) -> bool:
        """One message with all of these."""
        ways: dict[str, Callable[[Route, Sequence[Notice]], bool]] = {
            "email": self._mail,
            "sms": self._write,
            "webhook": self._post,
        }
        try:
            return ways[route.channel](route, notices)
        except (OSError, smtplib.SMTPException, requests.RequestException) as fault:
            log.warning("herald_failed", channel=route.channel, fault=type(fault).__name__)
            return False

    def _mail(self, route: Route, notices: Sequence[Notice]) -> bool:
        message = EmailMessage()
        message["Subject"] = f"3624 : {notices[0].line[:90]}"
        message["From"], message["To"] = SENDER, route.target
        message.set_content(self._body(notices))
        if not self._settings.smtp_url:
            log.warning("mail_not_sent_no_smtp_url", subject=message["Subject"])
            return True
        url = urlsplit(self._settings.smtp_url)
        opened = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
        with opened(url.hostname or "", url.port or 0, timeout=PATIENCE) as server:
            if url.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls()
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
        return True

    def _write(self, route: Route, notices: Sequence[Notice]) -> bool:
        more = f" (+{len(notices) - 1})" if len(notices) > 1 else ""
        body = f"3624. {notices[0].line}"[: SMS_LENGTH - len(more)] + more
        reply = self._carrier.write_to(route.target, self._settings.caller_id, body)
        return isinstance(reply, Placed)

    def _post(self, route: Route, notices: Sequence[Notice]) -> bool:
        body = json.dumps({"alerts": [_told(notice) for notice in notices]}, ensure_ascii=False).encode()
        stamp = str(int(notices[0].at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-3624-Signature": f"t={stamp},v1={signature(route.secret or '', stamp, body)}",
        }
        reply = requests.post(
            route.target, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
        )
        return reply.ok

    def _body(self, notices: Sequence[Notice]) -> str:
        lines = [f"{n.at.astimezone(paris.ZONE):%H h %M} · {n.line}" for n in notices]
        return "\n\n".join([*lines, f"Tout voir et prendre en charge : {self._settings.console_url}/alertes"])


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 of « stamp.body », in hexadecimal: what the receiver compares, and an old stamp refuses."""
    return hmac.digest(secret.encode(), stamp.encode() + b"." + body, sha256).hex()


def _told(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "kind": notice.condition.kind,
        "scope": notice.condition.scope or None,
        "said": notice.condition.said,
        "next_step": notice.condition.next_step,
        "at": notice.at.isoformat(),
        "over": notice.over,
    }
