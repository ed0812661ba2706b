"""The simulator's web application: Twilio's REST API, the browser's telephone, the controls."""

from flask import Flask, Response

from simulator import carrier, controls, phone
from simulator.exchange import Exchange
from simulator.faults import Faults
from simulator.messages import Messages
from simulator.switchboard import Switchboard

# No outside request, no inline script or style; nobody frames the telephone.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # fmt: skip


def create_app(exchange: Exchange, calls_per_second: float = 1.0) -> Flask:
    """The application; its switchboard is `app.extensions["switchboard"]`."""
    app = Flask(__name__, static_folder="static")
    app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
    board, faults = Switchboard(exchange, calls_per_second), Faults(exchange.seed)
    messages = Messages(exchange.account, exchange.sid, board.announce)
    app.register_blueprint(carrier.blueprint(board, faults, messages))
    app.register_blueprint(controls.blueprint(board, faults, messages))
    app.register_blueprint(phone.blueprint(board))
    app.extensions["switchboard"] = board

    @app.after_request
    def guard(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    return app
