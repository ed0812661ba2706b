"""Which telephone numbers may be rung, judged by prefix, and how a typed or received number is read.

By prefix, since `phonenumbers` calls some of the ranges kept for fiction invalid, and an association's new
block may be younger than its tables. Source: Arcep, plan national de numérotation (décision 2018-0881).
"""

from __future__ import annotations

import re
from typing import NewType

E164 = NewType("E164", str)

# Overseas calling codes and, behind them, how a national significant number may begin.
_OVERSEAS = {
    "590": ("590", "690", "691", "947", "976"),
    "594": ("594", "694", "947", "976"),
    "596": ("596", "696", "697", "947", "976"),
    "262": ("262", "263", "269", "639", "692", "693", "947", "976"),
}
_OVERSEAS_PREMIUM = re.compile(r"(?:262|590|594|596)8|5080?8|687(?:36|37)|689(?:36|8[0-5])")
_MOBILE = re.compile(r"33[67]\d{8}|(?:262(?:639|69[23])|590(?:69[01])|594694|596(?:696|697))\d{6}")
_SIX_DIGITS = {"508": (6, 9), "681": (6,), "687": (6,), "689": (6, 8)}
# National trunk prefixes that lie overseas. 0639 is Mayotte's but for 063998, which is kept for fiction.
_TRUNKS = {
    "0590": "590",
    "0690": "590",
    "0691": "590",
    "0594": "594",
    "0694": "594",
    "0596": "596",
    "0696": "596",
    "0697": "596",
    "0262": "262",
    "0263": "262",
    "0269": "262",
    "0692": "262",
    "0693": "262",
    "0639": "262",
}
_SHORT = {
    "3624": "c'est le 3624 lui-même",
    "15": "numéro d'urgence",
    "17": "numéro d'urgence",
    "18": "numéro d'urgence",
    "112": "numéro d'urgence",
    "114": "numéro d'urgence",
    "115": "numéro d'urgence",
    "116117": "numéro d'urgence",
    "119": "numéro d'urgence",
    "191": "numéro d'urgence",
    "196": "numéro d'urgence",
    "197": "numéro d'urgence",
}
_SIP = re.compile(r"sips?:[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,64}@[A-Za-z0-9.-]{1,80}(:[0-9]{1,5})?")
_NOISE = re.compile(r"[\s.\-/()\u00a0\u202f\u2009]+")
_E164_MAX = 15


def normalise(raw: str, region: str = "FR") -> E164 | None:
    """`05 61 00 00 00`, `0033561…`, `+33 (0)5…` as E.164, or None; total on any text.

    `region` is where the number was written: only "FR" (with its overseas) knows national numbers.
    It says nothing about whether the number may be rung: ask `callable_problem`.
    """
    text = _NOISE.sub("", raw.replace("(0)", "")) if isinstance(raw, str) else ""
    if text.startswith("00"):
        text = "+" + text[2:]
    if text.startswith("+"):
        digits = text[1:]
        if digits.startswith("330"):  # +33 05…: the trunk zero kept by mistake
            digits = "33" + digits[3:]
        return E164("+" + digits) if _plausible(digits) else None
    if region != "FR" or len(text) != 10 or not _ascii_digits(text) or text[0] != "0":
        return None
    country = "33" if text.startswith("063998") else _TRUNKS.get(text[:4], "33")
    return E164(f"+{country}{text[1:]}")


def callable_problem(number: str) -> str | None:
    """Why this number may not be rung, in French, or None. Takes E.164 and total on any text."""
    if not number.startswith("+"):
        return _short_problem(number)
    digits = number[1:]
    if not _plausible(digits):
        return "numéro mal formé"
    if digits.startswith("33"):
        return _metropolitan_problem(digits[2:])
    if _OVERSEAS_PREMIUM.match(digits):
        return "numéro surtaxé d'outre-mer"
    country, rest = digits[:3], digits[3:]
    if country in _OVERSEAS:
        return (
            None if len(rest) == 9 and rest.startswith(_OVERSEAS[country]) else "numéro d'outre-mer mal formé"
        )
    if country in _SIX_DIGITS:
        return None if len(rest) in _SIX_DIGITS[country] else "numéro d'outre-mer mal formé"
    return "numéro étranger"


def target_problem(number: str) -> str | None:
    """Why this may not be a desk's number, in French, or None: `callable_problem`, and SIP is allowed."""
    if number.startswith(("sip:", "sips:")):
        return None if _SIP.fullmatch(number) else "adresse SIP mal formée"
    return callable_problem(number)


def is_mobile(number: str) -> bool:
    """Whether an E.164 number takes an SMS: 06 and 07, overseas too (a landline is the carrier's 21614)."""
    return bool(_MOBILE.fullmatch(number[1:])) if number.startswith("+") else False


def caller_id_problem(number: str) -> str | None:
    """Why this may not be shown when we ring, or None. 06 and 07 are barred for platforms since 2023."""
    if number.startswith(("+336", "+337")):
        return "un 06 ou un 07 ne peut pas être présenté par une plateforme"
    return callable_problem(number)


def _short_problem(number: str) -> str:
    if number in _SHORT:
        return _SHORT[number]
    if _ascii_digits(number) and len(number) == 4 and number[0] == "3":
        return "numéro court 3xxx"
    return "numéro mal formé (dix chiffres attendus, 05 36 49 00 01)"


def _metropolitan_problem(rest: str) -> str | None:
    if rest in _SHORT:
        return _SHORT[rest]
    if len(rest) != 9:
        return "numéro français à neuf chiffres attendu après +33"
    if rest[0] == "8":
        return "numéro surtaxé ou spécial (08)"
    return None if rest[0] in "12345679" else "numéro mal formé"


def _plausible(digits: str) -> bool:
    return _ascii_digits(digits) and 4 <= len(digits) <= _E164_MAX


def _ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
