"""An association's draft: what it changes in words, then tried, published or given up."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from console.access.door import opens
from console.access.roles import Right
from console.association import workbench
from console.association.scene import scene
from console.office import office
from routing.differences import differences

bp = Blueprint("draft", __name__, url_prefix="/a/<association>/brouillon")
Answer = str | Response | tuple[str, int]


@bp.get("")
@opens(Right.RULE)
def shown(association: str) -> Answer:
    """What the draft changes."""
    at = scene(association)
    now = workbench.ground(at)
    communes = {commune.insee: commune.name for commune in office().places.all()}
    changes = [one.said for one in differences(at.document, now.document, communes)]
    return render_template("association/draft.html", at=at, ground=now, changes=changes)
