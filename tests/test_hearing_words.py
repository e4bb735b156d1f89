"""How long silence ends a turn, as engines change that tell words early or not."""

from dataclasses import replace

import pytest

from test_hearing import FRAME, MANUAL, RATE, SPEECH, Ear
from voiceloop.clips import decode
from voiceloop.hearing import Hearing
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing


def test_words_are_waited_for_only_while_an_engine_listens_that_tells_them():
    endpointing = Endpointing(turn := TurnSettings(silence_ms=500))
    hearing = Hearing(RATE, turn, (events := []).append, endpointing)
    voice = bytes(RATE) + decode((SPEECH / "hello.wav").read_bytes(), RATE) + bytes(4 * RATE)
    ended_after = []
    for number, tells_words in enumerate((True, False)):
        hearing.connect(Ear().hear, replace(MANUAL, tells_words=tells_words), "")
        endpointing.model = None
        heard = len(events)
        for first in range(0, len(voice) // 2, FRAME):
            sample = number * len(voice) // 2 + first
            hearing.take(voice[2 * first : 2 * (first + FRAME)], sample)
            if len(events) == heard + 2:
                ended_after.append((sample + FRAME) / RATE - events[-1].at_s)
                heard = -1
        hearing.disconnect(0.0)
    assert ended_after == pytest.approx([1.4, 0.5], abs=0.03)
