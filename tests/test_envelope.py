"""The call's state in the URL: whole, small, ours alone, and not for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import msgpack

from config.sealing import Sealer
from routing.model import Located, Need, PlaceSource, Target
from voice import envelope
from voice.call import Brief, Call, Desk, Stage
from voice.envelope import Stale
from workers.callbacks.callback import AgeClass

SEALER = Sealer(("a" * 40,), "call state")
NOW = 1_772_420_400
SID = "CA" + "7" * 32

numbers = st.from_regex(r"\+33[1-9][0-9]{8}", fullmatch=True)
slugs = st.sampled_from(["grand-paris", "roubaix-tourcoing", "lyon"])
targets = st.builds(
    Target, slugs | st.none(), slugs, numbers, st.integers(5, 60), st.booleans(), st.booleans(), st.booleans()
)
places = st.builds(
    Located, st.sampled_from(["31555", "2A004"]), st.floats(0, 1), st.sampled_from(PlaceSource)
)
calls = st.builds(
    Call,
    sid=st.just(SID),
    stage=st.sampled_from(Stage),
    step=st.integers(0, 200),
    caller=numbers | st.none(),
    tries=st.integers(0, 3),
    place=places | st.none(),
    typed=st.text("0123456789", max_size=4),
    choices=st.lists(st.sampled_from(["31555", "", "01001"]), max_size=4).map(tuple),
    need=st.sampled_from(Need) | st.none(),
    age=st.sampled_from(AgeClass) | st.none(),
    priority=st.booleans(),
    association=slugs | st.none(),
    targets=st.lists(targets, max_size=11).map(tuple),
    rounds=st.integers(0, 3),
    number=numbers | st.none(),
    video=st.booleans(),
    callback=st.uuids().map(str) | st.none(),
    began=st.just(NOW),
)


@given(calls)
def test_what_was_sealed_comes_back_whole_in_less_than_a_kilobyte(call: Call) -> None:
    sealed = envelope.seal_call(SEALER, call)
    assert len(sealed) <= 1024
    assert envelope.open_call(SEALER, sealed, SID, NOW + 60) == call


def test_a_brief_comes_back_whole() -> None:
    brief = Brief(SID, "Toulouse", Need.VISIT, AgeClass.CHILD, True, "+33639980001", True, False, 2)
    assert envelope.open_brief(SEALER, envelope.seal_brief(SEALER, brief)) == brief


def test_another_calls_state_is_refused() -> None:
    sealed = envelope.seal_call(SEALER, Call(sid=SID, began=NOW))
    with pytest.raises(Stale):
        envelope.open_call(SEALER, sealed, "CA" + "8" * 32, NOW)


@pytest.mark.parametrize("later", [4 * 3600 + 1, 10**7])
def test_a_state_older_than_a_call_can_be_is_refused(later: int) -> None:
    sealed = envelope.seal_call(SEALER, Call(sid=SID, began=NOW))
    with pytest.raises(Stale):
        envelope.open_call(SEALER, sealed, SID, NOW + later)


def test_a_brief_is_no_state_and_a_state_no_brief() -> None:
    sealed = envelope.seal_call(SEALER, Call(sid=SID, began=NOW))
    with pytest.raises(Stale):
        envelope.open_brief(SEALER, sealed)


@given(st.text())
def test_nothing_forged_is_read(text: str) -> None:
    with pytest.raises(Stale):
        envelope.open_call(SEALER, text, SID, NOW)


def test_keys_rotate_under_a_call() -> None:
    sealed = envelope.seal_call(SEALER, Call(sid=SID, began=NOW))
    rotated = Sealer(("b" * 40, "a" * 40), "call state")
    assert envelope.open_call(rotated, sealed, SID, NOW).sid == SID
    gone = Sealer(("b" * 40,), "call state")
    with pytest.raises(Stale):
        envelope.open_call(gone, sealed, SID, NOW)


def test_an_unknown_version_is_refused() -> None:
    sealed = SEALER.seal(b"\x01" + msgpack.encode(Call(sid=SID, began=NOW)), b"call")
    with pytest.raises(Stale, match="version"):
        envelope.open_call(SEALER, sealed, SID, NOW)


def test_a_state_sealed_before_a_field_was_added_at_the_end_still_opens() -> None:
    """A deploy in mid-call: what the older code did not know has its default."""
    older = msgpack.decode(msgpack.encode(Call(sid=SID, video=True)))[: Call.__struct_fields__.index("began")]
    sealed = SEALER.seal(envelope.VERSION + msgpack.encode(older), b"call")
    assert envelope.open_call(SEALER, sealed, SID, now=0) == Call(sid=SID, video=True)


def test_fields_of_a_state_keep_their_places() -> None:
    """Two versions of the code answer one call during a deploy: a field may only be added at the end."""
    first = "sid stage step caller tries place typed choices need age priority association targets rounds"
    assert [*Call.__struct_fields__][:18] == [*first.split(), "number", "video", "callback", "began"]
    assert [*Target.__struct_fields__][:4] == ["association", "regulator", "phone", "ring_seconds"]
    assert [*Target.__struct_fields__][4:7] == ["accept_key", "shows_caller", "together"]
    assert [*Located.__struct_fields__][:3] == ["commune", "confidence", "source"]
    desk = "sid place need age priority caller accept_key shown tries desks"
    assert [*Brief.__struct_fields__][:10] == desk.split()
    assert [*Desk.__struct_fields__][:3] == ["regulator", "phone", "association"]
