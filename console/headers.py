"""Every answer's headers, in one place: pages load their own files and the live feed, and are never kept."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from config.settings import Settings

_CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
# Where a voice is recorded, and heard before it is sent.
_RECORDING = {
    "Permissions-Policy": ("microphone=()", "microphone=(self)"),
    "Content-Security-Policy": ("media-src 'self'", "media-src 'self' blob:"),
}
YEAR = 31_536_000


def install(app: Flask, settings: Settings) -> None:
    """Set them after each request."""
    feed = urlsplit(settings.feed_url)
    allowed = _CSP | {"connect-src": f"'self' {feed.scheme}://{feed.netloc}"}
    always = _ALWAYS | {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in allowed.items())
    }
    if settings.console_url.startswith("https://"):
        always["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"

    @app.after_request
    def complete(answer: Response) -> Response:
        answer.headers.update(always)
        if request.blueprint == "recordings":
            for name, (less, more) in _RECORDING.items():
                answer.headers[name] = answer.headers[name].replace(less, more)
        # A static file's address changes with its content; a page is never kept anywhere.
        forever = request.endpoint == "static" and "v" in request.args and answer.status_code == 200
        answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if forever else "no-store"
        return answer
