"""Which of a few short words was said, from all that Whisper takes for possible together."""

from __future__ import annotations

from math import inf, log

import pytest

from voiceloop.languages.shelf import english, language_for
from voiceloop_local.models.shortwords import LEAST, primer, settled


def heard(believed="", stop_least=LEAST, **likely):
    """What is gone by, after these shares of what may have been said; `_` is a blank."""
    shares = ((text.replace("_", " "), log(share)) for text, share in likely.items())
    return settled(shares, english(), believed, stop_least)


def test_the_words_of_a_kind_stand_together_against_all_else():
    assert heard(Stop=0.06, Wait=0.05, Bread=0.4, Cut=0.2, believed="Bread.") == "Stop"
    assert heard(Okay=0.03, Yeah=0.02, Bread=0.4, believed="Bread.") == "Okay"


def test_the_likelier_kind_wins():
    assert heard(Stop=0.2, Okay=0.15, Yeah=0.15) == "Okay"
    assert heard(Stop=0.2, No=0.2, Okay=0.3) == "Stop"


def test_other_words_that_are_far_likelier_stand():
    assert heard(Stop=0.004, Bread=0.9, believed="Bread.") == "Bread."
    assert heard(Okay=0.004, Bread=0.9, believed="Bread.") == "Bread."
    assert heard(Bread=0.9, believed="Bread.") == "Bread."


def test_a_noise_is_no_word():
    assert heard(Stop=0.03, Bread=0.03) == ""
    assert heard(Oh=0.6, Bread=0.2) == ""
    assert heard(Yeah=0.1, Bread=0.2) == ""
    assert heard() == ""


def test_where_somebody_speaks_for_certain_an_unlikely_word_stops_the_agent():
    assert heard(Stop=0.03, Bread=0.03, stop_least=-inf) == "Stop"
    assert heard(Stop=0.0003, Bread=0.03, stop_least=-inf) == ""


def test_a_word_that_nothing_speaks_against_is_heard_though_nothing_was_believed_before():
    assert heard(Basta=0.1, Stop=0.3, Bread=0.3) == "Stop"
    assert heard(Yeah=0.4, Bread=0.2) == "Yeah"


@pytest.mark.parametrize("tag", ["en", "de", "es", "fr", "zh", "ar"])
def test_every_language_has_words_to_expect(tag):
    language = language_for(tag)
    words = primer(language)
    assert words.lower().startswith(language.words.stop[0].lower())
    assert len(words) < 600
