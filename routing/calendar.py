"""Public and school holidays by territory, as sets of dates (source: the package `holidays`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def _only_france() -> Any:
    """The package's class for France, from its own file: `holidays.countries` imports 250 countries with it,

    an eighth of a second and 9 MB of every process.
    """
    package = find_spec("holidays")
    folder = Path((package and package.origin) or "").parent
    spec = spec_from_file_location("holidays_france", folder / "countries" / "france.py")
    if spec is None or spec.loader is None:
        raise ImportError("the package holidays has no countries/france.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.France


France = _only_france()
_france: Callable[..., Mapping[date, str]] = France  # its own constructor carries no types

# The package knows Easter and the law from 1802 to 2099; outside, a day is an ordinary day.
FIRST_YEAR, LAST_YEAR = 1900, 2099


@lru_cache(maxsize=512)
def public_holidays(territory: str | None, year: int) -> frozenset[date]:
    """The year's public holidays in a territory (ISO 3166-2:FR part, "6AE" for Alsace-Moselle).

    An unknown territory has the mainland's: a misspelt one must not stop a call. `routing.checks` reports it.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return frozenset()
    subdivision = territory if territory in KNOWN_TERRITORIES else None
    return frozenset(_france(years=year, subdiv=subdivision, expand=False))


@lru_cache(maxsize=64)
def holiday_names(territory: str | None, year: int) -> Mapping[date, str]:
    """The same days with their French names."""
    days = public_holidays(territory, year)
    subdivision = territory if territory in KNOWN_TERRITORIES else None
    named = _france(years=year, subdiv=subdivision, expand=False, language="fr") if days else {}
    return {day: named[day] for day in days}


@lru_cache(maxsize=64)
def school_holidays(zone: str, year: int) -> frozenset[date]:
    """The year's school holidays of mainland zone A, B or C."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return frozenset()
    return frozenset(_france(years=year, subdiv=f"Zone {zone}", categories="school", expand=False))


KNOWN_TERRITORIES = frozenset(s for s in France.subdivisions if not s.startswith("Zone"))
