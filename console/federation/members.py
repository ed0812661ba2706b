"""The associations of the federation as the form has them: dates, seat, clock, and a new one. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime

from pydantic import ValidationError

from console.association.closing import Unclear
from console.french import PARIS, read_day
from routing.calendar import KNOWN_TERRITORIES
from routing.document import Association, Document
from routing.geography.places import Commune, Places, holiday_territory, time_zone
from routing.model import Need

Form = Mapping[str, str]


def changed(one: Association, form: Form, places: Places, now: datetime) -> Association:
    """The association as the form has it. Raises `Unclear`."""
    seat = _seat(form, places)
    opened, closed = _date(form, "opened", now), _date(form, "closed", now)
    if opened and closed and closed < opened:
        raise Unclear("closed", "Elle fermerait avant d'ouvrir.")
    territory = form.get("holiday_territory", "") or None
    if territory is not None and territory not in KNOWN_TERRITORIES:
        raise Unclear("holiday_territory", "Ce territoire n'est pas connu.")
    moved = seat.insee != one.insee
    told = one.model_dump() | {
        "name": form.get("name", "").strip(),
        "city": form.get("city", "").strip(),
        "insee": seat.insee,
        "lon": seat.lon if moved else one.lon,
        "lat": seat.lat if moved else one.lat,
        "opened": opened,
        "closed": closed,
        "time_zone": form.get("time_zone", "") or time_zone(seat),
        "holiday_territory": territory,
        "two_person": bool(form.get("two_person")),
    }
    try:
        return Association.model_validate(told)
    except ValidationError as wrong:
        field = str(wrong.errors()[0]["loc"][0])
        raise Unclear(field, "Cette réponse n'est pas acceptée : relisez-la.") from None


def new(document: Document, form: Form, places: Places, now: datetime) -> Association:
    """A new association, without hours and without an area: nothing of anybody's changes yet. `Unclear`."""
    seat, name = _seat(form, places), form.get("name", "").strip()
    city = form.get("city", "").strip() or seat.name
    slug = _slug(city)
    opened = _date(form, "opened", now)
    if not name or len(name) > 120:
        raise Unclear("name", "Donnez son nom : SOS Médecins …")
    if any(one.slug == slug for one in document.associations):
        raise Unclear("city", f"Une association s'appelle déjà « {slug} ».")
    if opened is None or opened <= now.astimezone(PARIS).date():
        raise Unclear(
            "opened", "Donnez un jour d'ouverture à venir : elle n'a encore ni horaires ni secteur."
        )
    desk = form.get("desk", "")
    if desk not in {known.id for known in document.regulators}:
        raise Unclear("desk", "Choisissez la régulation qui décroche pour elle, au moins au début.")
    return Association(
        slug=slug,
        name=name,
        city=city,
        insee=seat.insee,
        lon=seat.lon,
        lat=seat.lat,
        opened=opened,
        time_zone=time_zone(seat),
        holiday_territory=holiday_territory(seat) or None,
        menu=tuple(Need),
        regulators=(desk,),
    )


def replaced(document: Document, one: Association) -> Document | None:
    """The document with it in its place, or added at the end; None when nothing changes."""
    if one in document.associations:
        return None
    others = tuple(one if other.slug == one.slug else other for other in document.associations)
    if one not in others:
        others = (*others, one)
    return document.model_copy(update={"associations": others})


def _seat(form: Form, places: Places) -> Commune:
    """A postcode or an INSEE code; of a postcode the biggest commune."""
    code = form.get("seat", "").strip().upper()
    found = places.commune(code) or next(iter(places.by_postcode(code)), None)
    if found is None:
        raise Unclear("seat", "Donnez le code postal, ou le code INSEE, de son siège.")
    return found


def _date(form: Form, name: str, now: datetime) -> date | None:
    typed = form.get(name, "").strip()
    if not typed:
        return None
    midnight = read_day(typed, now, PARIS)
    if midnight is None:
        raise Unclear(name, "La date n'est pas lisible : écrivez 02/11/2027.")
    return midnight.date()


def _slug(city: str) -> str:
    plain = unicodedata.normalize("NFKD", city).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
