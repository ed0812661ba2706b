"""One thing looked at: its state in French, with the repair unless all is well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """As `sos3624 doctor` and « État du service » tell it."""

    name: str
    state: State
    said: str
    repair: str = ""
