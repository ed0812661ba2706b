"""A refused document's faults, in French: where, and what is expected there."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a field looks like, and the words for it.
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
INSEE = r"^(?:[0-9]{2}|2[AB])[0-9]{3}$"
DEPARTEMENT = r"^(?:[0-9]{2,3}|2[AB])$"
POSTCODE = r"^[0-9]{5}$"
VIDEO_URL = r"^https://[^\s{}]+\{token\}[^\s{}]*$"
RECORDED = r"^[0-9a-f]{64}$"
CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
SHAPES = {
    SLUG: "minuscules sans accent, chiffres et tirets, la-rochelle",
    INSEE: "un code INSEE, 31555 ou 2A004",
    DEPARTEMENT: "un numéro de département, 33, 2A ou 974",
    POSTCODE: "un code postal, 33000",
    VIDEO_URL: "une adresse https:// où {token} tient la place du secret",
    RECORDED: "les 64 caractères qui nomment un enregistrement",
    CLOCK: "une heure, de 00:00 à 24:00",
}
WORDS = {
    "missing": "champ manquant",
    "extra_forbidden": "champ inconnu",
    "json_invalid": "ce n'est pas du JSON{at}",
    "string_type": "un texte est attendu",
    "string_pattern_mismatch": "forme non reconnue (attendu : {pattern})",
    "string_too_long": "texte trop long ({max_length} caractères au plus)",
    "string_too_short": "texte vide",
    "too_short": "liste trop courte ({min_length} au moins)",
    "too_long": "liste trop longue ({max_length} au plus)",
    "tuple_type": "une liste est attendue",
    "dict_type": "un objet est attendu",
    "model_type": "un objet est attendu",
    "model_attributes_type": "un objet est attendu",
    "mapping_type": "un objet est attendu",
    "bool_type": "vrai ou faux est attendu",
    "bool_parsing": "vrai ou faux est attendu",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu",
    "int_parsing_size": "un nombre entier moins grand est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "finite_number": "un nombre fini est attendu",
    "greater_than_equal": "au moins {ge} est attendu",
    "less_than_equal": "au plus {le} est attendu",
    "enum": "valeur inconnue (attendu : {expected})",
    "literal_error": "valeur inconnue (attendu : {expected})",
    "date_type": "une date AAAA-MM-JJ est attendue",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "date_from_datetime_inexact": "une date AAAA-MM-JJ est attendue, sans heure",
    "datetime_type": "une date et une heure sont attendues",
    "datetime_parsing": "une date et une heure sont attendues",
    "datetime_from_date_parsing": "une date et une heure sont attendues",
    "timezone_aware": "une date et une heure avec décalage (+01:00) sont attendues",
    "none_required": "rien n'est attendu ici",
    "value_error": "{error}",
}


def problem_in_french(
    where: tuple[int | str, ...], kind: str, message: str, context: Mapping[str, object]
) -> str:
    """One line such as `associations[3].hours[0].weekly[1].opens : champ manquant`."""
    template = WORDS.get(kind)
    told = dict(context)
    if kind == "string_pattern_mismatch":
        told["pattern"] = SHAPES.get(str(told["pattern"]), told["pattern"])
    elif kind in ("enum", "literal_error"):
        told["expected"] = str(told["expected"]).replace("'", "").replace(" or ", " ou ")
    elif kind == "json_invalid":
        found = re.search(r"line (\d+)", message)
        told["at"] = f", ligne {found[1]}" if found else ""
    words = template.format_map(told) if template else f"valeur refusée ({message})"
    return f"{_path(where)} : {words}"


def _path(where: tuple[int | str, ...]) -> str:
    path = ""
    for part in where:
        path += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return path.removesuffix(".[key]").removeprefix(".") or "document"
