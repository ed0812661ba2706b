"""What the API says when it refuses: a code for programs, a sentence for people, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class Told:
    """A code's HTTP status, and what it says."""

    status: int
    said: str


CODES: Mapping[str, Told] = {
    "malformed": Told(400, "Un paramètre manque, n'est pas connu ou n'a pas la bonne forme."),
    "no_token": Told(401, "Envoyez « Authorization: Bearer … » avec un jeton en vigueur."),
    "not_yours": Told(403, "Ce jeton ne voit que son association."),
    "not_found": Told(404, "Cette adresse n'existe pas."),
    "unknown_association": Told(404, "Aucune association ne porte cet identifiant."),
    "read_only": Told(405, "L'API se lit seulement : GET."),
    "fault": Told(500, "L'API a un problème ; recommencez dans un instant."),
    "unavailable": Told(503, "Les chiffres ne répondent pas ; les appels, eux, continuent."),
}


class Refusal(Exception):
    """One of the codes; `detail` names the parameter."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class FaultOut(BaseModel):
    """Why it was refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: str = Field(description="Pour les programmes ; ne change pas.", examples=list(CODES))
    message: str = Field(description="Pour les personnes, en français.")
    detail: str | None = Field(description="Le paramètre en cause, quand il y en a un.")


class ErrorOut(BaseModel):
    """The body of every refusal."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    error: FaultOut

    @classmethod
    def of(cls, code: str, detail: str | None = None) -> ErrorOut:
        """For one of the codes."""
        return cls(error=FaultOut(code=code, message=CODES[code].said, detail=detail))
