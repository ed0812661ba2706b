"""Screens on a wall: a link without an account that shows the live figures, and nothing of anybody."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import Engine, Row
from werkzeug.wrappers import Response

from config.journal import FEDERATION, Change, append
from config.stores import reading
from console.access.door import opens
from console.access.roles import Right
from console.federation import watching
from console.live import stream
from console.office import office, visitor
from routing.closures import in_force
from routing.tables import aware
from workers.records import live

bp = Blueprint("walls", __name__)
LASTS = timedelta(days=365)
LABEL = 80  # characters
_links = sa.Table(
    "wall_links",
    sa.MetaData(),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("digest", sa.String(64)),
    sa.Column("label", sa.String(80)),
    sa.Column("made_by", sa.String(120)),
    sa.Column("made_at", sa.DateTime(timezone=True)),
    sa.Column("until", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One screen's link; its key is known to nobody but who made it."""

    id: str
    label: str
    made_by: str
    made_at: datetime
    until: datetime


@bp.get("/federation/ecrans")
@opens(Right.GOVERN)
def listed() -> str:
    """The screens there are, and the form for one more."""
    here = office()
    return render_template("federation/walls.html", links=_alive(here.engine, here.now()))


@bp.post("/federation/ecrans")
@opens(Right.GOVERN)
def made() -> str | tuple[str, int]:
    """A new link, shown this once."""
    here, label = office(), " ".join(request.form.get("label", "").split())
    if not label or len(label) > LABEL:
        problem = f"Dites où est l'écran, en {LABEL} caractères au plus."
        links = _alive(here.engine, here.now())
        return render_template("federation/walls.html", links=links, problem=problem, label=label), 422
    key = _make(here.engine, label, visitor().name, here.now())
    link = here.settings.console_url + url_for("walls.shown", key=key)
    return render_template("federation/walls.html", links=_alive(here.engine, here.now()), link=link)


@bp.post("/federation/ecrans/<screen>/fin")
@opens(Right.GOVERN)
def ended(screen: str) -> Response:
    """End a link: its screen goes dark within half a minute."""
    here = office()
    found = (_links.c.id == screen) & _links.c.ended_at.is_(None)
    with here.engine.begin() as connection:
        label = connection.scalar(sa.select(_links.c.label).where(found))
        done = connection.execute(_links.update().where(found).values(ended_at=here.now())).rowcount
        if done:
            append(connection, visitor().name, [Change(FEDERATION, "wall_ended", f"Écran « {label} »")])
    flash("Ce lien ne montre plus rien." if done else "Ce lien ne montrait déjà plus rien.")
    return redirect(url_for("walls.listed"), 303)


@bp.get("/mur/<key>")
@opens(Right.ANYONE)
def shown(key: str) -> Response:
    """The screen itself: counts and the associations' states, no call, no person, no way further in."""
    return _private("federation/wall.html", key)


@bp.get("/mur/<key>/maintenant")
@opens(Right.ANYONE)
def shown_now(key: str) -> Response:
    """The part of the screen that keeps itself true, or takes it to where nothing is shown any more."""
    here = office()
    if request.headers.get("HX-Request") and not _known(here.engine, key, here.now()):
        return Response(status=204, headers={"HX-Redirect": url_for("walls.shown", key=key)})
    return _private("federation/wall_now.html", key)


def _private(template: str, key: str) -> Response:
    here = office()
    if not _known(here.engine, key, here.now()):
        abort(404)
    now, document = here.now(), here.book.document
    with reading(here.engine).connect() as connection:
        picture = live.picture(connection, now)
    closures = in_force(document, None, now)
    lines = watching.lines(here.book, picture, closures, now)
    answer = make_response(
        render_template(
            template,
            key=key,
            lines=lines,
            national=[one for one in closures if one.association is None],
            now=now,
            watched=[line for line in lines if line.reasons],
            total=picture.service,
            said=live.said(now),
            feed=stream(here, None),
        )
    )
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _make(engine: Engine, label: str, by: str, now: datetime) -> str:
    key = secrets.token_urlsafe(24)
    row = {
        "id": str(uuid4()),
        "digest": _digest(key),
        "label": label,
        "made_by": by,
        "made_at": now,
        "until": now + LASTS,
    }
    with engine.begin() as connection:
        connection.execute(_links.insert().values(row))
        append(connection, by, [Change(FEDERATION, "wall_made", f"Écran « {label} »")])
    return key


def _alive(engine: Engine, now: datetime) -> list[Link]:
    query = sa.select(_links).where(_links.c.ended_at.is_(None), _links.c.until > now)
    with reading(engine).connect() as connection:
        return [_link(row) for row in connection.execute(query.order_by(_links.c.made_at))]


def _known(engine: Engine, key: str, now: datetime) -> bool:
    mine = (_links.c.digest == _digest(key)) & _links.c.ended_at.is_(None) & (_links.c.until > now)
    with reading(engine).connect() as connection:
        return connection.execute(sa.select(_links.c.id).where(mine)).first() is not None


def _link(row: Row[Any]) -> Link:
    return Link(row.id, row.label, row.made_by, aware(row.made_at), aware(row.until))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
