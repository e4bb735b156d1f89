"""No click where sound is stopped and goes on: what the card gets, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest

from devices.fakespeaker import RATES, Speaker, tone


def clicks(pcm):
    """The sharpest corner: a tone of 500 Hz and a ramp of 4 ms have 80, sound cut off in the middle thousands."""
    return np.abs(np.diff(np.frombuffer(pcm, np.int16).astype(int), 2)).max()


def say(speaker, rate_hz, phase):
    said = tone(rate_hz, 0.5)[int(phase * rate_hz / 500) :]
    speaker.ledger.put("r", "i", 0, np.concatenate((np.zeros(rate_hz // 100, np.int16), said)).tobytes())
    speaker.feed.top_up()
    return b"".join(speaker.callback()[0] for _ in range(10))


@pytest.mark.parametrize("rate_hz", [*RATES, 48_000])
@pytest.mark.parametrize("phase", [0.0, 0.25, 0.6])
def test_a_pause_and_going_on_make_no_click_and_skip_nothing(rate_hz, phase):
    speaker = Speaker(rate_hz)
    card = say(speaker, rate_hz, phase)[960:]
    before = speaker.ledger.queued_ms
    speaker.ledger.pause()
    card += b"".join(speaker.callback()[0] for _ in range(10))
    assert not card[-960:].strip(b"\0")
    assert speaker.ledger.queued_ms == before
    speaker.ledger.resume()
    card += b"".join(speaker.callback()[0] for _ in range(10))
    assert clicks(card[2000:]) < 150, "the tone's own beginning apart"
    assert np.abs(np.frombuffer(card, np.int16)[-480:]).max() > 7900, "it goes on in full"


@pytest.mark.parametrize("rate_hz", [*RATES, 48_000])
@pytest.mark.parametrize("phase", [0.0, 0.25, 0.6])
def test_an_interruption_makes_no_click_and_is_silent_4_ms_later(rate_hz, phase):
    speaker = Speaker(rate_hz)
    card = say(speaker, rate_hz, phase)
    speaker.ledger.flush()
    speaker.feed.flush(speaker.ledger.generation)
    speaker.feed.top_up()
    after = b"".join(speaker.callback()[0] for _ in range(5))
    assert clicks((card + after)[-8000:]) < 150
    assert not after[2 * 193 :].strip(b"\0")
