"""Where sound begins in a recording."""

import numpy as np
import pytest

from voiceloop.audio.onset import Loudness, first_sound, loud_s

RATE = 1000
FRAME = 20


def pcm(*parts):
    """Parts of (milliseconds, root mean square) as a square wave."""
    return np.concatenate([np.resize([rms, -rms], ms) for ms, rms in parts]).astype(np.int16).tobytes()


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (((1000, 0),), None),
        (((1000, 29),), None),
        (((500, 0), (500, 2000)), 500),
        (((500, 0), (500, 31)), 500),
        (((500, 20), (500, 35)), None),
        (((500, 80), (500, 150)), None),
        (((500, 80), (500, 170)), 500),
        (((1000, 3000),), 0),
        (((490, 0), (500, 2000)), 480),
        (((19, 9000),), None),
        (((1000, 0), (19, 9000)), None),
    ],
    ids=[
        "silence",
        "hiss",
        "speech after silence",
        "a whisper after silence",
        "too little above the hiss",
        "a fan that wavers",
        "speech over a fan",
        "speech without a pause",
        "from the frame it begins in",
        "less than a frame",
        "a click at the end",
    ],
)
def test_sound_begins_where_it_is_louder_than_the_quiet_parts(parts, found):
    assert first_sound(pcm(*parts), RATE) == found


def test_nothing_has_no_beginning():
    assert first_sound(b"", RATE) is None


def test_seconds_of_somebody_who_speaks_nearby_are_counted():
    assert loud_s(pcm((500, 100), (300, 2000), (200, 100)), RATE) == pytest.approx(0.3)
    assert loud_s(b"", RATE) == 0.0


def anybody(*parts):
    """Which of these (milliseconds, root mean square), one after the other, are heard as somebody."""
    loudness = Loudness(RATE)
    return [loudness.anybody(pcm(part)) for part in parts]


def test_in_silence_a_soft_voice_is_somebody():
    assert anybody((300, 0), (300, 201), (300, 199)) == [False, True, False]


def test_in_noise_only_what_is_louder_than_it_is_somebody():
    assert anybody((300, 500), (300, 900), (300, 1100), (300, 500)) == [False, False, True, False]


def test_who_is_really_loud_is_somebody_however_long_he_speaks():
    assert anybody((4000, 3000), (1000, 3000)) == [True, True]


def test_noise_that_has_gone_is_forgotten():
    assert anybody((2000, 800), (3200, 300), (300, 700)) == [False, False, True]
