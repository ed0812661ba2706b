"""What is sent in must be text that every database keeps: refused in words, instead of failing there."""

from __future__ import annotations

from flask import Flask, abort, request

NUL = "\x00"  # PostgreSQL keeps it in no text; no keyboard makes one


def install(app: Flask) -> None:
    """After the door, before every view."""

    @app.before_request
    def refuse() -> None:
        sent = (text for pair in request.values.items(multi=True) for text in pair)
        if NUL in request.path or any(NUL in text for text in sent):
            abort(400)
