"""Notices as sound and as words.

Sentences are recordings, for they are needed when nothing can speak: `recordings/LANGUAGE-NOTICE.adpcm`, 16 kHz mono in
IMA ADPCM, made by `scripts/make_notices`. A language without one gets a sound instead.
"""

from __future__ import annotations

import functools
import warnings
from importlib import resources
from typing import Final

from voiceloop.audio.resample import Resampler
from voiceloop.errors import SettingsError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop.notices.earcons import EARCONS, earcon
from voiceloop.vocabulary import Notice

__all__ = ["RECORDED_HZ", "SENTENCES", "sound", "words"]

SENTENCES: Final = (Notice.POOR, Notice.LOST, Notice.MOMENT, Notice.UNAVAILABLE)
RECORDED_HZ: Final = 16_000

_INSTEAD: Final = {Notice.MOMENT: Notice.TICK}
"""The sound for a sentence that has no recording; `DOWN` for all others."""


@functools.lru_cache(maxsize=8)  # the longest are 300 kB
def sound(name: Notice, language: str, rate_hz: int) -> bytes:
    """Return a notice as 16-bit mono PCM at `rate_hz`, for a BCP 47 tag or `auto`.

    The first sentence of a process may take 0.1 s, as numpy is loaded to resample it; sounds take 5 ms.
    """
    recording = _recording(name, language) if name in SENTENCES else b""
    if not recording:
        return earcon(name if name in EARCONS else _INSTEAD.get(name, Notice.DOWN), rate_hz)
    resampler = Resampler(RECORDED_HZ, rate_hz)
    return resampler.feed(recording) + resampler.drain()


def words(name: Notice, language: str) -> str:
    """Return what a notice says in this language; empty for sounds, and where a sound stands for the sentence."""
    spoken = _language(language) if name in SENTENCES else None
    return "" if spoken is None else str(getattr(spoken.said, name.value))


def _language(tag: str) -> Language | None:
    try:
        return english() if tag == AUTO else language_for(tag)
    except SettingsError:
        return None


def _recording(name: Notice, tag: str) -> bytes:
    spoken = _language(tag)
    if spoken is None:
        return b""
    with warnings.catch_warnings():
        # Deprecated in Python 3.11 and 3.12; from 3.13 on it is the package audioop-lts.
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop  # noqa: PLC0415 - for sentences only
    coded = resources.files("voiceloop.notices").joinpath("recordings", f"{spoken.tag}-{name}.adpcm").read_bytes()
    return audioop.adpcm2lin(coded, 2, None)[0]
