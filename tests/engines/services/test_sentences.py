from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.engines.services.sentences import SentenceCutter
from voiceloop.languages.sentences import SURE_ENDS, sentences
from voiceloop.languages.shelf import english, known_languages, language_for


def cut(text, tag="en", size=None):
    """The pieces of a text that arrives whole, or `size` characters at a time."""
    cutter = SentenceCutter(language_for(tag))
    pieces = []
    for start in range(0, len(text), size or max(1, len(text))):
        pieces += cutter.feed(text[start : start + (size or len(text))])
    return pieces + cutter.end()


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", ["Yes.", " It is open!", " Anything else?"]),
        ("en", ["Dr. Smith pays $3.50, e.g. at 4 p.m. or so.", " Ask Mr. Jones."]),
        ("en", ["See https://example.com/a.b?c=d.e, it helps.", " Bye."]),
        ("en", ['He said "no."', " Then he left..."]),
        ("en", ["Well... maybe.", " Or not."]),
        ("en", ["First:", "\n1. Open it.", "\n2. Close it.", "\n\n- Done"]),
        ("de", ["Es kostet z. B. 1.000,5 bzw. 3,50 Euro.", " Am 3. Mai um 15.30 Uhr."]),
        ("de", ["Er sagte: „Nein.“", " Dann ging er."]),
        ("zh", ["你好！", "今天是3.5度吗？", "是的。", "“好。”", "然后呢"]),
        ("ar", ["كيف حالك؟", " أنا بخير.", " شكرا!"]),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 2, 5])
def test_pieces_are_sentences_however_they_arrive(tag, found, size):
    assert cut("".join(found), tag, size) == found


def test_a_sentence_is_given_out_as_soon_as_the_next_one_begins():
    cutter = SentenceCutter(english())
    assert cutter.feed("It costs 3") == []
    assert cutter.feed(".") == []
    assert cutter.feed("50. ") == []
    assert cutter.feed("You") == ["It costs 3.50."]
    assert cutter.feed(" can pay.") == []
    assert cutter.end() == [" You can pay."]
    assert cutter.end() == []


def test_the_first_piece_may_end_at_a_comma_and_later_ones_wait_for_the_sentence():
    cutter = SentenceCutter(english())
    assert cutter.feed("The weather in Berlin this morning is mostly sunny, with") == []
    assert cutter.feed(" a light breeze") == ["The weather in Berlin this morning is mostly sunny,"]
    assert cutter.feed(" that comes from the west, which is quite usual at this time of the year") == []
    assert cutter.feed(". And") == [
        " with a light breeze that comes from the west, which is quite usual at this time of the year."
    ]


def test_a_short_first_sentence_leaves_the_next_one_in_a_hurry():
    assert cut("Sure! The weather in Berlin this morning is mostly sunny, with a light breeze. It is warm, too.") == [
        "Sure!",
        " The weather in Berlin this morning is mostly sunny,",
        " with a light breeze.",
        " It is warm, too.",
    ]


def test_no_first_piece_ends_at_a_comma_that_leaves_a_scrap_or_stands_early():
    assert cut("Well, that is how it is done by everybody here, mostly.") == [
        "Well, that is how it is done by everybody here, mostly."
    ]


def test_characters_that_take_long_to_say_make_shorter_pieces():
    assert cut("今天柏林的天气总体上非常晴朗，下午可能会有一点小雨。", "zh") == [
        "今天柏林的天气总体上非常晴朗，",
        "下午可能会有一点小雨。",
    ]


def test_a_sentence_that_never_ends_is_cut_at_its_strongest_breaks():
    clause = "and then the train went on to the next town of the valley "
    pieces = cut("So it began: " + clause * 12, size=7)
    assert "".join(pieces) == ("So it began: " + clause * 12).rstrip()
    assert all(len(piece) <= 220 for piece in pieces)
    assert all(piece.startswith(" and") for piece in pieces[1:])


def test_an_address_stays_in_one_piece_and_endless_letters_do_not():
    address = "https://example.com/" + "a" * 400
    assert cut(f"It is at {address} for you and for all of your friends.", size=3) == [
        f"It is at {address}",
        " for you and for all of your friends.",
    ]
    assert [len(piece) for piece in cut("x" * 2500)] == [1000, 1000, 500]
    assert all(len(piece) <= 60 for piece in cut("好" * 500, "zh"))


def test_an_accent_is_not_cut_from_its_letter():
    assert cut("e\u0301" * 600)[0] == "e\u0301" * 500
    assert cut("x" + "e\u0301" * 600)[0] == "x" + "e\u0301" * 499


def test_white_space_alone_is_no_piece():
    assert cut("") == []
    assert cut(" \n\n ", size=1) == []
    assert cut("\n Yes. \n") == ["\n Yes."]


ALPHABET = f"aaaab1  .?!…,;:\"'”)A\n{SURE_ENDS[:2]}，”的\u0301\u200d"


@pytest.mark.parametrize("tag", known_languages())
@given(data=st.data())
def test_however_text_arrives_the_pieces_are_the_same_and_nothing_is_lost(tag, data):
    words = st.sampled_from(["und", "and", "z. B.", "Dr.", "3.50", "22. Mai", "3. ", "https://a.bc/d", ", ", " " * 30])
    chunks = data.draw(st.lists(st.text(ALPHABET, max_size=30) | words, max_size=60))
    text = "".join(chunks)
    cutter = SentenceCutter(language_for(tag))
    pieces = [piece for chunk in chunks for piece in cutter.feed(chunk)] + cutter.end()
    assert pieces == cut(text, tag)
    assert "".join(pieces) == text.rstrip()
    assert all(piece.strip() and len(piece.strip()) <= 1016 for piece in pieces)


@pytest.mark.parametrize("tag", known_languages())
@given(data=st.data())
def test_the_end_of_a_sentence_is_never_missed(tag, data):
    """Pieces are sentences or parts of one: the cutter agrees with the rules of the language about every end."""
    text = data.draw(st.text(ALPHABET, max_size=400))
    language = language_for(tag)
    ends, at = set(), 0
    for sentence in sentences(text, language):
        at = text.index(sentence, at) + len(sentence)
        ends.add(at)
    found, at = set(), 0
    for piece in cut(text, tag):
        at += len(piece)
        found.add(at)
    assert ends <= found
