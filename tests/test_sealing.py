"""What was sealed is opened by whoever holds the key, for the same purpose and place, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.sealing import Pseudonyms, Sealer, Unsealable

OLD, NEW = "o" * 32, "n" * 32
NUMBER = "+33639980000"


@given(st.binary(max_size=1000), st.binary(max_size=50))
def test_what_is_sealed_is_unsealed(plain: bytes, context: bytes) -> None:
    sealer = Sealer((NEW,), "state")
    text = sealer.seal(plain, context)
    assert sealer.unseal(text, context) == plain
    assert text.replace("-", "").replace("_", "").isalnum()


def test_the_same_text_is_sealed_differently_each_time() -> None:
    sealer = Sealer((NEW,), "state")
    assert sealer.seal(b"x") != sealer.seal(b"x")


def test_a_new_key_opens_what_the_old_one_sealed_until_it_is_taken_away() -> None:
    text = Sealer((OLD,), "state").seal(b"call")
    assert Sealer((NEW, OLD), "state").unseal(text) == b"call"
    with pytest.raises(Unsealable):
        Sealer((NEW,), "state").unseal(text)


def test_the_first_key_is_the_one_that_seals() -> None:
    text = Sealer((NEW, OLD), "state").seal(b"call")
    assert Sealer((NEW,), "state").unseal(text) == b"call"


def test_two_keys_with_the_same_id_byte_are_both_tried() -> None:
    keys = tuple(f"{number:032}" for number in range(300))  # more keys than id bytes
    for key in keys[-5:]:
        assert Sealer(keys, "state").unseal(Sealer((key,), "state").seal(b"x")) == b"x"


def test_another_purpose_or_place_does_not_open_it() -> None:
    text = Sealer((NEW,), "state").seal(b"x", b"callbacks|phone|1")
    for purpose, context in (
        ("numbers", b"callbacks|phone|1"),
        ("state", b"callbacks|phone|2"),
        ("state", b""),
    ):
        with pytest.raises(Unsealable):
            Sealer((NEW,), purpose).unseal(text, context)


def test_one_changed_bit_anywhere_is_refused() -> None:
    sealer = Sealer((NEW,), "state")
    text = sealer.seal(b"call")
    for place, letter in enumerate(text[:-1]):
        with pytest.raises(Unsealable):
            sealer.unseal(text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :])


@given(st.text(max_size=200))
def test_nonsense_raises_unsealable_and_nothing_else(text: str) -> None:
    with pytest.raises(Unsealable):
        Sealer((NEW,), "state").unseal(text)


def test_a_pseudonym_holds_for_its_month_only() -> None:
    names = Pseudonyms((NEW,))
    assert names.of(NUMBER, "2026-11") == names.of(NUMBER, "2026-11")
    assert (
        len({names.of(NUMBER, "2026-11"), names.of(NUMBER, "2026-12"), names.of("+33639980001", "2026-11")})
        == 3
    )
    assert "639980000" not in names.of(NUMBER, "2026-11") + names.index(NUMBER)


def test_a_new_current_key_leaves_the_hashes_as_they_were() -> None:
    before, after = Pseudonyms((OLD,)), Pseudonyms((NEW, OLD))
    assert before.index(NUMBER) == after.index(NUMBER)
    assert before.index(NUMBER) != Pseudonyms((NEW,)).index(NUMBER)
