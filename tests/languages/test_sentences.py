from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.languages.sentences import SURE_ENDS, SentenceStream, sentences
from voiceloop.languages.shelf import known_languages, language_for


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("en", ["One.", "Two!", "Three?"]),
        ("en", ['He said "no."', "Then he left."]),
        ("en", ["Dr. Smith met J. K. Rowling at 3.50 p.m. or so."]),
        ("en", ["It is so... quiet here.", "Yes."]),
        ("en", ["It was I.", "Then it ended."]),
        ("en", ["1. Open the door.", "2. Close it."]),
        ("en", ["The answer is 84.", "Anything else?"]),
        ("en", ["Ask Dr. Smith or J. Doe.", "Then go."]),
        ("en", ["Go to 10.0.0.1 now."]),
        (
            "de",
            ["Das ist z. B. Haus Nr. 5 am 22. November 2026.", "Es kostet 3.5 bzw. 3,50 Euro.", "Dr. Müller kommt."],
        ),
        ("de", ["Das Ergebnis ist 84.", "Noch etwas?"]),
        ("de", ["Er wohnt im 3. Stock.", "Sie auch!"]),
        ("de", ["Er sagte: „Nein.“", "Dann ging er."]),
        ("de", ["d. h. morgen, u. a. um 5."]),
        ("zh", ["你好。", "今天是3.5度吗？", "是的！", "“好。”", "然后呢"]),
        ("zh", ["我用 Python 3.", "很好。"]),
        ("ar", ["كيف حالك؟", "أنا بخير.", "شكرا!"]),
        ("es", ["¿Viene el Sr. López?", "¡Sí!", "Y la Dra. Ruiz, de EE. UU. también."]),
        ("es", ["¿Sra. Gil?", "Vive p. ej. en la Av. Juárez.", "Cuesta 1.200,50 euros.", "Fue en el 50 a. C. o así."]),
        ("es", ["Dijo: «No.»", "Luego se fue."]),
        ("fr", ["M. Dupont et Mme Durand pèsent env. 70 kg.", "Ça va ?", "Oui !", "Voir p. ex. le vol. 2."]),
        ("fr", ["Il a dit : «\u00a0Non.\u00a0»", "C'est ce qu'il y a.", "Puis il est parti."]),
        ("en", ["Mixed text。", "It ends there؟", "And here."]),
    ],
)
def test_sentences_end_where_people_end_them(tag, found):
    language = language_for(tag)
    text = " ".join(found) if language.sentences.spaced or "Python" in found[0] else "".join(found)
    assert list(sentences(text, language)) == found


def test_a_new_line_ends_a_sentence_and_white_space_is_none():
    language = language_for("en")
    assert list(sentences("a\nb\n\n  c  ", language)) == ["a", "b", "c"]
    assert list(sentences(" \n ", language)) == []


def test_a_sentence_is_given_out_when_the_next_one_begins():
    stream = SentenceStream(language_for("en"))
    assert list(stream.feed("Hello the")) == []
    assert list(stream.feed("re. How ")) == ["Hello there."]
    assert list(stream.feed("are you?")) == []
    assert list(stream.drain()) == ["How are you?"]
    assert list(stream.drain()) == []


def test_an_ideographic_end_waits_for_nothing_but_its_quotation_mark():
    stream = SentenceStream(language_for("zh"))
    assert list(stream.feed("他说：“好。")) == []
    assert list(stream.feed("”然")) == ["他说：“好。”"]
    assert list(stream.drain()) == ["然"]


def test_an_ordinal_waits_for_the_word_it_counts():
    stream = SentenceStream(language_for("de"))
    assert list(stream.feed("Am 22. Nov")) == []
    assert list(stream.feed("ember. Oder am 3. ")) == ["Am 22. November."]
    assert list(stream.feed("Montag")) == []
    assert list(stream.feed(" nicht.")) == ["Oder am 3."]
    assert list(stream.drain()) == ["Montag nicht."]


def test_a_decimal_holds_nothing_back():
    stream = SentenceStream(language_for("en"))
    assert list(stream.feed("It costs 3.50. You pay. Th")) == ["It costs 3.50.", "You pay."]


def test_what_may_belong_to_the_next_sentence_is_counted():
    stream = SentenceStream(language_for("en"))
    assert list(stream.feed("So. It is the 3. of them")) == ["So."]
    assert stream.unsettled == 0
    assert list(stream.feed(" all. No")) == ["It is the 3. of them all."]
    assert list(stream.feed("t the 3. On")) == []
    assert stream.unsettled == len(" On")


@pytest.mark.parametrize("tag", known_languages())
@given(data=st.data())
def test_however_text_arrives_the_sentences_are_the_same_and_no_word_is_lost(tag, data):
    alphabet = f'ab1 .?!…"A\n,{SURE_ENDS}”的'
    pieces = data.draw(st.lists(st.text(alphabet=alphabet, max_size=8), max_size=12))
    text = "".join(pieces)
    language = language_for(tag)
    stream = SentenceStream(language)
    found = [sentence for piece in pieces for sentence in stream.feed(piece)] + list(stream.drain())
    assert found == list(sentences(text, language))
    assert "".join("".join(found).split()) == "".join(text.split())
