from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceloop.dgrid.sse import LONGEST, TooLongError
from voiceloop.dgrid.transcript import Segment, SegmentCame, TextGrew, Transcription
from voiceloop.dgrid.transcript_events import TranscriptReader

EVENTS = "text/event-stream; charset=utf-8"


def event(raw):
    return f"data: {json.dumps(raw, ensure_ascii=False)}\n\n".encode()


def delta(text):
    return event({"type": "transcript.text.delta", "delta": text})


def done(text, **more):
    return event({"type": "transcript.text.done", "text": text, **more})


DONE = b"data: [DONE]\n\n"
USAGE = {"type": "tokens", "input_tokens": 31, "output_tokens": 5, "total_tokens": 36}


def told(*chunks, asked="json", content_type=EVENTS):
    reader = TranscriptReader(asked, content_type)
    news = [delta for chunk in chunks for delta in reader.feed(chunk)] + reader.end()
    return reader, news


def grown(news):
    return "".join(delta.text for delta in news if isinstance(delta, TextGrew))


def cuts(body):
    """A body in two pieces, cut at every byte, and byte by byte."""
    yield from ((body[:at], body[at:]) for at in range(len(body) + 1))
    yield [body[at : at + 1] for at in range(len(body))]


# Upstream's events


@pytest.mark.parametrize("content_type", [EVENTS, "application/json", ""])
@pytest.mark.parametrize("last", [b"", DONE])
def test_text_in_deltas_wherever_they_are_cut(content_type, last):
    body = (
        b": PING\n\n" + delta("turn on ") + delta("das Licht über 余") + done("Turn on das Licht über 余.", usage=USAGE)
    )
    for chunks in cuts(body + last):
        reader, news = told(*chunks, content_type=content_type)
        assert grown(news) == "turn on das Licht über 余"
        assert reader.transcription.text == "Turn on das Licht über 余."
        assert reader.transcription.usage.input_tokens == 31
        assert (reader.ended, reader.transcription.truncated, reader.complaint) == (True, False, None)


def test_each_event_is_news_as_soon_as_it_is_there():
    reader = TranscriptReader("json", EVENTS)
    assert reader.feed(delta("turn ")) == [TextGrew("turn ")]
    assert reader.feed(delta("on")[:-1]) == []
    assert reader.feed(b"\n") == [TextGrew("on")]


def test_speakers_come_in_segments():
    said = {"type": "transcript.text.segment", "id": "seg_1", "start": 0.0, "end": 1.0, "speaker": "A", "text": " Hi."}
    reader, news = told(delta("Hi."), event(said), done("Hi."), asked="diarized_json")
    segment = Segment(text="Hi.", start_s=0.0, end_s=1.0, speaker="A", id="seg_1")
    assert news == [TextGrew("Hi."), SegmentCame(segment)]
    assert reader.transcription == Transcription(text="Hi.", segments=[segment])


def test_silence_has_no_text():
    reader, news = told(done(""))
    assert (news, reader.transcription) == ([], Transcription(text=""))


def test_the_deltas_stand_where_the_last_event_has_no_text():
    reader, _ = told(delta(" Hi. "), event({"type": "transcript.text.done"}))
    assert reader.transcription == Transcription(text="Hi.")


def test_events_without_their_last_one_are_truncated():
    reader, _ = told(delta("turn "), delta("on"))
    assert reader.transcription == Transcription(text="turn on", truncated=True)


@pytest.mark.parametrize(
    "frame", [event({"error": {"message": "no more"}}), b'event: error\ndata: {"message":"no more"}\n\n']
)
def test_an_error_among_events_is_a_complaint_and_the_text_before_it_is_kept(frame):
    reader, news = told(delta("turn "), frame)
    assert (grown(news), reader.complaint["error"]["message"]) == ("turn ", "no more")


def test_events_of_no_known_kind_are_left_out():
    odd = event({"type": "transcript.text.guess", "text": "tern"}) + event({"type": "x"}) + event([1]) + b"data: {\n\n"
    reader, news = told(odd + delta("turn") + done("turn"))
    assert (grown(news), reader.transcription.text) == ("turn", "turn")


def test_an_event_of_more_than_10_mib_is_too_long():
    reader = TranscriptReader("json", EVENTS)
    reader.feed(b"data: " + b"A" * (LONGEST - len("data: ")))
    with pytest.raises(TooLongError):
        reader.feed(b"A")


# Other servers' events


def chunk(content, **more):
    return event({"object": "transcription.chunk", "choices": [{"delta": {"content": content}}], **more})


def test_events_in_the_form_of_chat():
    bill = event({"choices": [], "usage": {"prompt_tokens": 31, "completion_tokens": 5}})
    body = chunk("turn ") + chunk("on") + bill + DONE
    for chunks in cuts(body):
        reader, news = told(*chunks)
        assert (grown(news), reader.transcription.text) == ("turn on", "turn on")
        assert (reader.transcription.usage.output_tokens, reader.transcription.truncated) == (5, False)
    assert told(chunk("turn "))[0].transcription.truncated


@pytest.mark.parametrize("last", [b"", DONE])
def test_events_that_are_segments(last):
    first, second = {"start": 0.0, "end": 1.0, "text": "Turn on."}, {"start": "1", "end": 2, "text": "Thanks."}
    reader, news = told(event(first) + event({**second, "start": 1.0}) + last)
    assert grown(news) == reader.transcription.text == "Turn on. Thanks."
    assert [segment.end_s for segment in reader.transcription.segments] == [1.0, 2.0]
    assert not reader.transcription.truncated


def test_events_that_are_answers_by_themselves():
    reader, news = told(event({"text": "Turn on."}) + event({"text": " Thanks."}) + event({"text": "Bye."}))
    assert grown(news) == reader.transcription.text == "Turn on. Thanks. Bye."


def test_events_that_are_bare_text():
    reader, news = told(b"data: Turn on.\n\ndata: 42\n\n" + DONE, asked="text")
    assert grown(news) == reader.transcription.text == "Turn on. 42"
    assert told(b"data: Turn on.\n\n", asked="json")[0].transcription is None


# Documents


@pytest.mark.parametrize("content_type", [EVENTS, "application/json", "text/plain", ""])
def test_one_document_is_news_all_at_once(content_type):
    body = json.dumps({"text": "Türen auf", "language": "german", "duration": 1.5}, ensure_ascii=False).encode()
    for chunks in cuts(body):
        reader, news = told(*chunks, content_type=content_type)
        assert news == [TextGrew("Türen auf")]
        assert reader.transcription == Transcription(text="Türen auf", language="german", duration_s=1.5)


def test_text_that_looks_like_events_is_text_where_text_was_asked_for():
    reader, news = told(b"data: the plural of datum\n", asked="text", content_type="text/plain")
    assert grown(news) == reader.transcription.text == "data: the plural of datum"


def test_a_document_that_complains():
    reader, news = told(b'{"success":false,"message":"no","text":"x"}', content_type="application/json")
    assert (reader.complaint["message"], reader.transcription, news) == ("no", None, [])


@pytest.mark.parametrize("content_type", [EVENTS, "application/json"])
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"<html>Hi.</html>", b": PING\n\n", DONE, b'data: {"type":"x"}\n\n']
)
def test_nothing_of_speech(body, content_type):
    reader, news = told(body, content_type=content_type)
    assert (reader.transcription, news) == (None, [])


# Anything

ODDS = [
    b"data: ",
    b"event: error\n",
    b"\n\n",
    b"\r\n",
    b"{",
    b"}",
    delta("x"),
    done("x"),
    DONE,
    chunk("x"),
    b"null",
    b"7",
    event({"start": 0, "end": 1, "text": "x"}),
    event({"text": 7, "segments": [None, {"text": 3, "words": [{}]}]}),
    event({"type": "transcript.text.done", "languages": [None, {}], "usage": {"seconds": "x"}}),
    b'{"error":0}',
    b'{"text":1e999,"duration":"1e400"}',
    "余".encode()[:2],
    b"<html>",
    b": PING\n\n",
]


@given(
    odds=st.lists(st.sampled_from(ODDS) | st.binary(max_size=9), max_size=12),
    content_type=st.sampled_from([EVENTS, "application/json", "text/plain", ""]),
    asked=st.sampled_from(["json", "text", "srt"]),
    place=st.floats(0, 1),
)
@settings(deadline=None, derandomize=True, max_examples=300)
def test_nothing_is_too_odd_and_no_cut_changes_it(odds, content_type, asked, place):
    body = b"".join(odds)
    at = int(place * len(body))
    once, news = told(body, asked=asked, content_type=content_type)
    twice, cut = told(body[:at], body[at:], asked=asked, content_type=content_type)
    assert news == cut
    assert (once.transcription, once.complaint, once.ended) == (twice.transcription, twice.complaint, twice.ended)
