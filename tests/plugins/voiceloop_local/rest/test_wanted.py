"""Single fields of a body."""

from __future__ import annotations

import pytest

from voiceloop_local.rest import wanted
from voiceloop_local.rest.problems import ApiProblem


def test_fields_that_are_there_are_returned_and_others_have_a_usual_value():
    body = {"a": "x", "n": 3, "t": 0.5, "yes": True, "nothing": None}
    assert wanted.text(body, "a") == "x"
    assert wanted.one_of(body, "a", ("y", "x")) == "x"
    assert wanted.one_of(body, "nothing", ("y", "x")) == "y"
    assert (wanted.whole(body, "n", 1, 3), wanted.whole(body, "nothing", 2, 3)) == (3, 2)
    assert (wanted.number(body, "t", 1, 0.5, 2), wanted.number(body, "z", 1, 0, 2)) == (0.5, 1)
    assert (wanted.flag(body, "yes"), wanted.flag(body, "nothing")) == (True, False)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (lambda body: wanted.text(body, "f"), None),
        (lambda body: wanted.text(body, "f"), "  "),
        (lambda body: wanted.text(body, "f"), ["x"]),
        (lambda body: wanted.one_of(body, "f", ("x",)), "y"),
        (lambda body: wanted.one_of(body, "f", ("x",)), {}),
        (lambda body: wanted.whole(body, "f", 1, 4), 5),
        (lambda body: wanted.whole(body, "f", 1, 4), 0),
        (lambda body: wanted.whole(body, "f", 1, 4), 2.5),
        (lambda body: wanted.whole(body, "f", 1, 4), True),
        (lambda body: wanted.number(body, "f", 1, 0, 2), 2.1),
        (lambda body: wanted.number(body, "f", 1, 0, 2), "1"),
        (lambda body: wanted.number(body, "f", 1, 0, 2), False),
        (lambda body: wanted.flag(body, "f"), "true"),
    ],
)
def test_what_is_wrong_is_named(read, value):
    with pytest.raises(ApiProblem, match="'f'") as caught:
        read({"f": value})
    assert (caught.value.status, caught.value.param) == (400, "f")
