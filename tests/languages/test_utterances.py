from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceloop.languages.shelf import known_languages, language_for
from voiceloop.languages.utterances import assents, is_backchannel, normalised, only_sounds, refuses, stops, trails_off


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "Yes!"), ("en", "Yes, yes please."), ("en", "oh yeah"), ("en", "That is right."), ("en", "Go ahead"),
        ("de", "Ja, bitte!"), ("de", "na klar"), ("de", "Das stimmt."), ("zh", "好的。"), ("zh", "是的，谢谢"),
        ("ar", "نعم، من فضلك"), ("es", "Sí, por favor."), ("es", "Claro que sí."), ("es", "¡Vale, vale!"),
        ("fr", "Oui, s\u2019il vous plaît."), ("fr", "D\u2019accord."), ("fr", "Vas-y !"),
    ],
)  # fmt: skip
def test_a_yes_and_nothing_else_assents(tag, text):
    assert assents(text, language_for(tag))
    assert not refuses(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "yes but not today"), ("en", "yesterday"), ("en", "yes no"), ("en", "please"), ("en", ""),
     ("en", "okaythen"), ("de", "ja aber"), ("de", "jaja nein"), ("zh", "好人"), ("zh", "请"), ("ar", "نعم لكن غدا"),
     ("es", "sí pero hoy no"), ("es", "por favor"), ("fr", "oui mais pas ce soir"), ("fr", "bien sûr que non")],
)  # fmt: skip
def test_anything_more_or_less_does_not(tag, text):
    assert not assents(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "No, thanks."), ("en", "Don\u2019t do it!"), ("de", "Nein danke."), ("de", "Lieber nicht"),
     ("zh", "不要了"), ("ar", "لا شكرا"), ("es", "No, gracias."), ("es", "¡Claro que no!"), ("fr", "Non, merci."),
     ("fr", "Bien sûr que non.")],
)  # fmt: skip
def test_a_no_refuses(tag, text):
    assert refuses(text, language_for(tag))
    assert not assents(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "No, stop!"), ("en", "okay stop it please"), ("de", "Stopp, hör auf!"), ("zh", "别说了"), ("ar", "توقف"),
     ("es", "¡No, para, por favor!"), ("es", "Vale, ya basta."), ("fr", "Non, arrêtez !"), ("fr", "Tais-toi.")],
)  # fmt: skip
def test_a_stop_may_have_a_yes_or_no_before_it(tag, text):
    assert stops(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "no"), ("en", "yes"), ("en", "do not stop"), ("en", "stop the timer"), ("en", ""), ("es", "no pares"),
     ("es", "para el temporizador"), ("fr", "n\u2019arrête pas"), ("fr", "une minute")],
)  # fmt: skip
def test_what_says_no_stop_stops_nothing(tag, text):
    assert not stops(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "Mm-hm."), ("en", "Uh-huh, okay"), ("de", "Ach so, verstehe."), ("zh", "嗯嗯嗯"), ("ar", "طيب"),
     ("es", "Ajá, claro."), ("es", "Ya, ya veo."), ("fr", "Ah d\u2019accord, je vois."), ("fr", "Hum, hum. Voilà.")]
)  # fmt: skip
def test_a_sign_of_listening_is_a_backchannel(tag, text):
    assert is_backchannel(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "Mm-hm, and then?"), ("en", "wait"), ("en", ""), ("en", "okay so what time is it"), ("es", "Ya, ¿y luego?"),
     ("fr", "D\u2019accord, et après ?")],
)  # fmt: skip
def test_a_question_is_no_backchannel(tag, text):
    assert not is_backchannel(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "I would like to"), ("en", "um"), ("en", "set a timer for"), ("de", "ich möchte, äh"),
     ("zh", "我想要那个"), ("ar", "أريد أن أذهب إلى"), ("es", "Quiero, este..."), ("es", "es que, o sea"),
     ("es", "una mesa para"), ("fr", "Je voudrais, euh..."), ("fr", "du coup"), ("fr", "et puis alors")],
)  # fmt: skip
def test_who_trails_off_has_more_to_say(tag, text):
    assert trails_off(text, language_for(tag))


@pytest.mark.parametrize(
    ("tag", "text"),
    [("en", "what time is it"), ("en", ""), ("de", "wie spät ist es"), ("zh", "你好"), ("es", "¿Qué hora es?"),
     ("es", "¿Qué es esto?"), ("fr", "Quelle heure est-il ?"), ("fr", "C\u2019est bon.")],
)  # fmt: skip
def test_who_ends_has_ended(tag, text):
    assert not trails_off(text, language_for(tag))


def test_normalised_text_has_no_marks_case_or_odd_apostrophes():
    assert normalised("  Don\u2019t \u2014 STOP_it!! ") == "don't stop it"
    assert normalised("U\u0308BER") == "über"


@given(st.sampled_from(known_languages()), st.text(alphabet="嗯好是yesnojaau m,.نعم", max_size=200))
def test_nothing_takes_long_or_breaks(tag, text):
    for classify in (assents, refuses, stops, is_backchannel, trails_off):
        assert classify(text, language_for(tag)) in (True, False)


@pytest.mark.parametrize(
    "text",
    ["Ha ha ha!", "HAHAHA", "Hehehehe", "Hah-hah-hah-", "Bwahaha", "jajaja", "哈哈哈", "Ow!", "Ugh!", "AHH", "Ouch.",
     "P-P-P-P", "Aaaaaaah"],
)  # fmt: skip
def test_a_laugh_a_groan_and_a_cough_are_sounds(text):
    assert only_sounds(text)


@pytest.mark.parametrize(
    "text", ["", "Hi!", "he", "Hey!", "No no no.", "how", "hello", "too", "5 5 5 5", "ha ha stop", "uh-huh", "is"]
)
def test_words_are_none(text):
    assert not only_sounds(text)
