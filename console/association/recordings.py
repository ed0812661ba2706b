"""An announcement recorded by microphone or taken from a file: judged here, played by the voice."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, render_template, request

from console.access.door import opens
from console.access.roles import Right
from console.association import workbench
from console.association.editing import Answer, keep
from console.association.menu import LONGEST
from console.association.scene import Scene, scene
from console.office import office, visitor
from routing import recordings, sounds, spoken
from routing.document import Association, Document
from routing.sounds import Unfit

bp = Blueprint("recordings", __name__, url_prefix="/a/<association>/enregistrements")
ROOM = sounds.MOST_BYTES + 64 * 1024  # bytes of a whole form
_NAME = re.compile(r"[0-9a-f]{64}")
BACK = "menu.edit"


@bp.url_value_preprocessor
def _make_room(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A minute of sound is larger than any other form; said before the form's token is read."""
    request.max_content_length = ROOM


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """Record, choose a file, or take an older recording again."""
    at = scene(association)
    return _form(at, workbench.ground(at).one.announcement or "")


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """A new recording, an older one, or none any more: the button says which."""
    at, step = scene(association), request.form.get("step", "")
    if step == "none":
        return _put(at, None, "annonce lue par la voix du service")
    if step:
        found = recordings.find(office().engine, step) if _NAME.fullmatch(step) else None
        if found is None or found.association != at.slug:
            abort(404)
        return _put(at, found, "annonce enregistrée, reprise d'une plus ancienne")
    words, sent = spoken.speakable(request.form.get("words", "")), request.files.get("sound")
    if not words or len(words) > LONGEST:
        why = f"Écrivez mot pour mot ce qui est dit, {LONGEST} caractères au plus."
        return _form(at, words, words=why), 422
    try:
        sound = sounds.judge(sent.read(ROOM) if sent else b"")
    except Unfit as unfit:
        return _form(at, words, sound=str(unfit) if sent and sent.filename else "Il manque le son."), 422
    name = recordings.keep(office().engine, at.slug, sound, words, visitor().name)
    return _put(at, recordings.find(office().engine, name), "annonce enregistrée")


@bp.get("/<name>")
@opens(Right.RULE)
def heard(association: str, name: str) -> Answer:
    """The very file a telephone plays."""
    at, engine = scene(association), office().engine
    known = recordings.find(engine, name) if _NAME.fullmatch(name) else None
    found = recordings.sound(engine, name) if known and known.association == at.slug else None
    if found is None:
        abort(404)
    return Response(found[0], mimetype="audio/wav")


def _put(at: Scene, recording: recordings.Recording | None, told: str) -> Answer:
    def change(document: Document) -> Document:
        one = next(one for one in document.associations if one.slug == at.slug)
        return workbench.with_association(document, _with(one, recording))

    return keep(at, change, told, BACK)


def _with(one: Association, recording: recordings.Recording | None) -> Association:
    if recording is None:
        return one.model_copy(update={"announcement_audio": None})
    # The words go with the sound: they are what is said where it cannot be played.
    return one.model_copy(update={"announcement": recording.words, "announcement_audio": recording.name})


def _form(at: Scene, typed: str, **wrong: str) -> str:
    now = workbench.ground(at)
    return render_template(
        "association/recording.html",
        at=at,
        ground=now,
        typed=typed,
        wrong=wrong,
        latest=recordings.latest(office().engine, at.slug),
        longest=LONGEST,
    )
