"""Which language a session speaks: the one its client names, else the gateway's own, else what its turns sound like."""

from __future__ import annotations

from collections.abc import Sequence

from voiceloop.languages.guess import LanguageGuess, language_of_text
from voiceloop.languages.shelf import AUTO, english, known_languages, language_for
from voiceloop.vocabulary import ToolSpec
from voiceloop_local.models.smalltalk import expected
from voiceloop_local.realtime.config import SessionConfig
from voiceloop_local.seams import Transcriber

__all__ = ["Tongue"]


class Tongue:
    """The language of one session.

    A client that names a language pins it. `default` is for those that name none: a tag, or `auto`, which goes by the
    sound of each turn and holds a language until two turns in a row agree on another one.
    """

    def __init__(self, default: str = "en") -> None:
        self._default = default
        self.guess = LanguageGuess()
        """What the turns so far sounded like; only used with `auto`."""
        self.lacking = ""
        """Why speech in it is not understood on this machine; empty unless that was tried in vain."""

    def wanted(self, config: SessionConfig) -> str:
        """The tag that is pinned, or `auto`."""
        named = config.transcription.language if config.transcription is not None else None
        return named or self._default

    def spoken(self, config: SessionConfig) -> str:
        """The tag to answer in."""
        wanted = self.wanted(config)
        return self.guess.language if wanted == AUTO else wanted

    def vocabulary(self, config: SessionConfig, tag: str) -> Sequence[str]:
        """What recognition should expect in a language: the client's words, and what people ask the tools for.

        English needs no more than the words. Raises SettingsError for a language without data.
        """
        words = config.transcription.vocabulary if config.transcription is not None else ()
        language = language_for(tag)
        if language is english():
            return words
        tools = [ToolSpec(tool["name"], tool["description"] or "", tool["parameters"]) for tool in config.tools]
        return [*words, *expected(tools, language)]

    def read(self, config: SessionConfig, text: str) -> None:
        """Count a typed turn in; without words it says nothing."""
        if text and self.wanted(config) == AUTO:
            self.guess = self.guess.heard(*language_of_text(text))

    async def told(self, config: SessionConfig, pcm: bytes, rate_hz: int, ears: Transcriber) -> LanguageGuess:
        """Return the guess with this turn in it; a pinned language needs no ears. Safe to cancel."""
        wanted = self.wanted(config)
        if wanted != AUTO:
            return LanguageGuess(wanted, told=True)
        return self.guess.heard(*await ears.identify(pcm, rate_hz, known_languages()))

    async def prepare(self, config: SessionConfig, rate_hz: int, ears: Transcriber) -> None:
        """Have the models of a language loaded before the first turn needs them. Raises VoiceloopError, which says why.

        Nothing is done for English, whose models are always there.
        """
        wanted = self.wanted(config)
        if wanted == AUTO:
            await ears.identify(b"", rate_hz, known_languages())
        elif language_for(wanted) is not english():
            await ears.transcribe(b"", rate_hz, wanted)
