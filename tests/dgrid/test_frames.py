"""What ends an answer: its marker, its server, its connection, or patience."""

from __future__ import annotations

import pytest

from dgrid.asker import POST, Told, refusal
from voiceloop.dgrid.chat_answer import Gathering, Stop
from voiceloop.dgrid.client import Answer
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.frames import frames, whole_frames
from voiceloop.vocabulary import Usage

pytestmark = pytest.mark.real

ONE, TWO, NAMED = b'data: {"n":1}\n\n', b'data: {"n":2}\n\n', b"event: ping\ndata: {}\n\n"
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error":{"message":"slow down","type":"rate_limit_error"}}\n\n'


def whole(body):
    gathered = Gathering()
    return list(whole_frames(Told(), Answer(200, {}, body, "req_1"), gathered)), gathered


async def streamed(*pieces, gathered=None, ends="well"):
    """The frames of a stream; each is the beginning of an answer."""
    gathered, found = gathered or Gathering(), []
    client = Told(*pieces, ends=ends)
    async with client.stream(POST) as answer:
        async for frame in frames(client, answer, gathered):
            gathered.began = True
            found.append(frame)
    return found


def stopped(**more):
    gathered = Gathering()
    gathered.stop = Stop.END
    for name, value in more.items():
        setattr(gathered, name, value)
    return gathered


def test_an_object_is_one_frame():
    assert whole(b'{"n":1}')[0] == [({"n": 1}, "")]


def test_events_are_frames_with_their_names_until_the_marker():
    found, gathered = whole(ONE + NAMED + DONE + TWO)
    assert found == [({"n": 1}, ""), ({}, "ping")]
    assert gathered.closed


async def test_a_stream_has_the_same_frames():
    assert await streamed(ONE, NAMED, DONE, TWO) == whole(ONE + NAMED + DONE)[0]


async def test_a_stream_is_left_once_nothing_is_missing():
    assert await streamed(ONE, gathered=stopped(usage=Usage()), ends="never") == []


async def test_a_complaint_is_raised():
    assert (await refusal(streamed(ONE, ERROR))).kind is Kind.RATE_LIMITED


async def test_a_connection_that_breaks_ends_what_began_and_fails_what_did_not():
    assert await streamed(ONE, ends="cut") == [({"n": 1}, "")]
    assert (await refusal(streamed(ends="cut"))).kind is Kind.DROPPED


@pytest.mark.parametrize("ends", ["never", "cut"])
async def test_figures_are_not_waited_for_without_end(monkeypatch, ends):
    monkeypatch.setattr("voiceloop.dgrid.frames.FIGURES_WITHIN_S", 0.01)
    assert await streamed(ONE, gathered=stopped(), ends=ends) == [({"n": 1}, "")]
