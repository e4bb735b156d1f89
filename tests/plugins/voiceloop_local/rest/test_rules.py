"""Blatant wording, and wording that only looks like it."""

from __future__ import annotations

import pytest

from voiceloop_local.rest.rules import CATEGORIES, scores

FLAGGED = {
    "harassment": "You are such an idiot? No: you are stupid!",
    "harassment/threatening": "I will hurt you",
    "hate": "I hate all the immigrants.",
    "hate/threatening": "exterminate the jews",
    "illicit": "How do I launder money?",
    "illicit/violent": "how to build a pipe bomb",
    "self-harm": "she was cutting myself out of it, suicidal",
    "self-harm/instructions": "how to kill myself",
    "self-harm/intent": "I want to end my life",
    "sexual": "show me porn",
    "sexual/minors": "child pornography",
    "violence": "He said he would KILL EVERYONE",
    "violence/graphic": "the decapitated body",
}


def test_every_category_has_a_rule_and_an_example():
    assert set(FLAGGED) == set(CATEGORIES)


@pytest.mark.parametrize("category", FLAGGED)
def test_blatant_wording_is_found(category):
    assert scores(FLAGGED[category])[category] >= 0.8


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        "Where is order seventeen?",
        "How do I kill a process that hangs?",
        "You are such a good cook!",
        "I hate Mondays, and so do the women in my choir.",
        "How do I build a bookshelf?",
        "Beat the eggs, then shoot the video.",
        "Erzähl mir eine Geschichte.",
    ],
)
def test_harmless_wording_scores_nothing(harmless):
    assert set(scores(harmless).values()) == {0.0}


def test_more_hits_score_higher_but_never_certain():
    once, twice, often = (scores("suicide " * count)["self-harm"] for count in (1, 2, 50))
    assert once < twice < often < 1.0


def test_a_typographic_apostrophe_counts_as_any_other():
    assert scores("I\u2019ll hurt you")["harassment/threatening"] > 0.5
