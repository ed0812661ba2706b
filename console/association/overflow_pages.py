"""« Débordement »: who is rung next when nobody answers here, and who counts on us."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, render_template, request

from console.access.door import opens
from console.access.roles import Right
from console.association import overflow, workbench
from console.association.editing import Answer, Unreadable, keep, reordered
from console.association.pact_pages import asking_us
from console.association.scene import Scene, scene
from console.association.workbench import Ground
from console.office import office
from routing import pacts
from routing.document import Association, Overflow

bp = Blueprint("overflow", __name__, url_prefix="/a/<association>/debordement")


@bp.get("")
@opens(Right.RULE)
def edit(association: str) -> Answer:
    """The order as the draft has it."""
    at = scene(association)
    now = workbench.ground(at)
    return _form(at, now, overflow.form_of(now.document, now.one))


@bp.post("")
@opens(Right.RULE)
def change(association: str) -> Answer:
    """A helper moved, added, taken away; then the whole kept in the draft."""
    at, step = scene(association), request.form.get("step", "")
    now = workbench.ground(at)
    order = request.form.getlist("order")
    moved = step
    if step == "add":
        order.append(request.form.get("helper", ""))
        moved = f"up:{order[-1]}"  # where the keyboard goes on: the new one's place
    order = [slug for slug in reordered(order, step) if slug != at.slug]
    form = overflow.asked(request.form, order, now.document)
    if step != "keep":
        return _form(at, now, form, moved=moved)
    try:
        said = {one.helps: one for one in pacts.answers(office().engine, asks=at.slug)}
        read = overflow.read(form, at, _by_helper(at.one), said)
    except Unreadable as wrong:
        return _form(at, now, form, wrong), 422
    changed = now.one.model_copy(update={"overflow": read})
    return keep(at, lambda document: workbench.with_association(document, changed), "débordement")


def _by_helper(one: Association) -> dict[str, Overflow]:
    return {pact.association: pact for pact in one.overflow}


def _form(
    at: Scene, now: Ground, form: overflow.Form, wrong: Unreadable | None = None, moved: str = ""
) -> str:
    said = {one.helps: one for one in pacts.answers(office().engine, asks=at.slug)}
    offered = _by_helper(at.one)
    try:
        read = overflow.read(form, at, offered, said)
    except Unreadable:
        read = now.one.overflow
    told = {
        pact.association: overflow.told(pact, offered.get(pact.association), said.get(pact.association), at)
        for pact in read
    }
    counting = {pact.association for pact in read if pact.accepted}
    rows = [replace(r, state=told.get(r.slug, ""), counts=r.slug in counting) for r in form.rows]
    desks = {desk.id: desk.ring_seconds for desk in now.document.regulators}
    ring = next((desks[name] for name in now.one.regulators if name in desks), 25)
    cities = {one.slug: one.city for one in now.document.associations}
    return render_template(
        "association/overflow.html",
        at=at,
        ground=now,
        form=form,
        rows=rows,
        wrong=wrong,
        moved=moved,
        sentence=overflow.sentence(now.one, read, cities, ring),
        candidates=overflow.candidates(now.document, now.one, [row.slug for row in rows]),
        asking=asking_us(at),
    )
