"""What goes wrong on purpose between our workers and the REST API."""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

Kind = Literal["429", "500", "500-accepted", "lost", "slow", "list-lag"]


@dataclass(frozen=True, slots=True)
class Fault:
    """`share` of the requests that create something are struck, `times` of them at most (None: for ever).

    429 and 500 refuse; 500-accepted creates and says 500; lost creates and closes the connection without
    a word; slow waits `seconds` and then creates, for whoever is still listening; list-lag hides calls
    younger than `seconds` from the list of calls.
    """

    kind: Kind
    share: float = 1.0
    times: int | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, given: Mapping[str, object]) -> "Fault":
        """Raises ValueError for a fault nobody knows."""
        names = {field.name for field in fields(cls)}
        if set(given) - names or given.get("kind") not in get_args(Kind):
            raise ValueError(
                f"a fault has {sorted(names)}, its kind one of {get_args(Kind)}: {dict(given)!r}"
            )
        return cls(**given)  # type: ignore[arg-type]  # checked above; numbers are used as numbers


class Faults:
    """The faults in force; which request is struck is drawn from the seed, in the order of arrival."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._lock = threading.Lock()
        self._in_force: list[tuple[Fault, list[int]]] = []

    def set(self, faults: list[Fault]) -> None:
        with self._lock:
            self._in_force = [(fault, [0]) for fault in faults]

    def strike(self) -> Fault | None:
        """The fault that strikes this request, if any."""
        with self._lock:
            for fault, struck in self._in_force:
                spent = fault.times is not None and struck[0] >= fault.times
                if fault.kind != "list-lag" and not spent and self._random.random() < fault.share:
                    struck[0] += 1
                    return fault
        return None

    def list_lag(self) -> float:
        """Seconds a new call stays out of the list."""
        with self._lock:
            return max(
                (fault.seconds for fault, _ in self._in_force if fault.kind == "list-lag"), default=0.0
            )
