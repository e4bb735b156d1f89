"""What listens in the model process: tiny.en for English from the start, the multilingual model when it is needed."""

from __future__ import annotations

from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop_local.models.protocol import Identify, Transcribe, Translate
from voiceloop_local.models.stt import Recogniser

__all__ = ["Ears"]


class Ears:
    """Understands requests, one at a time. Another language than English loads its model on first use, some seconds.

    Raises DeviceError when the model for English cannot be loaded.
    """

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._english = Recogniser(threads)
        self._others: Recogniser | None = None

    def warm_up(self) -> None:
        """Run once, so that the first real command does not pay for lazy set-up."""
        self._english.warm_up()

    def understand(self, request: Transcribe | Identify, pcm: bytes) -> str | tuple[str, float]:
        """Return the words of a `Transcribe`, in English of a `Translate`, language and probability of an `Identify`.

        Raises DeviceError that names the extra when the language needs what is not installed, and SettingsError for a
        language without data.
        """
        if isinstance(request, Identify):
            return self._multilingual().identify(pcm, request.rate_hz, request.among)
        plain = request.language in ("", AUTO)
        language = english() if plain else language_for(request.language)
        model = self._english if language is english() else self._multilingual()
        if isinstance(request, Translate) and language is not english():
            return model.translate(pcm, request.rate_hz, language.tag)
        return model.transcribe(pcm, request.rate_hz, language.tag, request.vocabulary)

    def _multilingual(self) -> Recogniser:
        if self._others is None:
            self._others = Recogniser(self._threads, multilingual=True)
        return self._others
