from __future__ import annotations

import pytest

from voiceloop.dgrid.chat_answer import Stop
from voiceloop.dgrid.completions_reading import CompletionReader, Continued, TokenLogprobs


def read(*choices):
    reader = CompletionReader()
    reader.take({"choices": list(choices)})
    return reader


def test_probabilities_of_several_chunks_are_joined():
    reader = CompletionReader()
    for place, word in enumerate("ab"):
        told = {"tokens": [word], "token_logprobs": [-1.5], "top_logprobs": [{word: -1.5}], "text_offset": [place]}
        reader.take({"choices": [{"text": word, "logprobs": told}]})
    (one,) = reader.completion("").continuations
    assert one.logprobs == TokenLogprobs(
        tokens=("a", "b"), logprobs=(-1.5, -1.5), top=({"a": -1.5}, {"b": -1.5}), offsets=(0, 1)
    )


def test_odd_probabilities_are_no_numbers():
    told = {"tokens": [1], "token_logprobs": [None, True], "top_logprobs": [None, {"a": "x"}], "text_offset": ["?"]}
    (one,) = read({"text": "a", "logprobs": told}).completion("").continuations
    assert one.logprobs == TokenLogprobs(tokens=("1",), logprobs=(None, None), top=({}, {}), offsets=(0,))


@pytest.mark.parametrize("logprobs", [None, {}, {"tokens": []}, 7])
def test_nothing_told_is_none(logprobs):
    assert read({"text": "a", "logprobs": logprobs}).completion("").continuations[0].logprobs is None


@pytest.mark.parametrize(
    ("reason", "stop"),
    [("stop", Stop.END), ("LENGTH", Stop.LENGTH), ("content_filter", Stop.FILTERED), ("odd", Stop.OTHER),
     (None, Stop.TRUNCATED)],
)  # fmt: skip
def test_why_a_text_ends(reason, stop):
    assert read({"text": "a", "finish_reason": reason}).completion("").continuations[0].stop is stop


def test_the_marker_ends_what_has_no_reason():
    reader = read({"text": "a"}, {"text": "b", "index": 1, "finish_reason": "length"})
    assert not reader.stopped
    reader.close()
    assert [one.stop for one in reader.completion("").continuations] == [Stop.END, Stop.LENGTH]


def test_only_tokens_tell_that_no_other_text_begins():
    reader = read({"text": "a", "finish_reason": "stop"})
    assert reader.stopped
    assert not reader.complete
    assert reader.take({"usage": {"prompt_tokens": 1}}) == []
    assert reader.complete


def test_an_empty_text_is_a_text():
    reader = CompletionReader()
    assert reader.take({"choices": [{"text": "", "finish_reason": "stop"}]}) == []
    assert reader.began
    assert reader.take({"choices": [{"text": "x"}]}) == [Continued(0, "x")]


@pytest.mark.parametrize(
    "raw", [None, [], "x", {}, {"choices": None}, {"choices": [None]}, {"choices": [{"index": 1e9}]}]
)
def test_what_is_no_chunk_adds_nothing(raw):
    reader = CompletionReader()
    assert reader.take(raw) == []
    assert not reader.began
    assert not reader.stopped
