"""The clock on the patient's wall: a call-back to Réunion is promised, and retried, in Réunion's time."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

from routing.geography.places import Places, time_zone
from workers.callbacks.attempts import ZoneOf

PARIS = ZoneInfo("Europe/Paris")


def zones_of(places: Places) -> ZoneOf:
    """INSEE code to time zone; Paris where the place is not known."""

    def zone_of(insee: str | None) -> tzinfo:
        commune = places.commune(insee) if insee else None
        return ZoneInfo(time_zone(commune)) if commune else PARIS

    return zone_of
