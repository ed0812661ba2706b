"""The yardstick: a bare Flask view that answers a constant document under the same server."""

from flask import Flask, Response

DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><Response><Gather numDigits="1" action="/voice/step">'
    '<Say language="fr-FR">SOS Médecins.</Say></Gather><Hangup/></Response>'
)


def create_app() -> Flask:
    """One route that reads nothing and decides nothing."""
    app = Flask(__name__)

    @app.post("/voice/<path:step>")
    def constant(step: str) -> Response:
        del step
        return Response(DOCUMENT, mimetype="text/xml")

    return app
