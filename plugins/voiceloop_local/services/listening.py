"""Recognition on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from voiceloop.engines.services.seams import Transcript
from voiceloop.languages.shelf import english, language_for
from voiceloop.vocabulary import ToolSpec
from voiceloop_local.models.smalltalk import expected
from voiceloop_local.seams import Transcriber
from voiceloop_local.services.failures import told_as_backend_errors
from voiceloop_local.services.tongue import Tongue

__all__ = ["LocalTranscribe"]


class LocalTranscribe:
    """Recognises turns in the language of the conversation."""

    def __init__(
        self, ears: Transcriber, tongue: Tongue, vocabulary: Sequence[str] = (), tools: Sequence[ToolSpec] = ()
    ) -> None:
        """`vocabulary` are words to expect; what `tools` are asked for with is expected too."""
        self._ears = ears
        self._tongue = tongue
        self._vocabulary = vocabulary
        self._tools = tools

    async def __call__(self, pcm: bytes, rate_hz: int) -> Transcript:
        """Return the words, and the language they are in. Raises BackendError. Safe to cancel."""
        with told_as_backend_errors():
            tag = await self._tongue.told(pcm, rate_hz, self._ears)
            words = await self._ears.transcribe(pcm, rate_hz, tag, self._expected(tag))
        return Transcript(words, tag)

    def _expected(self, tag: str) -> Sequence[str]:
        language = language_for(tag)
        # The model for English does well without; the other one is told what people say to tools.
        return self._vocabulary if language is english() else [*self._vocabulary, *expected(self._tools, language)]
