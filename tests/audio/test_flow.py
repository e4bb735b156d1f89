"""Speech over the agent, followed frame by frame."""

import numpy as np

from voiceloop.audio.flow import Overheard, SpeechFlow
from voiceloop.vocabulary import Flow, FlowTimes

RATE = 16_000
FRAME = RATE // 50


def followed(pattern, times=FlowTimes()):  # noqa: B008 - frozen
    """What is told, and after how many milliseconds; each letter is 20 ms, `x` of them speech."""
    flow, told = SpeechFlow(RATE, times, 0), []
    for number, letter in enumerate(pattern, 1):
        found = flow.follow(number * FRAME, speech=letter == "x")
        if found is not None:
            told.append((found, number * 20))
    return told


def test_speech_that_goes_on_has_lasted_to_the_frame():
    assert followed("x" * 40) == [(Flow.LASTED, 600)]


def test_gaps_between_words_are_part_of_it():
    assert followed("xxxxx....." * 4) == [(Flow.LASTED, 620)]


def test_a_short_sound_is_followed_by_a_pause():
    assert followed("x" * 15 + "." * 30) == [(Flow.PAUSED, 600)]


def test_pauses_do_not_count():
    assert followed("x" * 15 + "." * 20 + "x" * 30) == [
        (Flow.PAUSED, 600),
        (Flow.WENT_ON, 720),
        (Flow.LASTED, 1020),
    ]


def test_what_has_lasted_is_followed_to_its_pauses():
    assert followed("x" * 40 + "." * 20 + "x" * 40) == [(Flow.LASTED, 600), (Flow.PAUSED, 1100), (Flow.WENT_ON, 1220)]


def test_over_an_echo_a_voice_is_told_late_and_has_holes():
    assert followed("xxxxx" + "." * 15 + "x" * 30, FlowTimes.over_echo(600)) == [(Flow.LASTED, 460)]


def tone(ms, level):
    rng = np.random.default_rng(1)
    return (rng.standard_normal(RATE * ms // 1000) * level).astype(np.int16).tobytes()


def overheard(*stretches, block_ms, onset_ms):
    """Stretches of (ms, level) in blocks; what is told, and when."""
    pcm = b"".join(tone(ms, level) for ms, level in stretches)
    listener, told = Overheard(RATE, FlowTimes(), RATE * onset_ms // 1000), []
    size = RATE * block_ms // 1000 * 2
    for start in range(0, len(pcm), size):
        end = (start + size) // 2
        told += [(flow, end * 1000 // RATE) for flow in listener.hear(pcm[start : start + size], end)]
        if told and told[-1][0] is Flow.LASTED:
            break
    return told


def test_loud_sound_after_the_onset_counts_in_blocks_of_any_size():
    for block_ms in (10, 20, 50):
        [(flow, at_ms)] = overheard((500, 20), (900, 3000), block_ms=block_ms, onset_ms=500)
        assert flow is Flow.LASTED
        assert 1100 <= at_ms <= 1150


def test_a_short_loud_sound_is_over_after_a_gap():
    [(flow, at_ms)] = overheard((500, 20), (300, 3000), (600, 20), block_ms=10, onset_ms=500)
    assert flow is Flow.PAUSED
    assert 1090 <= at_ms <= 1130
