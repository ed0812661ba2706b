"""The built files: the same rows give the same bytes, and what was written is read back."""

import gzip
import re
from pathlib import Path

from routing.geography import build_prefixes
from routing.geography.build_files import write_communes, write_prefixes
from routing.geography.landlines import Landlines
from routing.geography.places import COMMUNES_FILE, Commune, Places

SAMPLE = (
    Commune("31555", "Toulouse", "31", 511_684, 1.44367, 43.60426, ("31000", "31500")),
    Commune("31149", "Colomiers", "31", 39_968, 1.33672, 43.61058, ("31770",)),
    Commune("97411", "Saint-Denis", "974", 155_634, 55.44863, -20.87897, ("97400",)),
)


def test_the_same_communes_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one.gz", tmp_path / "other.gz"
    write_communes(one, SAMPLE)
    write_communes(other, reversed(SAMPLE))
    assert one.read_bytes() == other.read_bytes()
    assert one.read_bytes()[4:8] == b"\0\0\0\0"  # no time of writing in the header


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_communes(tmp_path / "communes", SAMPLE)
    assert set(Places.load(tmp_path / "communes").all()) == set(SAMPLE)
    write_prefixes(tmp_path / "prefixes", [("056100", "31555", 0.9)])
    located = Landlines.load(tmp_path / "prefixes").locate("+33561000000")
    assert located is not None
    assert located.commune == "31555"


def test_the_committed_file_is_what_the_writer_writes(tmp_path: Path) -> None:
    write_communes(tmp_path / "again", Places.load().all())
    assert gzip.decompress((tmp_path / "again").read_bytes()) == gzip.decompress(COMMUNES_FILE.read_bytes())


def test_the_prefixes_built_from_the_sources_are_those_committed(tmp_path: Path) -> None:
    places, sources = Places.load(), COMMUNES_FILE.parent / "sources"
    zones = build_prefixes.read_pairs(sources / "zne.csv", "zne_insee", "chef_lieu_insee")
    members = build_prefixes.read_pairs(sources / "commune_zne.csv.gz", "commune_insee", "zne_insee")
    table = build_prefixes.read_pairs(sources / "abpq_zne.csv", "prefix_0ZABPQ", "zne_insee")
    chiefs = build_prefixes.zone_communes(zones, {*members.values(), *table.values()}, places)
    weights = build_prefixes.shares(chiefs, members, places)
    write_prefixes(tmp_path / "again", build_prefixes.prefixes(table, chiefs, weights))
    committed = COMMUNES_FILE.parent / "prefixes.tsv.gz"
    assert gzip.decompress((tmp_path / "again").read_bytes()) == gzip.decompress(committed.read_bytes())


def test_only_a_majority_speaks_for_the_prefixes_that_are_not_listed() -> None:
    table = {"056100": "31555", "056101": "31555", "056110": "09122", "056200": "31555", "056210": "09122"}
    chiefs = {"31555": "31555", "09122": "09122"}
    rows = {
        prefix: (insee, share) for prefix, insee, share in build_prefixes.prefixes(table, chiefs, WEIGHTS)
    }
    assert rows["056100"] == ("31555", 0.9)
    assert rows["0561"] == ("31555", 0.9 * 2 / 3)
    assert rows["05611"] == ("09122", 0.5)
    assert "0562" not in rows  # one each


WEIGHTS = {"31555": 0.9, "09122": 0.5}


def test_the_sources_page_counts_what_is_in_the_files() -> None:
    page = (COMMUNES_FILE.parent / "SOURCES.md").read_text(encoding="utf-8")
    counted = re.search(r"^(\d+) communes and arrondissements, (\d+) postcodes", page, re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) == len(Places.load().all())
