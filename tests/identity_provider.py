"""A real OpenID Connect provider (npm oidc-provider) on this machine, and people with an identity there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from tests.conftest import LEASH, free_port

FOLDER = Path(__file__).parent / "oidc_provider"
CLIENT = {"client_id": "console-3624", "client_secret": "the-secret-of-the-tests-only"}


@contextmanager
def identity_provider(console_url: str, *names: str) -> Iterator[str]:
    """Running; yields its issuer. `names` are those it has in the console's configuration."""
    port = free_port()
    back = [f"{console_url}/entrer/retour/{name}" for name in names]
    line = [*LEASH, "node", "provider.mjs", str(port), *back]
    served = subprocess.Popen(line, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert served.stdout
        assert served.stdout.readline() == b"listening\n", "run `make tools`"
        yield f"http://127.0.0.1:{port}"
    finally:
        served.kill()
        served.wait()
        assert served.stdout
        served.stdout.close()


def described(issuer: str, name: str, **more: str) -> dict[str, Any]:
    """It as an entry of OIDC_PROVIDERS."""
    discovery = f"{issuer}/.well-known/openid-configuration"
    return CLIENT | {"name": name, "label": name.capitalize(), "discovery": discovery} | more


def recognised(url: str, who: str) -> str:
    """Somebody goes to the provider at `url` and says who they are; where they are sent back to."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=10)
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        answer = browser.post(
            urljoin(page.url, action[1]), data={"who": who}, timeout=10, allow_redirects=False
        )
        while "/entrer/retour/" not in answer.headers["Location"]:
            answer = browser.get(
                urljoin(answer.url, answer.headers["Location"]), timeout=10, allow_redirects=False
            )
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"
