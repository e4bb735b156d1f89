"""What is known of the blocks that the speaker got."""

from __future__ import annotations

import numpy as np

from devices.fakespeaker import Speaker, tone


def test_the_canceller_is_told_of_the_fade_that_the_card_plays():
    speaker = Speaker()
    speaker.speaks(tone(24_000, 1.0), blocks=10)
    speaker.ledger.pause()
    said = played = b""
    for _ in range(6):
        _, sent = speaker.callback()
        said, played = said + sent.pcm, played + sent.played
    raw, heard = np.frombuffer(said, np.int16).astype(float), np.frombuffer(played, np.int16).astype(float)
    end = np.flatnonzero(raw)[-1] + 1
    assert np.abs(raw[end - 96 : end]).max() > 1000, "it breaks off"
    assert np.abs(heard[end - 96 : end] - raw[end - 96 : end] * np.linspace(1, 0, 96)).max() < 200
    assert (heard[: end - 97] == raw[: end - 97]).all()
