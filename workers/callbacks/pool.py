"""Who is rung for a call-back: doctors on duty in the rules' order, then desks; a pure choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from routing.model import Need, Target
from workers.callbacks.callback import Callback


@dataclass(frozen=True, slots=True)
class Route:
    """What the rule book says for a place: the associations in order, and the desks that answer there."""

    associations: tuple[str, ...]
    desks: tuple[Target, ...]
    caller_id: str | None = None  # what the patient's association shows; None: the service's own number
    video_url: str | None = None  # of a video room, `{token}` in it


@dataclass(frozen=True, slots=True)
class Post:
    """A telephone that can ring the patient: a doctor's, or a desk's when `doctor_id` is None."""

    number: str = field(repr=False)
    index: str  # keyed hash of the number
    doctor_id: str | None = None
    association: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What is taken at this instant."""

    on_duty: Sequence[Post]  # least recently rung first
    busy: Set[str]  # doctors already with a patient
    unresolved: Set[str]  # numbers with a call the carrier may or may not have
    passed: Mapping[str, Set[str]]  # callback id -> numbers that just passed it on


def choose(
    callback: Callback, patient_index: str, route: Route, desks: Sequence[Post], now: Situation
) -> Post | None:
    """The telephone to ring for this patient, or None: everyone is busy, or has just passed.

    A desk is rung where no doctor is on duty, and after every doctor on duty has passed. A busy doctor is
    waited for. A visit goes to the desks only: it is theirs to send a car.
    """
    passed = now.passed.get(callback.id, frozenset())
    doctors = [] if callback.need is Need.VISIT else _in_order(route, now.on_duty)
    left = [post for post in doctors if post.index not in passed and post.index != patient_index]
    for post in left:
        if post.doctor_id not in now.busy and post.index not in now.unresolved:
            return post
    if left:
        return None
    for post in desks:
        if post.index not in passed and post.index not in now.unresolved:
            return post
    return None


def _in_order(route: Route, on_duty: Sequence[Post]) -> list[Post]:
    ranks = {slug: rank for rank, slug in enumerate(dict.fromkeys(route.associations))}
    mine = [post for post in on_duty if post.association is None or post.association in ranks]
    # Stable: within an association the least recently rung comes first; the national pool comes last.
    return sorted(mine, key=lambda post: ranks.get(post.association or "", len(ranks)))
