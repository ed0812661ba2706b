"""The test call that speaks a code to a desk's new number: without it the number takes no patient."""

from __future__ import annotations

from config.sealing import Sealer, Unsealable
from config.settings import Settings
from workers.callbacks.links import CONNECTION, LegUrls

PATH = "/voice/proof"


def urls(settings: Settings, code: str) -> LegUrls:
    """What the carrier is given with the call: what is said there is asked of `PATH`, the code sealed."""
    root = settings.public_url + "/voice"
    answer = f"{settings.public_url}{PATH}?s={_sealer(settings.secret_keys).seal(code.encode())}{CONNECTION}"
    return LegUrls(answer=answer, status=f"{root}/status", fallback=f"{root}/legs/sorry")


def code_in(keys: tuple[str, ...], sealed: str) -> str | None:
    """The code a URL of ours holds; None for any other text."""
    try:
        return _sealer(keys).unseal(sealed).decode()
    except (Unsealable, UnicodeDecodeError):
        return None


def _sealer(keys: tuple[str, ...]) -> Sealer:
    return Sealer(keys, "test call")
