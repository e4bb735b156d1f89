from __future__ import annotations

import pytest

from voiceloop.engines.services.uploads import wav_of
from voiceloop.testing.numbers import numbered, runs
from voiceloop.testing.resampled import SPOKEN_HZ, numbered_again
from voiceloop.testing.spans import Span, spans_of

WAV_HEAD = 44
MS = SPOKEN_HZ // 1000
TOLD = (Span(0, 1000 * MS), Span(1000 * MS, 5000 * MS), Span(5000 * MS, 5900 * MS))


def uploaded(*pieces):
    """Numbered spans, and silence in ms, as REST services send them, numbered again."""
    pcm = b"".join(bytes(2 * MS * each) if isinstance(each, int) else numbered(each.first, each.end - each.first)
                   for each in pieces)  # fmt: skip
    return numbered_again(wav_of(pcm, SPOKEN_HZ)[WAV_HEAD:], 16_000, TOLD)


@pytest.mark.parametrize("told", TOLD)
def test_what_is_there_from_its_first_to_its_last_sample_is_exact(told):
    pcm, rate_hz = uploaded(300, told, 500)
    assert rate_hz == SPOKEN_HZ
    (run,) = runs(pcm)
    assert (run.number, run.samples) == (told.first, told.end - told.first)
    assert abs(run.at - 300 * MS) <= MS


@pytest.mark.parametrize(("first_ms", "end_ms"), [(0, 700), (200, 1000), (1000, 3130), (1770, 5000), (5000, 5333)])
def test_what_a_recording_cuts_is_known_to_half_a_millisecond(first_ms, end_ms):
    (span,) = spans_of(runs(uploaded(200, Span(first_ms * MS, end_ms * MS), 200)[0]))
    assert abs(span.first - first_ms * MS) <= MS / 2
    assert abs(span.end - end_ms * MS) <= MS / 2


def test_a_hole_in_speech_is_seen():
    hole = uploaded(200, Span(1000 * MS, 2000 * MS), Span(2300 * MS, 5000 * MS), 200)[0]
    first, second = spans_of(runs(hole))
    assert (first.first, second.end) == (1000 * MS, 5000 * MS)
    assert abs(first.end - 2000 * MS) <= 3 * MS
    assert abs(second.first - 2300 * MS) <= 3 * MS


def test_turns_with_silence_in_between():
    pcm, _ = uploaded(TOLD[0], 400, TOLD[2], 100)
    assert spans_of(runs(pcm)) == [TOLD[0], TOLD[2]]


def test_what_was_not_resampled_stays_as_it_is():
    pcm = bytes(960) + numbered(7, 16_000)
    assert numbered_again(pcm, 16_000, TOLD) == (pcm, 16_000)
    assert numbered_again(pcm, SPOKEN_HZ, TOLD) == (pcm, SPOKEN_HZ)
    silence = bytes(3_200)
    assert runs(numbered_again(silence, 16_000, TOLD)[0]) == []


def test_where_no_words_are_known_there_is_nothing_to_compare_with():
    pcm = wav_of(numbered(0, SPOKEN_HZ), SPOKEN_HZ)[WAV_HEAD:]
    assert numbered_again(pcm, 16_000, ()) == (pcm, 16_000)
