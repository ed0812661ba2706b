"""Changing the week: typed as one says it, and kept in the draft."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import week, workbench
from console.association.scene import Scene, scene
from console.association.week import Illegible
from routing.document_hours import EVERY_DAY, Weekday
from routing.model import Need
from routing.words import NEEDS

bp = Blueprint("week", __name__, url_prefix="/a/<association>/horaires/semaine")
Answer = str | Response | tuple[str, int]
WORKDAYS = EVERY_DAY[1:5]  # those Monday is copied to


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """The week of the draft, else in force, for the need asked for and those with the same hours."""
    at = scene(association)
    ground = workbench.ground(at)
    one = ground.one
    first = next((n for n in one.menu if n.value == request.args.get("need")), one.menu[0])
    typed = week.written(week.hours_of(one, first).weekly)
    alike = [n for n in one.menu if week.written(week.hours_of(one, n).weekly) == typed]
    return _form(at, typed, tuple(alike), ground.stamp)


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """Copy Monday, or keep it all in the draft: the button says which."""
    at, step = scene(association), request.form.get("step", "")
    typed = {day: request.form.get(day.value, "").strip() for day in EVERY_DAY}
    needs = tuple(need for need in at.one.menu if need.value in request.form.getlist("needs"))
    stamp = request.form.get("stamp", "")
    if step in ("workdays", "everyday"):
        copied = WORKDAYS if step == "workdays" else EVERY_DAY
        return _form(at, typed | dict.fromkeys(copied, typed[EVERY_DAY[0]]), needs, stamp)
    if not needs:
        return _form(at, typed, needs, stamp, problem="Cochez au moins une demande."), 422
    try:
        weekly = week.read(typed)
    except Illegible as wrong:
        return _form(at, typed, needs, stamp, wrong=dict(wrong.days)), 422
    told = f"Horaires : {', '.join(NEEDS[need] for need in needs)}"
    workbench.keep(at, stamp, lambda document: week.with_week(document, at.slug, needs, weekly), told)
    return redirect(url_for("draft.shown", association=at.slug), 303)


def _form(
    at: Scene,
    typed: dict[Weekday, str],
    chosen: tuple[Need, ...],
    stamp: str,
    *,
    problem: str | None = None,
    wrong: dict[Weekday, str] | None = None,
) -> str:
    return render_template(
        "association/week.html",
        at=at,
        days=[(day, week.day_name(day), typed[day], (wrong or {}).get(day)) for day in EVERY_DAY],
        chosen=chosen,
        needs=NEEDS,
        stamp=stamp,
        problem=problem,
    )
