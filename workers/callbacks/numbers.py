"""Which numbers may be rung back or written to: by prefix (fiction ranges look invalid to libraries)."""

from __future__ import annotations

import re

# France, and the overseas territories with codes of their own (ARCEP's plan, decision 2018-0881).
_RUNG = re.compile(
    r"""\+33(?:[1-5]\d{8}|[67]\d{8}|9\d{8})   # never 08 (shared cost, premium), never 3xxx nor 1x
      | \+(?:262|590|594|596)(?:\d{9})
      | \+(?:508|687|689|681)\d{6,9}""",
    re.VERBOSE,
)
_OVERSEAS_PREMIUM = re.compile(r"\+(?:262|590|594|596)8|\+508(?:0?8)\d{6,}|\+687(?:3[67])|\+689(?:36|8[0-5])")
_WRITTEN = re.compile(r"\+33[67]\d{8}|\+(?:262(?:639|69[23])|590(?:69[01])|594694|596(?:696|697))\d{6}")
_OVERSEAS = {  # the three digits behind the 0, and the country code they are reached under
    **dict.fromkeys(("262", "263", "269", "639", "692", "693"), "262"),
    **dict.fromkeys(("590", "690", "691"), "590"),
    **dict.fromkeys(("594", "694"), "594"),
    **dict.fromkeys(("596", "696", "697"), "596"),
}


def e164(typed: str) -> str | None:
    """What a French keypad typed, as E.164; None when it is no number of ours to ring.

    « 0692… » is Réunion's or Mayotte's own form: mobiles of overseas départements keep their code.
    """
    digits = re.sub(r"[\s.\-()]", "", typed)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if re.fullmatch(r"0[1-9]\d{8}", digits):
        digits = _national(digits)
    return digits if can_be_rung(digits) else None


def can_be_rung(number: str) -> bool:
    """French and overseas subscribers only: never premium, foreign, 3xxx or emergency."""
    return bool(_RUNG.fullmatch(number)) and not _OVERSEAS_PREMIUM.match(number)


def can_be_written_to(number: str) -> bool:
    """SMS go to 06 and 07 only (a landline is the carrier's error 21614)."""
    return bool(_WRITTEN.fullmatch(number))


def _national(digits: str) -> str:
    code = _OVERSEAS.get(digits[1:4])
    # 0639 98 xx xx is metropolitan fiction; Mayotte's mobiles are 0639 0x to 0639 7x.
    if code is None or digits.startswith("063998"):
        return "+33" + digits[1:]
    return f"+{code}{digits[1:]}"
