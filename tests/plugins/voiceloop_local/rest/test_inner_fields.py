"""Fields of a request say themselves what is wrong with them."""

import pytest

from voiceloop_local.rest.inner_fields import Node, arguments_object
from voiceloop_local.rest.problems import ApiProblem

BODY = {"a": [{"b": "x"}, {"c": 3}], "yes": True, "nothing": None}


def test_fields_know_where_they_stand():
    first, second = Node(BODY).at("a").list()
    assert (first.at("b").text(), first.at("b").path) == ("x", "a[0].b")
    assert second.at("c").count() == 3
    assert Node(BODY).at("b", "yes").flag()
    assert not Node(BODY).at("nothing")
    assert Node(BODY).at("nothing").text("default") == "default"


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        (lambda body: body.at("a").list()[1].at("b").text(), "a[1].b"),
        (lambda body: body.at("nothing").required(), "nothing"),
        (lambda body: body.at("a").text(), "a"),
        (lambda body: body.at("a").at("b"), "a"),
        (lambda body: body.at("yes").count(), "yes"),
        (lambda body: body.at("yes").list(), "yes"),
        (lambda body: body.at("a").flag(), "a"),
        (lambda body: body.at("a").mapping(), "a"),
        (lambda body: body.at("a").list()[0].at("b").one_of("y", "z"), "a[0].b"),
        (lambda body: body.at("a").list()[0].at("b").data(), "a[0].b"),
        (lambda body: Node({"n": 0}).at("n").count(), "n"),
        (lambda body: Node({"n": " "}).at("n").name(), "n"),
    ],
)
def test_a_field_that_is_wrong_is_named(wrong, param):
    with pytest.raises(ApiProblem) as problem:
        wrong(Node(BODY))
    assert (problem.value.status, problem.value.param) == (400, param)
    assert f"'{param}'" in problem.value.message


@pytest.mark.parametrize("written", ["-_8=", "+/8=", "-_8"])
def test_base64_comes_in_both_alphabets(written):
    assert Node(written).data() == b"\xfb\xff"


def test_arguments_are_an_object_or_an_error_of_the_model():
    assert arguments_object("lamp", "") == {}
    assert arguments_object("lamp", '{"on": true}') == {"on": True}
    for garbled in ("{", "[]", "[" * 100_000):
        with pytest.raises(ApiProblem, match="'lamp'") as problem:
            arguments_object("lamp", garbled)
        assert problem.value.status == 503
