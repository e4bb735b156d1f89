import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.heard import Piece, heard_text

TALE = "Once upon a time there was a king, who had three sons. The first was clever."


WHOLE = (Piece(TALE, 0),)


def words_after(heard_ms, *, received_ms=5000, complete=True, pieces=WHOLE):
    return heard_text(pieces, heard_ms, received_ms, complete=complete)


def test_a_reply_heard_to_its_end_is_its_whole_text():
    assert words_after(5000) == TALE


def test_a_reply_of_which_nothing_was_heard_has_no_words():
    assert words_after(0) == ""


def test_half_of_the_audio_is_about_half_of_the_words_and_ends_at_a_word():
    heard = words_after(2500)
    assert TALE.startswith(heard)
    assert abs(len(heard.split()) - len(TALE.split()) / 2) <= 2
    assert TALE[len(heard)] in " ,."


def test_words_cannot_be_heard_before_they_were_sent():
    pieces = (Piece("Wait. ", 0), Piece("The answer is seven.", 3000))
    assert words_after(2900, received_ms=4000, pieces=pieces) == "Wait."
    assert words_after(3950, received_ms=4000, pieces=pieces).startswith("Wait. The answer")


def test_while_audio_still_arrives_text_that_ran_ahead_was_not_heard():
    heard = words_after(1000, received_ms=1200, complete=False)
    assert 1 <= len(heard.split()) <= 5


def test_a_fast_voice_is_noticed_while_its_audio_still_arrives():
    """20 letters a second, measured; its first sentence and the pause after it had been heard."""
    first = "Once upon a time there was a small lighthouse at the edge of a quiet bay. "
    second = "Every evening its keeper climbed the long stairs and lit the lamp before the boats came home. "
    pieces = [Piece(first, 0), Piece(second, 3947), Piece("One night the fog was so thick that ", 9000)]
    heard = words_after(3940, received_ms=10_900, complete=False, pieces=pieces)
    assert len(first.split()) - len(heard.split()) <= 1


def test_a_growing_reply_is_not_whole_even_when_all_that_came_was_heard():
    assert len(words_after(1000, received_ms=1000, complete=False)) < len(TALE)


def test_nothing_said_is_nothing_heard():
    assert words_after(500, pieces=()) == ""


CHINESE = "很久以前，有一位国王。他有三个儿子，最小的叫 Ivan 3，他说「我去」。"


@pytest.mark.parametrize(
    ("text", "word_ends"),
    [
        (CHINESE, [*"很久以前有一位国王他有三个儿子最小的叫他说我去", "Ivan", "3"]),
        ("กาลครั้งหนึ่งนานมาแล้ว มีพระราชาองค์หนึ่ง", None),
        ("むかしむかし、王さまがいました。", None),
    ],
)
def test_without_spaces_between_words_it_ends_at_a_character(text, word_ends):
    grown = list(dict.fromkeys(words_after(ms, pieces=[Piece(text, 0)]) for ms in range(0, 5001, 10)))
    assert len(grown) > len(text) / 3
    assert (grown[0], grown[-1]) == ("", text)
    for heard in grown[1:]:
        rest = text[len(heard) :].lstrip()
        assert text.startswith(heard)
        assert not rest or rest[0].isalnum() or rest[0] == "「", heard  # marks stay with what they follow
        assert not heard.endswith("「")
    if word_ends:
        assert "Iva" not in {heard.rpartition(" ")[2] for heard in grown}
        assert {heard.rstrip("，。」").rpartition(" ")[2][-1] for heard in grown[1:]} == {end[-1] for end in word_ends}


def test_syllables_take_longer_than_letters():
    heard = words_after(1000, received_ms=1200, complete=False, pieces=[Piece(CHINESE, 0)])
    assert 4 <= len(heard) <= 7


@given(
    st.lists(st.tuples(st.text(max_size=20), st.integers(0, 5000)), max_size=6),
    st.integers(0, 6000),
    st.integers(0, 6000),
    st.booleans(),
)
def test_what_was_heard_is_a_beginning_and_grows_with_time(parts, first, second, complete):
    pieces = [Piece(text, at) for text, at in sorted(parts, key=lambda part: part[1])]
    text = "".join(piece.text for piece in pieces)
    earlier, later = (heard_text(pieces, heard_ms, 6000, complete=complete) for heard_ms in sorted((first, second)))
    assert later.startswith(earlier)
    assert later in text
