"""The ruler itself: texts that are the same words, texts that are not, and recordings made for the purpose."""

from __future__ import annotations

import json

import numpy as np
import pytest

from journeys.real.listening import RECORDING_HZ, Recording, likeness_db, word_distance, word_error_rate, words
from journeys.real.talking import Held, Journey
from voiceloop.tools.spoken import parse_number


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("It is 6:50 PM.", "it is six fifty p.m."),
        ("It is 6:50 PM.", "It is 650pm"),
        ("It is 7:00 PM.", "It's 7 p.m.".replace("It's", "It is")),
        ("It is 6:05 AM.", "It is 6.05 a.m."),
        ("The answer is 84.", "the answer is eighty-four"),
        ("Timer set for 5 minutes.", "Timer set for five minutes"),
        ("Order 1,234 leaves.", "order 1234 leaves"),
        ("A story.", "a story"),
        ("Don\u2019t.", "don't"),
    ],
)
def test_the_same_words_written_differently_are_the_same(said, written):
    assert words(said) == words(written)
    assert word_error_rate(said, written) == 0


@pytest.mark.parametrize(
    ("said", "written", "distance"),
    [
        ("It is 6:50 PM.", "It is 6:51 PM.", 1),
        ("one two cats", "", 2),
        ("the boats came home", "the boats home", 1),
        ("home", "they came home again", 3),
        ("", "", 0),
    ],
)
def test_other_words_are_counted(said, written, distance):
    assert word_distance(said, written) == distance


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("It is 4:50 AM.", "It is for 50 AM."),
        ("It is 4:59 PM.", "It is for 59pm."),
        ("It is 2:45 PM.", "It is too 45 p.m."),
        ("It is 8:30 AM.", "It is ate 30 AM."),
        ("It is 5:38 PM.", "It is 5.30 at PM."),
        ("It is 2:52 AM.", "It is 250 2 am."),
        ("It is 4:52 AM.", "It is 4502am."),
        ("It is 12:02 AM.", "It is 1202am."),
        ("It is 12:08 PM.", "It is 12.8 pm."),
        ("It is 5:05 AM.", "It is five oh five AM."),
        ("It is 12:09 PM.", "It is twelve o nine PM."),
        ("Timer set for 5 minutes.", "Timer set for 5 minutes."),
    ],
)
def test_a_digit_may_be_heard_as_a_word_that_sounds_like_it(said, heard):
    assert word_error_rate(said, heard) == 0


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("It is 4:50 AM.", "It is for 51 AM."),
        ("It is 4:50 AM.", "It is to 50 AM."),
        ("It is 4:50 AM.", "It is for 50 PM."),
        ("It is 4:50 AM.", "It is 50 AM."),
        ("It is 5:05 AM.", "It is 5:15 AM."),
        ("It is 12:09 PM.", "It is 12:90 PM."),
        ("It is 12:10 PM.", "It is 12.1 PM."),
        ("It is 2:52 AM.", "It is 250 3 am."),
        ("It is 4:52 AM.", "It is 4503am."),
        ("It is 5:30 PM.", "It is 5.30 at PM."),
        ("Timer set for 5 minutes.", "Timer set 45 minutes."),
        ("It is for them.", "It is 4 them."),
    ],
)
def test_another_time_is_another_time_however_it_is_written(said, heard):
    assert word_error_rate(said, heard) > 0.15


def test_numbers_are_read_as_people_say_them():
    assert words("two hundred and five") == [str(parse_number(["two", "hundred", "and", "five"]))]


def test_sound_is_found_to_the_sample():
    right = np.zeros(RECORDING_HZ, np.int16)
    right[2_400:4_800] = 1
    right[3_000:3_600] = 0
    recording = Recording(right, right)
    assert recording.sounding(0.0, 1.0) == (0.1, 0.2)
    assert recording.sounding(0.125, 0.15) is None
    assert recording.longest_silence_s(0.0, 1.0) == 601 / RECORDING_HZ


def test_the_last_block_of_a_stopped_reply_is_its_own_when_the_next_one_follows_at_once(tmp_path):
    lines = [
        {"event": event, "reply_id": reply_id, "t": t}
        for event, reply_id, t in [
            ("agent_speech_started", "r1", 1.66),
            ("agent_speech_stopped", "r1", 6.599),
            ("agent_speech_started", "r2", 6.66),
            ("agent_speech_stopped", "r2", 7.5),
        ]
    ]
    (tmp_path / "transcript.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    right = np.zeros(8 * RECORDING_HZ, np.int16)
    right[round(1.66 * RECORDING_HZ) : round(6.6 * RECORDING_HZ)] = 1
    right[round(6.65 * RECORDING_HZ) : round(7.5 * RECORDING_HZ)] = 1
    recording = Recording(right, right)
    held = Held(Journey(), tmp_path, 0, "", "")
    held.recording = recording
    assert recording.sounding(*held.stretch_of("r1")) == (1.66, 6.6)
    assert recording.sounding(*held.stretch_of("r2")) == (6.65, 7.5)


def test_a_shifted_signal_is_not_alike():
    tone = np.sin(np.arange(RECORDING_HZ) / 10) * 8_000
    assert likeness_db(tone, tone + 1) > 60
    assert likeness_db(tone, np.roll(tone, 10)) < 5
