"""Speech to text: Whisper on CTranslate2, whole utterances, greedy, int8.

tiny.en for English, the multilingual base for everything else. Everything here runs in the model process, on one thread
at a time.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError
from voiceloop.languages.language import Language
from voiceloop.languages.shelf import english, language_for
from voiceloop.languages.utterances import only_sounds
from voiceloop_local.models.mel import FRAMES_PER_SECOND, RATE_HZ, log_mel
from voiceloop_local.models.shortwords import LEAST, LONGEST_S, primer, settled
from voiceloop_local.models.speechbounds import quietest_cut, speech_bounds
from voiceloop_local.models.whisper import open_english, open_multilingual

__all__ = ["Guess", "Recogniser"]

_FULL_FRAMES: Final = 3000
"""The 30 s Whisper was trained on."""
_SHORT_FRAMES: Final = 1500
"""Enough for a command. On 24 commands of a clear voice, clean and at 10 dB, it errs as little as 3000 in 0.45 of
the time; with a bad voice in noise it makes more (44 against 35 % of the words), which is what the second look is for.
1000 begins to repeat itself."""
_ROOM_FRAMES: Final = 400
"""Silence kept after the speech: with less, Whisper does not see the end and repeats itself."""
_LONGEST_S: Final = 28
_NO_SPEECH: Final = 0.6
_SURELY_NO_SPEECH: Final = 0.85
_SURELY_SPEECH: Final = 0.3
"""Coughs, laughs and groans score 0.25 to 0.6 clean and 0.5 to 0.8 in 10 dB of noise; words hardly ever above this."""
_UNLIKELY: Final = -0.8
_VERY_UNLIKELY: Final = -1.15
"""Noises score -1.2 to -4, spoken commands above -0.6 clean and about -1 at 5 dB."""
_LOOP_RATIO: Final = 2.4
"""Whisper's own rule: text that packs better than this goes round in circles."""
_FASTEST_CHARACTERS_PER_S: Final = 25
"""Fluent English is 15; Whisper's loops in a short command were 60 to 80."""
_ENGLISH: Final = re.compile(r"(en|auto|)([-_].*)?", re.IGNORECASE)
_NOISE_LABEL: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\w*\*[^ ]*|[♪♫]")
_SURE: Final = -0.5
_REPEATED: Final = re.compile(r"\b(\w+\W+\w+\W+\w+\b.*?)\W+\1", re.IGNORECASE)
"""The same three words or more twice in a row."""

_FAIR: Final = -0.35
"""A clear voice scores above this in whisper base."""
_LIKELY: Final = -0.6
"""Words that were expected score above this when they were really said."""
_CLEARLY: Final = 0.15
"""By so much expected words must score better than what was heard without expecting any."""
_HINT_TOKENS: Final = (100, 200)
"""Of names, and of sentences; Whisper looks back at most 224."""
_PRIMER_TOKENS: Final = 150
"""Of short words."""
_MARGINS_S: Final = 0.4
"""Of silence around speech that was cut out."""
_HYPOTHESES: Final = 30
"""Weighed where a short word is unclear: most of what is likely at all."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Guess:
    """What Whisper wrote, and how sure it was."""

    text: str
    likelihood: float
    """Mean natural log-probability of the tokens; 0 is certain."""
    no_speech: float
    """Probability that nobody speaks."""
    speech_s: float
    """How long the speech was."""
    invented: Collection[str] = english().heard.invented
    """What Whisper says about noise; believed only when it is sure of it."""

    @property
    def doubtful(self) -> bool:
        """Worth a second, slower look; plain noise is not."""
        if self.no_speech > _SURELY_NO_SPEECH and self.likelihood < _VERY_UNLIKELY:
            return False
        return self.likelihood < _UNLIKELY or _REPEATED.search(self.text) is not None or not self.believed

    @property
    def unclear(self) -> bool:
        """Somebody speaks, and other words are almost as likely."""
        return self.likelihood < _SURE and not (self.no_speech > _NO_SPEECH and self.likelihood < _UNLIKELY)

    @property
    def believed(self) -> str:
        """The text without labels of noises; empty where the figures say that Whisper made it up."""
        text = " ".join(_NOISE_LABEL.sub(" ", self.text).split())
        words = re.sub(r"[^\w' ]", "", text).lower().strip()
        made_up = (
            not words
            or self._loops
            or self.likelihood < _VERY_UNLIKELY
            or (self.no_speech > _NO_SPEECH and self.likelihood < _UNLIKELY)
            or (words in self.invented and self.likelihood < _SURE)
        )
        return "" if made_up else text

    @property
    def _loops(self) -> bool:
        """Text that goes round in circles packs well; but people repeat themselves too, only never that fast."""
        raw = self.text.encode()
        too_fast = len(raw) > _FASTEST_CHARACTERS_PER_S * max(self.speech_s, 1.0)
        return too_fast and len(raw) / len(zlib.compress(raw)) > _LOOP_RATIO


class Recogniser:
    """Whisper tiny.en with its tokenizer, or the multilingual base. For one thread at a time.

    Loading checks the files against their pinned SHA-256. Raises DeviceError when a package or file is missing or
    different.
    """

    def __init__(self, threads: int = 2, *, multilingual: bool = False) -> None:
        loaded = open_multilingual(threads) if multilingual else open_english(threads)
        self._model, self._tokenizer, self._view = loaded.model, loaded.tokenizer, loaded.view
        self._multilingual = multilingual
        self._start, self._plain, self._before = (
            self._tokenizer.token_to_id(name)
            for name in ("<|startoftranscript|>", "<|notimestamps|>", "<|startofprev|>")
        )

    def warm_up(self) -> None:
        """Run once, so that the first real command does not pay for lazy set-up."""
        silence = np.zeros(RATE_HZ, np.float32)
        self._decode(self._encoded(silence, _SHORT_FRAMES), silence, (), english())

    def transcribe(self, pcm: bytes, rate_hz: int, language: str = "en", vocabulary: Sequence[str] = ()) -> str:
        """Return the words in 16-bit mono `pcm`, or "" when nobody speaks in it. "Ha ha ha!" is a laugh.

        Raises DeviceError for a language other than English when only English is loaded, SettingsError for one that
        has no data.
        """
        if not self._multilingual and not _ENGLISH.fullmatch(language):
            raise DeviceError(f"speech recognition on this machine knows English only, not {language!r}")
        spoken = language_for(language) if self._multilingual else english()
        texts = [self._recognise(speech, vocabulary, spoken) for speech in _stretches(_at_16khz(pcm, rate_hz))]
        return " ".join(text for text in texts if text)

    def translate(self, pcm: bytes, rate_hz: int, language: str) -> str:
        """Return in English what is said in `language` in 16-bit mono `pcm`, or "" when nobody speaks in it.

        Only for the multilingual model. Raises SettingsError for a language that has no data.
        """
        spoken = language_for(language)
        texts = [
            self._decode(self._encoded(speech, _window_frames(speech)), speech, (), spoken, "translate").believed
            for speech in _stretches(_at_16khz(pcm, rate_hz))
        ]
        return " ".join(text for text in texts if text)

    def identify(self, pcm: bytes, rate_hz: int, among: Sequence[str]) -> tuple[str, float]:
        """Return which language of `among` is spoken in 16-bit mono `pcm`, and its probability among those.

        "" and 0 when nobody speaks. Only for the multilingual model.
        """
        samples = _at_16khz(pcm, rate_hz)
        bounds = speech_bounds(samples, RATE_HZ)
        if bounds is None:
            return "", 0.0
        # A short window does well enough for words, but the language of a few of them is told better in the full one.
        features = self._view(log_mel(samples[bounds[0] : bounds[1]], _FULL_FRAMES)[None])
        [found] = self._model.detect_language(features)
        likely = {tag: probability for token, probability in found if (tag := token.strip("<|>")) in among}
        best = max(likely, key=lambda tag: likely[tag], default="")
        return best, likely[best] / sum(likely.values()) if best else 0.0

    def _recognise(self, speech: Floats, vocabulary: Sequence[str], language: Language) -> str:
        frames = _window_frames(speech)
        encoded = self._encoded(speech, frames)
        # Expected sentences help much where a voice is bad, and can only mislead where it is good.
        first = self._decode(encoded, speech, () if self._multilingual else vocabulary, language)
        guess = self._looked_at_again(first, encoded, speech, frames, vocabulary, language)
        if first.unclear and guess.unclear and len(speech) <= (LONGEST_S + _MARGINS_S) * RATE_HZ:
            stop_least = -math.inf if min(first.no_speech, guess.no_speech) < _SURELY_SPEECH else LEAST
            return settled(self._hypotheses(encoded, speech, language), language, guess.believed, stop_least)
        return guess.believed or next((each.text for each in (guess, first) if only_sounds(each.text)), "")

    def _looked_at_again(
        self, first: Guess, encoded: object, speech: Floats, frames: int, vocabulary: Sequence[str], language: Language
    ) -> Guess:
        """Return the better of the first guess and a second one, where that promises something."""
        if not self._multilingual:
            if frames == _FULL_FRAMES or not first.doubtful:
                return first
            return self._decode(self._encoded(speech, _FULL_FRAMES), speech, (), language)
        if not vocabulary or first.no_speech > _SURELY_NO_SPEECH or not (first.doubtful or first.likelihood < _FAIR):
            return first
        second = self._decode(encoded, speech, vocabulary, language)
        better = second.likelihood > max(_LIKELY, first.likelihood + _CLEARLY) and not second.doubtful
        return second if better else first

    def _encoded(self, speech: Floats, frames: int) -> Any:  # noqa: ANN401 - of a library without types
        return self._model.encode(self._view(log_mel(speech, frames)[None]))

    def _decode(
        self, encoded: object, speech: Floats, vocabulary: Sequence[str], language: Language, task: str = "transcribe"
    ) -> Guess:
        prompt = [*self._hint(vocabulary), *self._opening(language, task)]
        # Nobody says more than about 8 tokens a second, so a loop ends soon.
        longest = len(prompt) + 16 + 8 * len(speech) // RATE_HZ
        [result] = self._model.generate(
            encoded,
            [prompt],
            beam_size=1,
            max_length=min(longest, 440),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )
        text = self._tokenizer.decode(result.sequences_ids[0]).strip()
        figures = float(result.scores[0]), float(result.no_speech_prob), len(speech) / RATE_HZ
        return Guess(text, *figures, language.heard.invented)

    def _hypotheses(self, encoded: object, speech: Floats, language: Language) -> Iterator[tuple[str, float]]:
        """Yield what may have been said in a word or two, with the natural logarithm of how likely that is."""
        prompt = [*self._before_that(primer(language), _PRIMER_TOKENS), *self._opening(language, "transcribe")]
        [result] = self._model.generate(
            encoded,
            [prompt],
            beam_size=_HYPOTHESES,
            num_hypotheses=_HYPOTHESES,
            length_penalty=0,  # the whole likelihood, not its mean over the tokens
            max_length=len(prompt) + 10 + 4 * len(speech) // RATE_HZ,
            return_scores=True,
            suppress_blank=True,
        )
        texts = (self._tokenizer.decode(ids).strip() for ids in result.sequences_ids)
        yield from zip(texts, result.scores, strict=True)

    def _opening(self, language: Language, task: str) -> list[int]:
        return [self._start, *self._task(language, task), self._plain]

    def _task(self, language: Language, task: str) -> list[int]:
        if not self._multilingual:
            return []
        return [self._tokenizer.token_to_id(name) for name in (f"<|{language.tag}|>", f"<|{task}|>")]

    def _hint(self, vocabulary: Sequence[str]) -> list[int]:
        """Expected words as the text that came before, which is how Whisper is primed; its last sentences are cut."""
        if not vocabulary:
            return []
        before = " ".join(vocabulary) if self._multilingual else f"{', '.join(vocabulary)}."
        return self._before_that(before, _HINT_TOKENS[self._multilingual])

    def _before_that(self, text: str, most: int) -> list[int]:
        return [self._before, *self._tokenizer.encode(f" {text}", add_special_tokens=False).ids[:most]]


def _stretches(samples: Floats) -> Iterator[Floats]:
    """Yield where somebody speaks, in pieces that fit the window."""
    while (bounds := speech_bounds(samples, RATE_HZ)) is not None:
        samples = samples[bounds[0] :]
        end = speech_end = bounds[1] - bounds[0]
        if end > _LONGEST_S * RATE_HZ:
            end = quietest_cut(samples, RATE_HZ, (_LONGEST_S - 8) * RATE_HZ, _LONGEST_S * RATE_HZ)
        yield samples[:end]
        samples = samples[end:]
        # After speech comes the silence that ended a turn; by itself its noise would be all there is to hear.
        if end == speech_end and len(samples) < RATE_HZ:
            return


def _window_frames(speech: Floats) -> int:
    needed = len(speech) * FRAMES_PER_SECOND // RATE_HZ + _ROOM_FRAMES
    return min(_FULL_FRAMES, max(_SHORT_FRAMES, needed + needed % 2))


def _at_16khz(pcm: bytes, rate_hz: int) -> Floats:
    resampler = Resampler(rate_hz, RATE_HZ)
    whole = resampler.feed(pcm[: len(pcm) // 2 * 2]) + resampler.drain()
    return np.frombuffer(whole, "<i2").astype(np.float32) / 32768.0
