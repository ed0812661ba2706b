"""The call that speaks a code to a desk's new number, placed, and the code read back."""

from __future__ import annotations

from sqlalchemy import Engine

from config.sealing import Pseudonyms
from config.settings import Settings
from routing import number_proofs
from routing.number_proofs import Answer
from workers import proof_call
from workers.callbacks.telephony import Placed, TwilioCarrier

TIMEOUT = 5.0  # seconds for the carrier to take a test call


def call(settings: Settings, engine: Engine, number: str, by: str) -> bool:
    """Ring this number to speak a fresh code; False when the carrier did not take the call.

    Raises `number_proofs.TooSoon`.
    """
    code = number_proofs.begin(engine, number, _keyed(settings).index, by)
    urls = proof_call.urls(settings, code)
    return isinstance(TwilioCarrier(settings, TIMEOUT).place(number, settings.caller_id, urls), Placed)


def read_back(settings: Settings, engine: Engine, number: str, code: str, by: str) -> Answer:
    """Judge the code somebody heard there."""
    return number_proofs.answer(engine, number, code, _keyed(settings).index, by)


def _keyed(settings: Settings) -> Pseudonyms:
    return Pseudonyms(settings.secret_keys, "test calls")
