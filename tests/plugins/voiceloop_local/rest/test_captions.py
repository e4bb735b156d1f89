"""What was heard, in every format."""

from __future__ import annotations

from voiceloop_local.rest.captions import (
    Recognition,
    Segment,
    in_json,
    in_srt,
    in_verbose_json,
    in_vtt,
    token_usage,
)

HEARD = Recognition(
    "transcribe",
    "de",
    3_725_500,
    [Segment(200, 2_340, "Wie spät ist es?"), Segment(3_661_001, 3_725_300, "Schon so spät.")],
)
NOBODY = Recognition("translate", "en", 900, [])


def test_the_short_form_has_all_words_and_the_duration():
    assert in_json(HEARD) == {
        "text": "Wie spät ist es? Schon so spät.",
        "usage": {"type": "duration", "seconds": 3725.5},
    }
    assert in_json(NOBODY)["text"] == ""


def test_the_long_form_tells_what_is_known_and_no_more():
    told = in_verbose_json(HEARD)
    assert (told["task"], told["language"], told["duration"]) == ("transcribe", "german", 3725.5)
    [first, second] = told["segments"]
    assert (first["id"], first["start"], first["end"], first["text"]) == (0, 0.2, 2.34, "Wie spät ist es?")
    assert (second["id"], second["start"], second["end"]) == (1, 3661.001, 3725.3)
    assert not {"avg_logprob", "no_speech_prob", "compression_ratio"} & first.keys()
    assert "words" not in told
    assert in_verbose_json(NOBODY)["segments"] == []


def test_captions_are_numbered_and_timed():
    assert in_srt(HEARD) == (
        "1\n00:00:00,200 --> 00:00:02,340\nWie spät ist es?\n\n2\n01:01:01,001 --> 01:02:05,300\nSchon so spät.\n"
    )
    assert in_srt(NOBODY) == ""
    assert in_vtt(HEARD) == (
        "WEBVTT\n\n00:00:00.200 --> 00:00:02.340\nWie spät ist es?\n\n01:01:01.001 --> 01:02:05.300\nSchon so spät.\n"
    )
    assert in_vtt(NOBODY) == "WEBVTT\n"


def test_a_stream_counts_tokens():
    usage = token_usage(Recognition("transcribe", "en", 1_950, [Segment(0, 1_950, "hello there")]))
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (20, 3, 23)
    assert usage["input_token_details"] == {"audio_tokens": 20, "text_tokens": 0}
