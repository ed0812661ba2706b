"""The legs' sealed URLs: whoever holds one speaks for one attempt, and nothing is legible in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from config.sealing import Pseudonyms, Sealer, Unsealable
from workers.callbacks.fence import Link

ROOT = "/voice/legs"
# Fail fast and try the fallback, within the carrier's limits (facts: connection overrides).
CONNECTION = "#ct=1000&rt=3000&rc=1&rp=all"


@dataclass(frozen=True, slots=True)
class LegUrls:
    """Where the carrier asks what to say, tells of progress, and asks when the first has failed."""

    answer: str
    status: str
    fallback: str


class Links:
    """Seals a `Link` into URLs under the service's public address, and reads it back."""

    def __init__(self, public_url: str, keys: tuple[str, ...]) -> None:
        self._root, self._sealer = public_url + ROOT, Sealer(keys, "call-back legs")
        self._notices, self._rooms = Sealer(keys, "call-back notices"), Pseudonyms(keys)

    def url(self, step: str, link: Link) -> str:
        """The absolute URL of one step of this attempt's legs."""
        sealed = self._sealer.seal(f"{link.callback_id}/{link.token}".encode())
        return f"{self._root}/{step}?a={quote(sealed)}"

    def of_call(self, link: Link) -> LegUrls:
        """What the carrier is given with a call."""
        return LegUrls(self.url("doctor", link) + CONNECTION, self.url("status", link), f"{self._root}/sorry")

    def of_notice(self, callback_id: str) -> LegUrls:
        """What the carrier is given with a call that tells a landline of a delay. It has no attempt."""
        answer = self.notice("notice", callback_id) + CONNECTION
        return LegUrls(answer, f"{self._root}/status", f"{self._root}/notice-sorry")

    def notice(self, step: str, callback_id: str) -> str:
        """The absolute URL of one step of such a call."""
        return f"{self._root}/{step}?n={quote(self._notices.seal(callback_id.encode()))}"

    def noticed(self, sealed: str) -> str | None:
        """Whose call-back such a URL speaks of; None for anything we did not seal."""
        try:
            return self._notices.unseal(sealed).decode()
        except (Unsealable, UnicodeDecodeError):
            return None

    def room(self, callback_id: str) -> str:
        """The secret of a call-back's video room: the same for both, and nothing can be read in it."""
        return self._rooms.index(f"video room {callback_id}")

    def read(self, sealed: str) -> Link | None:
        """Whose attempt it is; None for anything we did not seal."""
        try:
            callback_id, _, token = self._sealer.unseal(sealed).decode().partition("/")
        except (Unsealable, UnicodeDecodeError):
            return None
        return Link(callback_id, token)
