"""Starts the simulator: `python -m simulator`, set up by the environment alone."""

import logging
import os
import secrets
import signal
import sys
from collections.abc import Mapping

from werkzeug.serving import make_server

from simulator.exchange import Account, Exchange
from simulator.server import create_app
from simulator.traffic import Traffic


def main(env: Mapping[str, str]) -> None:
    """Serves until it is told to stop."""
    port = int(env.get("SIMULATOR_PORT") or 3626)
    seed = int(env.get("SIMULATOR_SEED") or secrets.randbits(32))
    app = create_app(Exchange(account(env), seed=seed, speed=1.0))
    traffic = Traffic(app.extensions["switchboard"], int(env.get("SIMULATED_TRAFFIC") or 0), seed)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", port, app, threaded=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Téléphone de démonstration : http://localhost:{port}/ (graine {seed})", flush=True)  # noqa: T201 - for people
    traffic.start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        traffic.stop()


def account(env: Mapping[str, str]) -> Account:
    """The account our service was told of. Of two tokens, Twilio signs with the first."""
    voice = (env.get("PUBLIC_URL") or f"http://127.0.0.1:{env.get('PORT') or 3624}").rstrip("/") + "/voice"
    missing = [name for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN") if not env.get(name)]
    if missing:
        sys.exit(f"Il manque {', '.join(missing)} : lancez par « make run », qui les prépare.")
    shown = env.get("CALLER_ID")
    return Account(
        env["TWILIO_ACCOUNT_SID"],
        env["TWILIO_AUTH_TOKEN"].split(",")[0].strip(),
        f"{voice}/incoming",
        f"{voice}/fallback",
        f"{voice}/status",
        owned=frozenset({shown}) if shown else None,
    )


if __name__ == "__main__":
    main(os.environ)  # noqa: TID251 - this room may not import config/settings.py, which it judges
