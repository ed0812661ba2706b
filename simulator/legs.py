"""A leg: one telephone's side of a call, and the parameters Twilio tells our webhooks about it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from simulator.clock import Stage
from simulator.people import Person

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(slots=True)
class Leg:
    """Mutable: `status` is what Twilio's Call resource shows. Times in the call are the stage's seconds."""

    sid: str
    account: str
    from_number: str
    to_number: str
    direction: str  # inbound, outbound-api or outbound-dial
    person: Person
    stage: Stage
    parent: "Leg | None" = None
    status: str = "queued"
    fallback_url: str = ""
    fallback_method: str = "POST"
    status_url: str = ""
    status_method: str = "POST"
    status_events: frozenset[str] = frozenset({"completed"})
    machine_detection: str = ""
    answered_by: str = ""
    machine: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    queue_ms: int = 0
    sequence: int = 0

    @property
    def live(self) -> bool:
        return self.status not in FINAL

    def answer(self) -> None:
        if self.answered_at is None:
            self.answered_at, self.started = self.stage.now(), datetime.now(UTC)
        self.status = "in-progress"

    def end(self, status: str) -> None:
        """The first end counts: whoever hangs up second hears nothing of it."""
        if self.live:
            self.status, self.ended_at, self.ended = status, self.stage.now(), datetime.now(UTC)
            self.stage.forget(self.sid)

    def seconds(self) -> int:
        """The call's duration; 0 when it was never answered."""
        if self.answered_at is None:
            return 0
        end = self.ended_at if self.ended_at is not None else self.stage.now()
        return round(end - self.answered_at)

    def parameters(self) -> dict[str, str]:
        """The standard voice parameters and their legacy twins, as real captures show them."""
        said = {
            "CallSid": self.sid,
            "AccountSid": self.account,
            "From": self.from_number,
            "To": self.to_number,
            "Caller": self.from_number,
            "Called": self.to_number,
            "CallStatus": self.status,
            "ApiVersion": "2010-04-01",
            "Direction": self.direction,
        }
        for side, number in (("From", self.from_number), ("To", self.to_number)):
            country = "FR" if number.startswith("+33") else ""
            said |= {f"{side}Country": country, f"{side}City": "", f"{side}State": "", f"{side}Zip": ""}
            old = "Caller" if side == "From" else "Called"
            said |= {f"{old}Country": country, f"{old}City": "", f"{old}State": "", f"{old}Zip": ""}
        if self.parent is not None:
            said["ParentCallSid"] = self.parent.sid
        if self.answered_by:
            said["AnsweredBy"] = self.answered_by
        return said

    def status_parameters(self) -> dict[str, str]:
        """What a status callback adds; `Duration` is billed minutes, `CallDuration` seconds."""
        said = self.parameters() | {
            "Timestamp": format_datetime(datetime.now(UTC)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self.sequence),
        }
        self.sequence += 1
        if not self.live:
            seconds = self.seconds()
            said |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
            said["SipResponseCode"] = {
                "busy": "486",
                "no-answer": "487",
                "canceled": "487",
                "failed": "404",
            }.get(self.status, "200")
        return said
