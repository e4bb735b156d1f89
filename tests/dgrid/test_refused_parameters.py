from __future__ import annotations

import pytest

from voiceloop.dgrid.failures import Failure, Kind
from voiceloop.dgrid.refused_parameters import RefusedParameters, refused_parameter

SENT = ("model", "messages", "temperature", "max_tokens", "seed", "top_p", "stop", "stream_options")
USE = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."


def refusal(message="", code="", param="", kind=Kind.REFUSED):
    return Failure(kind, message, 400, code, param)


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (refusal(USE, "unsupported_parameter", "max_tokens"), "max_tokens"),
        (refusal(USE, "invalid_request_body"), "max_tokens"),
        (refusal("'temperature' does not support 0.2 here.", "unsupported_value", "temperature"), "temperature"),
        (refusal("", "unsupported_value", "temperature"), "temperature"),
        (refusal("temperature: Extra inputs are not permitted"), "temperature"),
        (refusal("body.seed: Extra inputs are not permitted", "extra_forbidden", "seed"), "seed"),
        (refusal("`temperature` is deprecated for this model."), "temperature"),
        (refusal("`top_p` and `temperature` cannot both be specified for this model."), "top_p"),
        (refusal('Invalid JSON payload received. Unknown name "seed": Cannot find field.'), "seed"),
        (refusal("Unrecognized request argument supplied: stream_options"), "stream_options"),
        (refusal("Unsupported: top_p, temperature"), "top_p"),
    ],
)  # fmt: skip
def test_a_parameter_that_a_model_does_not_know(failure, name):
    assert refused_parameter(failure, SENT) == name


@pytest.mark.parametrize(
    "failure",
    [
        refusal("temperature must be at most 2", "invalid_value", "temperature"),
        refusal("temperature: Input should be less than or equal to 1"),
        refusal("Unsupported parameter: 'stop'", "unsupported_parameter", "stop"),
        refusal("Unsupported parameter: 'model'", "unsupported_parameter", "model"),
        refusal("Unsupported parameter: 'logit_bias'", "unsupported_parameter", "logit_bias"),
        refusal("this model is deprecated"),
        refusal("Unknown name temperatures"),
        refusal(USE, "unsupported_parameter", "max_tokens", Kind.SERVER_FAULT),
        refusal(USE, "unsupported_parameter", "max_tokens", Kind.BAD_MODEL),
    ],
)
def test_a_refusal_of_something_else(failure):
    assert refused_parameter(failure, SENT) is None


def test_what_a_model_refused_is_left_out_for_that_model_alone():
    memory = RefusedParameters()
    assert memory.learn("a", refusal("unknown seed"), SENT) == "seed"
    assert memory.without("a", {"model": "a", "seed": 1, "top_p": 1}) == {"model": "a", "top_p": 1}
    assert memory.without("b", {"model": "b", "seed": 1}) == {"model": "b", "seed": 1}
    assert memory.learn("b", refusal("no"), SENT) is None


def test_a_limit_goes_by_its_other_name_until_that_is_refused_too():
    memory = RefusedParameters()
    memory.learn("a", refusal(USE), SENT)
    assert memory.without("a", {"max_tokens": 5}) == {"max_completion_tokens": 5}
    assert memory.without("a", {"max_tokens": 5, "max_completion_tokens": 6}) == {"max_completion_tokens": 6}
    memory.learn("a", refusal("unknown max_completion_tokens"), ["max_completion_tokens"])
    assert memory.without("a", {"max_tokens": 5, "max_completion_tokens": 6}) == {}


@pytest.mark.parametrize(
    "failure",
    [
        refusal("not for this model", "unsupported_value", "include[]"),
        refusal("not for this model", "unsupported_value", "include[0]"),
        refusal("include[] is not compatible with model 'x'"),
    ],
)
def test_another_family_has_other_parameters_and_lists_in_brackets(failure):
    assert refused_parameter(failure, ["include", "temperature"], ("include",)) == "include"
    assert refused_parameter(refusal("unknown temperature"), ["include", "temperature"], ("include",)) is None
    memory = RefusedParameters(("include",))
    memory.learn("a", failure, ["include"])
    assert memory.without("a", {"include": ["x"], "temperature": 1}) == {"temperature": 1}
