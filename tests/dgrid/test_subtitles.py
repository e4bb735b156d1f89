from __future__ import annotations

import pytest

from voiceloop.dgrid.subtitles import read_subtitles

SRT = "1\n00:00:00,000 --> 00:00:01,500\nTurn on\nthe light.\n\n2\n00:00:02,000 --> 01:00:03,250\nThanks.\n"
VTT = "WEBVTT\n\nNOTE by a machine\n\n00:00.000 --> 00:01.500 align:start\n<v Anna>Turn on</v> the light.\n"


def told(file):
    return [(segment.start_s, segment.end_s, segment.text) for segment in read_subtitles(file)]


@pytest.mark.parametrize("file", [SRT, SRT.replace("\n", "\r\n"), SRT.replace("\n", "\r"), f"\ufeff{SRT}", SRT.strip()])
def test_srt(file):
    assert told(file) == [(0.0, 1.5, "Turn on the light."), (2.0, 3_603.25, "Thanks.")]


def test_webvtt_with_its_notes_settings_and_tags():
    assert told(VTT) == [(0.0, 1.5, "Turn on the light.")]


def test_a_cue_without_words_says_nothing():
    assert told("1\n00:00:00,000 --> 00:00:01,000\n\n2\n00:00:01,000 --> 00:00:02,000\nHi.\n") == [
        (0.0, 1.0, ""),
        (1.0, 2.0, "Hi."),
    ]


def test_fractions_of_a_second_may_be_short():
    assert told("00:00:00.5 --> 00:00:01,25\nHi.\n") == [(0.5, 1.25, "Hi.")]


@pytest.mark.parametrize("file", ["", "WEBVTT", "no cue", "00:00 --> x\nHi.", "-->", "\n" * 10_000, " " * 10_000])
def test_what_is_no_cue_is_left_out(file):
    assert told(file) == []
