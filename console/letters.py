"""E-mail of the console: through SMTP_URL, or, unset, a line in the log that tells no secret."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import structlog

from config.settings import Settings

SENDER = "3624 <ne-pas-repondre@3624.invalid>"
PATIENCE = 5.0  # seconds: somebody looks at a page meanwhile
log = structlog.get_logger(__name__)


class Letters:
    """Sends one letter at a time; what fails is told, never raised."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.smtp_url

    @property
    def leaves(self) -> bool:
        """Whether there is a mail server at all."""
        return self._url is not None

    def send(self, to: str, subject: str, text: str) -> bool:
        """Whether the server took it. Neither address nor text is ever logged: its link lets people in."""
        if self._url is None:
            log.warning("letter_not_sent_no_smtp_url", subject=subject, to_domain=to.rpartition("@")[2])
            return False
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, _sender(self._url), to
        message.set_content(text)
        try:
            _deliver(self._url, message)
        except (OSError, smtplib.SMTPException) as fault:
            log.warning("letter_not_sent", subject=subject, fault=type(fault).__name__)
            return False
        return True


def _deliver(smtp_url: str, message: EmailMessage) -> None:
    url = urlsplit(smtp_url)
    opened = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with opened(url.hostname or "localhost", url.port or 0, timeout=PATIENCE) as server:
        if url.scheme == "smtp":
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def _sender(smtp_url: str) -> str:
    """The account the mail server knows is an address it lets write; else one that cannot be answered."""
    user = unquote(urlsplit(smtp_url).username or "")
    return f"3624 <{user}>" if "@" in user else SENDER
