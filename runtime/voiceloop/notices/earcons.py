"""Short sounds made of a few tones, by plain arithmetic: no model, no file, no numpy.

Every tone begins and ends on a raised cosine, so nothing clicks, and lies where a telephone carries it.
"""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from voiceloop.vocabulary import Notice

__all__ = ["EARCONS", "earcon"]

EDGE_S: Final = 0.03
"""How long a tone takes to come and to go."""
SOFT: Final = 0.095
"""Of full scale: the peak stays below -20 dBFS, which is no louder than quiet speech."""
FAINT: Final = 0.03
"""A sound that is heard over and over is at -30 dBFS."""
GENTLE: Final = 0.05
"""One that is played at somebody who speaks, or to nobody: -26 dBFS."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine. One that begins `EDGE_S` before another ends fades into it without growing louder."""

    hz: float
    starts_s: float
    lasts_s: float
    peak: float
    """Of full scale."""


EARCONS: Final[Mapping[Notice, tuple[Tone, ...]]] = {
    Notice.DOWN: (Tone(587.3, 0.0, 0.17, SOFT), Tone(440.0, 0.14, 0.24, SOFT)),
    Notice.UP: (Tone(440.0, 0.0, 0.17, SOFT), Tone(587.3, 0.14, 0.24, SOFT)),
    Notice.TICK: (Tone(523.3, 0.0, 0.06, FAINT),),
    Notice.AWAKE: (Tone(587.3, 0.0, 0.09, GENTLE), Tone(784.0, 0.06, 0.09, GENTLE)),
    Notice.ASLEEP: (Tone(440.0, 0.0, 0.09, FAINT), Tone(329.6, 0.06, 0.09, FAINT)),
}


@functools.lru_cache(maxsize=16)
def earcon(name: Notice, rate_hz: int) -> bytes:
    """Return a sound as 16-bit mono PCM at `rate_hz`, 2 kHz at least. Raises KeyError for a sentence."""
    tones = EARCONS[name]
    samples = [0.0] * max(round((tone.starts_s + tone.lasts_s) * rate_hz) for tone in tones)
    for tone in tones:
        start = round(tone.starts_s * rate_hz)
        for at, sample in enumerate(_samples(tone, rate_hz), start):
            samples[at] += sample
    return array("h", [round(sample * 32767) for sample in samples]).tobytes()


def _samples(tone: Tone, rate_hz: int) -> list[float]:
    count = round((tone.starts_s + tone.lasts_s) * rate_hz) - round(tone.starts_s * rate_hz)
    step = math.tau * tone.hz / rate_hz
    edge = [0.5 - 0.5 * math.cos(math.pi * n / (EDGE_S * rate_hz)) for n in range(round(EDGE_S * rate_hz))]
    gains = [*edge, *[1.0] * (count - 2 * len(edge)), *reversed(edge)]
    return [tone.peak * gain * math.sin(step * n) for n, gain in enumerate(gains[:count])]
