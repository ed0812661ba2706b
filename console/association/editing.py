"""What the rule editors share: a change kept in the draft, lists put in order, what was typed read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.association import workbench
from console.association.scene import Scene
from console.french import read_day
from routing.document import Document

Answer = str | Response | tuple[str, int]
DRAFT = "draft.shown"


class Unreadable(ValueError):
    """What was typed cannot be used; `field` says where, the message why, in French."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


def keep(at: Scene, change: Callable[[Document], Document], told: str, to: str = DRAFT) -> Answer:
    """Change the draft this form was shown from and go on; when it has moved meanwhile, show both changes."""
    try:
        workbench.keep(at, request.form.get("stamp", ""), change, told)
    except workbench.Moved as moved:
        return render_template("association/moved.html", at=at, moved=moved, to=request.path), 409
    flash(f"C'est gardé dans le brouillon, rien n'est encore publié : {told}.")
    return redirect(url_for(to, association=at.slug), 303)


def reordered(names: Sequence[str], step: str) -> list[str]:
    """The list after a button: `up:x`, `down:x` or `drop:x`; as it was for any other step."""
    what, _, name = step.partition(":")
    order = list(dict.fromkeys(names))
    if name not in order or what not in ("up", "down", "drop"):
        return order
    place = order.index(name)
    order.remove(name)
    if what != "drop":
        order.insert(max(0, place + (-1 if what == "up" else 1)), name)
    return order


def whole(field: str, text: str, least: int, most: int, what: str) -> int:
    """A whole number as typed. Raises `Unreadable`."""
    plain = text.strip()
    if not (plain.isascii() and plain.isdecimal() and least <= int(plain) <= most):
        raise Unreadable(field, f"{what} : un nombre de {least} à {most} est attendu.")
    return int(plain)


def maybe_whole(field: str, text: str, least: int, most: int, what: str) -> int | None:
    """The same, None where nothing was typed."""
    return whole(field, text, least, most, what) if text.strip() else None


def maybe_day(field: str, text: str, at: Scene) -> date | None:
    """A day as typed or chosen, None where there is none. Raises `Unreadable`."""
    if not text.strip():
        return None
    found = read_day(text, at.now, at.zone)
    if found is None:
        raise Unreadable(field, f"« {text} » n'est pas une date : écrivez 25/12/2026.")
    return found.date()
