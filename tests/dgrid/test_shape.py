"""Requests are taken strictly; neither requests nor answers change."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from voiceloop.dgrid.shape import AnswerShape, RequestShape


class Wish(RequestShape):
    n: int


class Found(AnswerShape):
    n: int


def test_a_request_with_an_unknown_name_is_refused_as_a_value():
    with pytest.raises(ValueError, match="size"):
        Wish(n=1, size=2)


@pytest.mark.parametrize("made", [Wish(n=1), Found(n=1)], ids=["request", "answer"])
def test_what_was_made_stays_as_it_is(made):
    with pytest.raises(ValidationError, match="frozen"):
        made.n = 2
