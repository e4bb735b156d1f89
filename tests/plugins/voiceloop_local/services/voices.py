"""A voice as the models' own: whole samples, a clause at a time."""

from __future__ import annotations

from plugins.voiceloop_local.conftest import SPOKEN_CHAR_MS, tone


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
