"""« Exceptions »: days that are not like the others, the holidays to come, and the fortnight they make."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from flask import Blueprint, render_template, request
from pydantic import ValidationError

from console.access.door import opens
from console.access.roles import Right
from console.association import exceptions, week, workbench
from console.association.editing import Answer, Unreadable, keep, maybe_day
from console.association.exceptions import Special
from console.association.hours import fortnight
from console.association.scene import Scene, scene
from console.association.workbench import Ground
from console.office import office
from routing.compile import compile_book
from routing.document import Association
from routing.document_hours import EVERY_DAY, DatedException
from routing.model import Need
from routing.words import NEEDS

bp = Blueprint("exceptions", __name__, url_prefix="/a/<association>/exceptions")
HERE = "exceptions.edit"


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """What the draft lays down."""
    at = scene(association)
    return _form(at, workbench.ground(at))


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """One exception more or less, a holiday settled, or the days that come back: the button says which."""
    at = scene(association)
    now, (step, _, name) = workbench.ground(at), request.form.get("step", "").partition(":")
    try:
        changed, told = _change(at, now.one, step, name)
    except Unreadable as wrong:
        return _form(at, now, wrong), 422
    return keep(at, lambda document: workbench.with_association(document, changed), told, HERE)


def _change(at: Scene, one: Association, step: str, name: str) -> tuple[Association, str]:
    """The association as the button asks for it, and the change in a few words. Raises `Unreadable`."""
    if step == "remove":
        return exceptions.removed(one, name), "une exception retirée"
    if step == "settle":
        found = next((h for h in exceptions.undecided(one, _today(at)) if h.day.isoformat() == name), None)
        if found is None:
            raise Unreadable("like", "Ce jour est déjà prévu.")
        like = request.form.get(f"like-{name}", "")
        return exceptions.settled(one, found, like), f"{found.name} {exceptions.LIKE.get(like, '')}"
    if step == "special":
        return exceptions.with_special(
            one, _special(_needs(one, "special-needs"))
        ), "jours fériés et vacances"
    exception = _exception(at)
    return exceptions.added(one, _needs(one, "needs"), exception), f"exception « {exception.label} »"


def _exception(at: Scene) -> DatedException:
    form = request.form
    label = form.get("label", "").strip()
    if not label or len(label) > 60:
        raise Unreadable("label", "Donnez un nom à cette exception, 60 caractères au plus.")
    first = maybe_day("first", form.get("first", ""), at)
    if first is None:
        raise Unreadable("first", "Donnez le premier jour.")
    last = maybe_day("last", form.get("last", ""), at) or first
    if last < _today(at) and "yearly" not in form:
        raise Unreadable("first", "Ces jours sont passés.")
    spans = exceptions.spans_of("hours", form.get("hours", ""))
    try:
        return DatedException(label=label, first=first, last=last, spans=spans, yearly="yearly" in form)
    except ValidationError:
        raise Unreadable("last", "Le dernier jour vient avant le premier.") from None


def _special(needs: tuple[Need, ...]) -> Special:
    form = request.form
    days = {field: form.get(field, "").strip() for field in ("holidays", "eves")}
    holidays, eves = (exceptions.spans_of(field, text) if text else None for field, text in days.items())
    school = exceptions.school_of(
        form.get("zone", ""), {day: form.get(f"school-{day.value}", "") for day in EVERY_DAY}
    )
    return Special(needs, holidays, eves, school)


def _needs(one: Association, field: str) -> tuple[Need, ...]:
    sent = request.form.getlist(field)
    found = tuple(need for need in one.menu if need.value in sent)
    if not found:
        raise Unreadable(field, "Cochez au moins une demande.")
    return found


def _today(at: Scene) -> date:
    return at.now.astimezone(at.zone).date()


def as_drafted(at: Scene, now: Ground) -> Scene:
    """The same page's scene under the draft's rules."""
    book = compile_book(now.document, at.book.version + 1, office().terrain, at.book)
    return replace(at, one=now.one, book=book, document=now.document)


def _form(at: Scene, now: Ground, wrong: Unreadable | None = None) -> str:
    specials = exceptions.specials(now.one)
    first = next((s for s in specials if request.args.get("pour") in s.needs), specials[0])
    weekly = first.school.weekly if first.school else ()
    return render_template(
        "association/exceptions.html",
        at=at,
        ground=now,
        wrong=wrong,
        sent=request.form,
        rows=[(row, row.exception.last < _today(at)) for row in exceptions.rows(now.one)],
        undecided=exceptions.undecided(now.one, _today(at)),
        like=exceptions.LIKE,
        specials=specials,
        special=first,
        typed=exceptions.typed,
        school=week.written(weekly) if first.school else {},
        days=[(day.value, week.day_name(day)) for day in EVERY_DAY],
        groups=fortnight(as_drafted(at, now)),
        needs=NEEDS,
        horizon=_today(at) + timedelta(days=13),
    )
