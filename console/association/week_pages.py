"""Changing the week: typed as one says it, proved, told in words, published over the version it began on."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import week
from console.association.scene import Scene, scene
from console.association.week import Illegible
from console.office import office, visitor
from routing import publishing, store
from routing.document import Document
from routing.document_hours import EVERY_DAY, Weekday
from routing.model import Need
from routing.problem import Problem
from routing.store import Superseded
from routing.words import NEEDS

bp = Blueprint("week", __name__, url_prefix="/a/<association>/horaires/semaine")
Answer = str | Response | tuple[str, int]
WORKDAYS = EVERY_DAY[1:5]  # those Monday is copied to


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """The week in force, ready to be changed; for the need asked for, and those with the same hours."""
    at = scene(association)
    first = next((n for n in at.one.menu if n.value == request.args.get("need")), at.one.menu[0])
    typed = week.written(week.hours_of(at.one, first).weekly)
    alike = [n for n in at.one.menu if week.written(week.hours_of(at.one, n).weekly) == typed]
    return _form(at, typed, tuple(alike), at.book.version)


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """Copy Monday, check, or publish: the button says which."""
    at, step = scene(association), request.form.get("step", "")
    typed = {day: request.form.get(day.value, "").strip() for day in EVERY_DAY}
    needs = tuple(need for need in at.one.menu if need.value in request.form.getlist("needs"))
    based_on = request.form.get("based_on", type=int) or 0
    if step == "edit":
        return _form(at, typed, needs, based_on)
    if step in ("workdays", "everyday"):
        copied = WORKDAYS if step == "workdays" else EVERY_DAY
        return _form(at, typed | dict.fromkeys(copied, typed[EVERY_DAY[0]]), needs, based_on)
    if not needs:
        return _form(at, typed, needs, based_on, problem="Cochez au moins une demande."), 422
    try:
        weekly = week.read(typed)
    except Illegible as wrong:
        return _form(at, typed, needs, based_on, wrong=dict(wrong.days)), 422
    ground = store.version(office().engine, based_on)
    if ground is None:
        return _form(at, typed, needs, at.book.version, problem="Relisez : les règles ont changé."), 409
    draft = week.with_week(ground, at.slug, needs, weekly)
    if step == "publish":
        return _publish(at, typed, needs, based_on, draft)
    verdict = publishing.examine(office().engine, office().terrain, draft, based_on)
    return render_template(
        "association/week_check.html",
        at=at,
        typed=typed,
        chosen=needs,
        based_on=based_on,
        changes=[one.said for one in verdict.differences],
        blocking=verdict.blocking,
        warnings=[one for one in verdict.report.problems if _concerns(one, at.slug)],
        second=verdict.second_person,
    )


def _publish(
    at: Scene, typed: dict[Weekday, str], needs: tuple[Need, ...], based_on: int, draft: Document
) -> Answer:
    here, reason = office(), f"Horaires de {at.one.city} : {', '.join(NEEDS[need] for need in needs)}"
    try:
        made = publishing.publish(here.engine, here.terrain, draft, based_on, visitor().name, reason)
    except (publishing.Refused, publishing.SecondPersonNeeded, Superseded) as refused:
        told = publishing.in_words(refused)
        latest = refused.current if isinstance(refused, Superseded) else based_on
        return _form(at, typed, needs, latest, problem=f"Rien n'a été changé. {told}"), 409
    here.live_book.refresh()
    flash(f"C'est publié : règles n° {made}.")
    return redirect(url_for("hours.shown", association=at.slug), 303)


def _concerns(problem: Problem, slug: str) -> bool:
    return not problem.blocking and bool(problem.rule) and f"/{slug}/" in f"{problem.rule}/"


def _form(
    at: Scene,
    typed: dict[Weekday, str],
    chosen: tuple[Need, ...],
    based_on: int,
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
        based_on=based_on,
        problem=problem,
    )
