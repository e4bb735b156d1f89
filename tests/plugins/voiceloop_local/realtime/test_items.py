from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceloop_local.realtime.items import Part, StoredItem


@given(
    words=st.lists(st.tuples(st.text("abc", min_size=1, max_size=5), st.integers(0, 900)), max_size=8),
    end_ms=st.integers(0, 8000),
)
def test_a_cut_keeps_a_beginning_and_never_more_than_was_there(words, end_ms):
    part = Part("audio")
    for word, ms in words:
        part.add_words(f" {word}")
        part.add_audio(bytes(48 * ms))
    text, length = part.text or "", part.audio_ms
    part.cut(min(end_ms, length))
    assert part.audio_ms == min(end_ms, length)
    assert text.startswith(part.text or "")
    if end_ms >= length:
        assert (part.text or "") == text


def test_the_words_of_an_item_are_those_of_all_parts():
    item = StoredItem(
        "a", "message", parts=[Part("text", "one"), Part("image"), Part("audio", None), Part("text", "two")]
    )
    assert item.words == "one two"
