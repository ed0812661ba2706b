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
NOT_LISTED = 0.5  # the code's biggest commune, for a caller who chose none of those listed
_YES, _NO = frozenset({"oui", "ouais", "exact", "exactement", "voilà"}), "non"


def ask_place(call: Call, texts: tuple[str, ...]) -> Turn:
    """The postcode on the keypad, or the commune by voice.

    A key typed ahead may have been its first digit, or a slip: five more digits are a whole code.
    """
    call = replace(call, stage=Stage.PLACE)
    ask = Ask(texts, call, digits=CODE_LENGTH, timeout=5, speech=True)
    return Turn(call, (ask,), (Fact("asked", (("question", "place"),)),))


def ask_confirm(call: Call, guess: Located, world: World) -> Turn:
    """« Le malade est à Toulouse ? » Silence confirms, five digits correct.

    What was said may be misheard or borne by two towns: its département is told, and a « non » is heard.
    """
    call = replace(call, stage=Stage.CONFIRM, place=guess)
    said = guess.source is PlaceSource.SPOKEN
    name = world.places.told_apart(guess.commune) if said else world.places.name(guess.commune)
    text = prompts.confirm_place(name or "")
    return Turn(call, (Ask((text,), call, digits=CODE_LENGTH, timeout=3 if said else 2, speech=said),))


def hear(call: Call, event: Pressed | Said, world: World) -> Located | Turn | str:
    """A place, a further question, or the sentence that says what was wrong (empty: nothing was heard)."""
    if call.stage is Stage.COMMUNE:
        return _chosen(call, event, world)
    if call.stage is Stage.HOMONYM:
        return _homonym(call, event)
    if isinstance(event, Said):
        return _said(call, event, world)
    if call.stage is Stage.CONFIRM and call.place is not None and len(event.digits) <= 1:
        # Silence confirms; a single key answers the need that comes next.
        return call.place
    if not event.digits:
        return ""
    whole = len(event.digits) == CODE_LENGTH
    return _typed(call, event.digits if whole else call.typed + event.digits, world)


def name_of(call: Call, world: World) -> str | None:
    """The place's name as it is said, None while unknown; a shared code says no commune for sure."""
    if call.place is None:
        return None
    name = world.places.name(call.place.commune)
    shared = call.place.source is PlaceSource.POSTCODE and call.place.confidence < CHOSEN
    return prompts.around(name) if name and shared else name


def _said(call: Call, event: Said, world: World) -> Located | Turn | str:
    code = "".join(c for c in event.words if c.isdecimal())
    if len(code) == CODE_LENGTH:  # « soixante-sept mille » comes back in figures
        return _typed(call, code, world)
    first = event.words.lower().partition(" ")[0].strip(",.!")
    if call.stage is Stage.CONFIRM and call.place is not None and first in _YES:
        return call.place
    found = world.places.spoken(event.words)
    if not found:
        return "" if first == _NO else prompts.CHOICE_NOT_HEARD
    return ask_confirm(call, found[0], world) if len(found) == 1 else _ask_homonym(call, found, world)


def _ask_homonym(call: Call, found: tuple[Located, ...], world: World) -> Turn:
    """Which of the communes of one name, told apart by their département."""
    call = replace(call, stage=Stage.HOMONYM, choices=tuple(one.commune for one in found))
    names = [world.places.told_apart(insee) for insee in call.choices]
    ask = Ask((prompts.choose_commune(names, other=True),), call, timeout=5)
    return Turn(call, (ask,), (Fact("asked", (("question", "commune"),)),))


def _homonym(call: Call, event: Pressed | Said) -> Located | str:
    keys = event.digits if isinstance(event, Pressed) else ""
    key = int(keys) if keys.isdecimal() else 0
    if 1 <= key <= len(call.choices):
        return Located(call.choices[key - 1], CHOSEN, PlaceSource.CHOSEN)
    return "" if key == len(call.choices) + 1 or not keys else prompts.CHOICE_NOT_HEARD


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
    if 1 <= key <= len(call.choices) and call.choices[key - 1]:
        return Located(call.choices[key - 1], CHOSEN, PlaceSource.CHOSEN)
    biggest = Located(call.choices[0], NOT_LISTED, PlaceSource.POSTCODE)
    if 1 <= key <= len(call.choices):
        # « Une autre commune » is said by its name; who stays silent gets the biggest one's desk.
        kept = replace(call, place=biggest, choices=(), tries=1)
        return ask_place(kept, (prompts.SAY_COMMUNE,))
    if call.tries + 1 >= CHOICES - 1:
        return biggest
    told = (prompts.CHOICE_NOT_HEARD,) if event.digits else ()
    return _ask_commune(replace(call, tries=call.tries + 1), world, told)
