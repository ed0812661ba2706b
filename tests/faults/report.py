"""What a campaign against the call-backs found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """What the campaign found. `lost` and `doubled` must be zero."""

    booked: int = 0
    states: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    joined_twice: list[str] = field(default_factory=list)
    kills: int = 0
    redis_kills: int = 0
    sql_stops: int = 0
    clock_steps: int = 0
    seconds: float = 0.0
    carrier: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{self.booked} call-backs in {self.seconds:.0f} s: {len(self.lost)} lost, {len(self.doubled)} "
            f"rung twice for one attempt, {len(self.joined_twice)} joined twice; {dict(self.states)}; "
            f"{self.kills} kills of workers and clock, {self.redis_kills} of Redis (restarted empty), "
            f"{self.sql_stops} stops of SQL, {self.clock_steps} clock steps; "
            f"carrier {self.carrier['posts']}, "
            f"{len(self.carrier['rings'])} patient rings, {self.carrier['hung_up']} hung up by us"
        )
