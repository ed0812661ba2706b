"""The console: what every process of it holds, made once, its pages, and the door before them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from flask import Flask, flash, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped] # has no types
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from config import logs, stores
from config.patience import Breaker
from config.sealing import Pseudonyms
from config.settings import Settings
from console import (
    french,
    headers,
    journal,
    navigation,
    paper,
    typed,
    warm,
)
from console.access import door, entering, oidc_pages, own, passkey_pages, people, way_back_pages
from console.access.accounts import Accounts
from console.access.identities import Identities
from console.access.invitations import Invitations
from console.access.oidc import Client
from console.access.passkeys import Passkeys
from console.access.roles import Right
from console.access.second_factor import SecondFactor
from console.access.sessions import Sessions
from console.access.slowing import Slowing
from console.access.way_back import WayBacks
from console.api import served
from console.association import (
    area_pages,
    callbacks,
    calls,
    case_pages,
    desk_pages,
    draft_pages,
    duty_pages,
    exceptions_pages,
    figures,
    home,
    hours,
    menu_pages,
    overflow_pages,
    pact_pages,
    phone_closing,
    recordings,
    version_pages,
    week_pages,
)
from console.federation import (
    accounts,
    associations,
    board,
    closures,
    coverage_pages,
    fairness,
    health,
    history,
    messages,
    sheets,
    walls,
)
from console.letters import Letters
from console.office import Office, office
from routing import words
from routing.book import LiveBook
from routing.coverage import Terrain
from routing.geography.places import Places
from workers.beats import Beats
from workers.callbacks.store import Callbacks
from workers.callbacks.vault import Vault

STATIC = Path(__file__).parent / "static"
PAGES = (
    entering.bp,
    own.bp,
    passkey_pages.bp,
    oidc_pages.bp,
    way_back_pages.bp,
    people.bp,
    journal.bp,
    home.bp,
    phone_closing.bp,
    callbacks.bp,
    duty_pages.bp,
    calls.bp,
    hours.bp,
    area_pages.bp,
    week_pages.bp,
    exceptions_pages.bp,
    desk_pages.bp,
    overflow_pages.bp,
    pact_pages.bp,
    menu_pages.bp,
    recordings.bp,
    draft_pages.bp,
    case_pages.bp,
    version_pages.bp,
    board.bp,
    coverage_pages.bp,
    closures.bp,
    messages.bp,
    health.bp,
    sheets.bp,
    associations.bp,
    accounts.bp,
    walls.bp,
    history.bp,
    history.ahead,
    fairness.bp,
    figures.bp,
)
FORM_LIMIT = 256 * 1024  # bytes


def now() -> datetime:
    """The console's clock."""
    return datetime.now(UTC)


def from_environment() -> Flask:
    """What the web server loads."""
    settings = Settings.of_process()
    logs.configure(settings)
    app = create_app(settings)
    here: Office = app.extensions["office"]
    Beats(here.redis, here.engine, "console").keep(lambda: {"book": here.book.version})
    warm.prepare(app)
    paper.keep(settings.var_dir / "paper", lambda: here.book, here.places, here.clock)
    return app


def create_app(settings: Settings, clock: Callable[[], datetime] = now) -> Flask:
    """An application for these settings; `clock` gives aware instants."""
    app = Flask(__name__)
    _configure(app, settings)
    app.extensions["office"] = _office(settings, clock)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/health/live", "health", _alive)
    for page in PAGES:
        app.register_blueprint(page)
    served.install(app)
    _words(app)
    _errors(app)
    headers.install(app, settings)
    door.install(app)
    typed.install(app)
    CSRFProtect(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    https = settings.console_url.startswith("https://")
    # Keys of their own, made of the service's: a cookie signed here means nothing elsewhere.
    keys = [Pseudonyms((key,), "console cookie").index("cookie") for key in settings.secret_keys]
    app.config.update(
        SECRET_KEY=keys[0],
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="__Host-3624" if https else "3624",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=FORM_LIMIT,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form opened at 23 h is sent at 3 h
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "extensions": [french.FrenchSpaces]}
    if https:
        # TLS ends one hop before us, so that hop's word on the visitor's address is the last one it wrote.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign] # flask's way


def _office(settings: Settings, clock: Callable[[], datetime]) -> Office:
    engine, places = stores.engine(settings), Places.load()
    redis, breaker, terrain = stores.voice_redis(settings), Breaker(), Terrain(places)
    return Office(
        settings=settings,
        engine=engine,
        live_book=LiveBook(engine, settings.var_dir / "rulebook", terrain).start(),
        places=places,
        terrain=terrain,
        clock=clock,
        accounts=Accounts(engine),
        sessions=Sessions(engine),
        second=SecondFactor(engine, settings.secret_keys),
        slowing=Slowing(engine, settings.secret_keys),
        invitations=Invitations(engine),
        passkeys=Passkeys(engine, settings),
        identities=Identities(engine),
        providers={
            one.name: Client(one, f"{settings.console_url}/entrer/retour/{one.name}")
            for one in settings.oidc_providers
        },
        way_backs=WayBacks(engine, settings.secret_keys),
        letters=Letters(settings),
        callbacks=Callbacks(engine, Vault.of(settings.secret_keys)),
        redis=redis,
        breaker=breaker,
    )


@door.opens(Right.SELF)
def _home() -> str | Response:
    """To one's own first page; a choice where there are several."""
    who = g.who
    if who.may(Right.WATCH):
        return redirect(url_for("federation.board"))
    mine = [one for slug in who.associations if (one := office().book.association(slug))]
    if len(mine) == 1:
        return redirect(url_for("association.home", association=mine[0].slug))
    return render_template("choose.html", mine=mine)


@door.opens(Right.ANYONE)
def _alive() -> dict[str, str]:
    """For supervisors."""
    return {"status": "ok"}


def _words(app: Flask) -> None:
    """What templates may say."""
    digests = {
        path.relative_to(STATIC).as_posix(): sha256(path.read_bytes()).hexdigest()[:10]
        for path in STATIC.rglob("*")
        if path.is_file()
    }

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=digests[name])

    said = "clock day moment soon lasting wait phone hidden count percent of typeset"
    for word in said.split():
        app.add_template_filter(getattr(french, word), word)
    app.add_template_filter(words.NEEDS.__getitem__, "need")
    app.add_template_filter(_town, "town")
    app.add_template_global(asset, "asset")
    app.add_template_global(Right, "Right")
    app.jinja_env.globals["navigation"] = navigation
    app.context_processor(lambda: {"who": g.get("who"), "present": office().now()})


def _town(slug: str) -> str:
    """An association's town; what it was called where it is gone from the rules."""
    one = office().book.association(slug)
    return one.city if one else slug


ERRORS = {
    400: ("Cette demande n'est pas complète.", "Revenez en arrière, rechargez la page, puis recommencez."),
    403: (
        "Ce n'est pas dans votre rôle.",
        "Un responsable de l'association, ou la fédération, peut le faire.",
    ),
    404: ("Cette page n'existe pas.", "L'adresse est fausse, ou ce qu'elle montrait n'est pas à vous."),
    405: ("Cette page ne s'ouvre pas ainsi.", "Revenez à l'accueil."),
    409: ("Quelqu'un d'autre publie en ce moment.", "Rien n'a été changé. Recommencez dans un instant."),
    413: ("C'est trop long.", "Revenez en arrière : votre texte y est encore. Envoyez-le en plusieurs fois."),
    503: ("La console n'a pas encore les règles.", "Les appels, eux, continuent. Rechargez dans un instant."),
    500: ("La console a un problème.", "Les appels, eux, continuent. Recommencez dans un instant."),
}


def _errors(app: Flask) -> None:
    """Pages that say what to do, and nothing of what lies inside."""

    @app.errorhandler(CSRFError)
    def stale(_error: CSRFError) -> Response | tuple[str, int]:
        before = door.page() if g.who else None
        if before is None:
            return _error_page(400)
        flash("Vous êtes entré de nouveau depuis : rien n'a été envoyé. Vérifiez, puis recommencez.")
        return redirect(f"{before}#repris", 303)  # where `console.js` puts back what was typed

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> tuple[str, int] | HTTPException:
        if error.code is not None and error.code < 400:
            return error
        return _error_page(error.code or 500)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> tuple[str, int]:
        app.logger.error("console_fault", exc_info=error, extra={"endpoint": request.endpoint})
        return _error_page(500)


def _error_page(code: int) -> tuple[str, int]:
    title, advice = ERRORS.get(code, ERRORS[500 if code >= 500 else 400])
    return render_template("error.html", title=title, advice=advice, code=code), code
