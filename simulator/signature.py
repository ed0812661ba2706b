"""X-Twilio-Signature, computed as Twilio documents it (docs/usage/security), without Twilio's library."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit


def sign(url: str, form: Mapping[str, str], token: str) -> str:
    """Base64 of HMAC-SHA1 over the voice URL and the sorted form (empty for a GET)."""
    text = signed_url(url) + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def signed_url(url: str) -> str:
    """The URL as voice signs it: no fragment, no user; the port is dropped over HTTPS and kept over HTTP."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https" and parts.port is not None:
        host = host.rpartition(":")[0]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
