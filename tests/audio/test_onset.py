"""Where sound begins in a recording."""

import numpy as np
import pytest

from voiceloop.audio.onset import first_sound, loud_s

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
