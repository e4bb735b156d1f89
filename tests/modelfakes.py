"""Stand-ins for the models of this machine: they hear what they are told to, and speak in tones."""

from __future__ import annotations

import asyncio

import numpy as np

RATE_HZ = 24_000
SPOKEN_CHAR_MS = 60


def tone(duration_ms, rate_hz=RATE_HZ, hz=440):
    """Speech-like: a tone with a short gap five times a second."""
    at = np.arange(rate_hz * duration_ms // 1000)
    loud = (at // (rate_hz // 50)) % 10 != 9
    return (8000 * np.sin(2 * np.pi * hz * at / rate_hz) * loud).astype(np.int16).tobytes()


def silence(duration_ms, rate_hz=RATE_HZ):
    return bytes(rate_hz * duration_ms // 1000 * 2)


class FakeTranscriber:
    """Takes `takes_s` and returns the next of `texts`; the last one for ever. An exception among them is raised."""

    def __init__(self, *texts, takes_s=0.4, languages=()):
        self.texts = list(texts) or ["hello there"]
        self.languages = languages if isinstance(languages, Exception) else list(languages)
        self.takes_s = takes_s
        self.heard = []

    async def transcribe(self, pcm, rate_hz, language="en", vocabulary=()):
        self.heard.append((len(pcm) * 500 // rate_hz, rate_hz, language, tuple(vocabulary)))
        await asyncio.sleep(self.takes_s)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        if isinstance(text, Exception):
            raise text
        return text

    async def translate(self, pcm, rate_hz, language):
        return f"({language}) {await self.transcribe(pcm, rate_hz, language)}"

    async def identify(self, pcm, rate_hz, among):
        if isinstance(self.languages, Exception):
            raise self.languages
        return self.languages.pop(0) if pcm else ("", 0.0)


class FakeSpeaker:
    """60 ms of tone a character, in chunks of uneven length."""

    def __init__(self, takes_s=0.05, error=None):
        self.takes_s = takes_s
        self.error = error
        self.said = []
        self.languages = []

    async def speak(self, text, voice=None, language="en"):
        self.said.append((text, voice))
        self.languages.append(language)
        await asyncio.sleep(self.takes_s)
        if self.error:
            raise self.error
        pcm = tone(len(text) * SPOKEN_CHAR_MS)
        for start in range(0, len(pcm), 7001):
            yield pcm[start : start + 7001]


class Voice:
    """60 ms of tone a character in clauses of a second, or `clauses`; an error is raised before the first."""

    def __init__(self, *clauses, error=None):
        self.clauses = clauses
        self.error = error
        self.said = []
        """Texts with the voice and the language that were asked for."""
        self.given = 0
        self.closed = False

    async def speak(self, text, voice=None, language="en"):
        self.said.append((text, voice, language))
        pcm = tone(len(text) * SPOKEN_CHAR_MS)
        try:
            if self.error:
                raise self.error
            for clause in self.clauses or [pcm[at : at + 48_000] for at in range(0, len(pcm), 48_000)]:
                self.given += 1
                yield clause
        finally:
            self.closed = True
