"""A refused document's faults, in French: where, and what is expected there."""

from __future__ import annotations

from collections.abc import Mapping

WORDS = {
    "missing": "champ manquant",
    "extra_forbidden": "champ inconnu",
    "json_invalid": "ce n'est pas du JSON",
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
    words = template.format_map(dict(context)) if template else f"valeur refusée ({message})"
    return f"{_path(where)} : {words}"


def _path(where: tuple[int | str, ...]) -> str:
    path = ""
    for part in where:
        path += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "document"
