"""What may be asked of `/api/v1`: the parameters of each address, refused when they are not right."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workers.records.history import By, Span

LONGEST = 800  # days
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)  # with room for the year before and the day after

Association = Field(
    default=None,
    description="Identifiant d'association. Un jeton d'association n'en connaît qu'une : la sienne.",
)


class Asked(BaseModel):
    """Whose figures; a parameter that is not known is refused, never passed over in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    association: str | None = Association


class OneDay(Asked):
    """One day, Paris time."""

    day: date = Field(ge=FIRST, le=LAST, description="Jour, AAAA-MM-JJ, heure de Paris.")


class Days(Asked):
    """Days from `first` to `last`, both counted."""

    first: date = Field(ge=FIRST, le=LAST, description="Premier jour, AAAA-MM-JJ.")
    last: date = Field(ge=FIRST, le=LAST, description=f"Dernier jour, compris ; {LONGEST} jours au plus.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last - self.first).days < LONGEST:
            raise ValueError(f"last doit suivre first, à {LONGEST} jours au plus")
        return self

    def span(self, association: str | None) -> Span:
        """As the history wants it."""
        return Span(self.first, self.last, association)


class Broken(Days):
    """Days, and what their figures are broken down by."""

    by: By = Field(description="Ce selon quoi les chiffres sont ventilés.")
