"""Where the patient is: guessed from a landline, typed as a postcode, said, or chosen among communes."""

from __future__ import annotations

from msgspec.structs import replace

from routing.model import Located, PlaceSource
from voice import prompts
from voice.call import Ask, Call, Fact, Pressed, Said, Stage, Turn, World

CODE_LENGTH = 5
CHOICES = 4  # a menu has at most four choices
CHOSEN = 0.95  # a typed code may be mistyped; the regulator asks for the address anyway
WHOLE_CODE = 0.9  # the code's biggest commune stands for neighbours with the same owners


def ask_place(call: Call, texts: tuple[str, ...]) -> Turn:
    """The postcode on the keypad, or the commune by voice. Digits already typed are kept."""
    call = replace(call, stage=Stage.PLACE)
    ask = Ask(texts, call, digits=CODE_LENGTH - len(call.typed), timeout=5, speech=not call.typed)
    return Turn(call, (ask,), (Fact("asked", (("question", "place"),)),))


def ask_confirm(call: Call, guess: Located, world: World) -> Turn:
    """« Le malade est à Toulouse ? » Silence confirms, five digits correct."""
    call = replace(call, stage=Stage.CONFIRM, place=guess)
    name = world.places.name(guess.commune) or ""
    ask = Ask((prompts.confirm_place(name),), call, digits=CODE_LENGTH, timeout=2)
    return Turn(call, (ask,))


def hear(call: Call, event: Pressed | Said, world: World) -> Located | Turn | str:
    """A place, a further question, or the sentence that says what was wrong (empty: nothing was heard)."""
    if call.stage is Stage.COMMUNE:
        return _chosen(call, event, world)
    if isinstance(event, Said):
        return _said(call, event, world)
    digits = call.typed + event.digits
    if call.stage is Stage.CONFIRM and call.place is not None and len(digits) <= 1:
        # Silence confirms; a single key answers the need that comes next.
        return call.place
    return _typed(call, digits, world) if digits else ""


def name_of(call: Call, world: World) -> str | None:
    """The place's name as it is said, None while unknown."""
    return world.places.name(call.place.commune) if call.place else None


def _said(call: Call, event: Said, world: World) -> Located | Turn | str:
    code = "".join(c for c in event.words if c.isdecimal())
    if len(code) == CODE_LENGTH:  # « soixante-sept mille » comes back in figures
        return _typed(call, code, world)
    found = world.places.spoken(event.words)
    return prompts.CHOICE_NOT_HEARD if found is None else ask_confirm(call, found, world)


def _typed(call: Call, code: str, world: World) -> Located | Turn | str:
    communes = world.places.by_postcode(code)
    if not communes:
        return prompts.PLACE_UNKNOWN
    if len({world.routing.owners(insee) for insee in communes}) == 1:
        sure = CHOSEN if len(communes) == 1 else WHOLE_CODE
        return Located(communes[0], sure, PlaceSource.POSTCODE)
    return _ask_commune(replace(call, choices=communes, typed=""), world, ())


def _ask_commune(call: Call, world: World, told: tuple[str, ...]) -> Turn:
    """Asked only where the answer changes who is rung."""
    call = replace(call, stage=Stage.COMMUNE, choices=_listed(call.choices))
    names = [world.places.name(insee) or insee for insee in call.choices if insee]
    texts = (*told, prompts.choose_commune(names, other="" in call.choices))
    facts = (Fact("asked", (("question", "commune"),)),)
    return Turn(call, (Ask(texts, call, timeout=5),), facts)


def _listed(communes: tuple[str, ...]) -> tuple[str, ...]:
    """At most four choices; an empty code stands for « une autre commune »."""
    if len(communes) <= CHOICES:
        return communes
    return (*communes[: CHOICES - 1], "")


def _chosen(call: Call, event: Pressed | Said, world: World) -> Located | Turn | str:
    if isinstance(event, Said):
        return _said(call, event, world)
    if len(event.digits) == CODE_LENGTH:
        return _typed(call, event.digits, world)
    key = int(event.digits) if event.digits.isdecimal() else 0
    if 1 <= key <= len(call.choices):
        # « Une autre commune »: the code's biggest one stands for it, and the regulator asks.
        insee = call.choices[key - 1] or call.choices[0]
        sure = CHOSEN if call.choices[key - 1] else 0.5
        return Located(insee, sure, PlaceSource.CHOSEN)
    if call.tries + 1 >= CHOICES - 1:
        return Located(call.choices[0], 0.5, PlaceSource.POSTCODE)
    told = (prompts.CHOICE_NOT_HEARD,) if event.digits else ()
    return _ask_commune(replace(call, tries=call.tries + 1), world, told)
