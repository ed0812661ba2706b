"""Numbers as people type them, and as the carrier writes them."""

import re

WITHHELD = "anonymous"
# ARCEP's numbering plan: these national prefixes belong to country codes of their own.
OVERSEAS = {
    "262": ("0262", "0263", "0692", "0693"),
    "590": ("0590", "0690", "0691"),
    "594": ("0594", "0694"),
    "596": ("0596", "0696", "0697"),
}
FRANCE = ("+33", "+262", "+508", "+590", "+594", "+596", "+681", "+687", "+689")


def as_caller(typed: str) -> str:
    """What Twilio sends as From: "05 61 00 00 00" -> +33561000000, "masqué" -> anonymous, else as typed."""
    bare = re.sub(r"[\s.\-]", "", typed)
    if bare.lower() in ("masqué", "masque", "anonyme", WITHHELD):
        return WITHHELD
    if not re.fullmatch(r"0[1-9]\d{8}", bare):
        return bare
    for code, prefixes in OVERSEAS.items():
        if bare.startswith(prefixes):
            return f"+{code}{bare[1:]}"
    return f"+33{bare[1:]}"


def is_e164(number: str) -> bool:
    return re.fullmatch(r"\+[1-9]\d{7,14}", number) is not None


def is_mobile(number: str) -> bool:
    """Whether an SMS may go there: 06 and 07, and the overseas 069."""
    return re.match(r"\+33[67]|\+(262|590|594|596)69", number) is not None
