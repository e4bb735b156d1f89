"""Hands-free: what stands between a line and the session's hearing while a wake word is set.

The one door to pymicro-wakeword, whose models are inside its package: nothing is downloaded or sent anywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal

from voiceloop.audio.ledger import Ledger
from voiceloop.audio.resample import Resampler
from voiceloop.audio.wakegate import PRE_ROLL_S, SAMPLE_BYTES, Attention, WakeGate, WakeWord
from voiceloop.devices.base import Ears
from voiceloop.errors import SettingsError
from voiceloop.events import MicrophoneTurned
from voiceloop.settings import AudioSettings, Sensitivity
from voiceloop.wakemodels import model_file, needs_package

if TYPE_CHECKING:
    from pymicro_wakeword import MicroWakeWord

__all__ = ["MicroWake", "WakeEars", "WakeWordToCome", "try_wake_word", "wake_ears"]

MODEL_HZ = 16_000
FRAMES_PER_S = 50
ENDED_S = {"alexa": (0.2, 0.4), "hey_mycroft": (0.0, 0.2)}
"""How long before a model tells its phrase ended, at least and at most: measured on synthetic voices."""
MOSTLY_ENDED_S = (0.1, 0.4)
"""The same of okay_nabu and of models that nobody measured."""
SURER: Final[Mapping[Sensitivity, float]] = {"low": 3.0, "high": 1 / 3}
"""How sure a model has to be, in odds, against what its maker chose: measured in docs/audio.md."""
LATER_S: Final[Mapping[Sensitivity, float]] = {"low": 0.04, "high": -0.04}
"""How much later it is as sure as that: measured on synthetic voices."""
STRICTEST = 3
"""The mode of the voice activity detector: noise must not keep the microphone open."""


class WakeEars:
    """A line's ears that hand on to `ears` only what follows the wake word; see `audio.wakegate`."""

    def __init__(
        self,
        gate: WakeGate,
        ears: Ears,
        ledger: Ledger,
        *,
        closed: Callable[[], bool],
        tell: Callable[[MicrophoneTurned], None],
        load: Callable[[], None],
    ) -> None:
        """`closed`: the user has muted the microphone, so that no wake word is listened for either.

        Until `load` has been called, in a thread for instance, everybody sleeps.
        """
        self.load = load
        self._gate = gate
        self._ears = ears
        self._ledger = ledger
        self._closed = closed
        self._tell = tell
        self._told: Attention | None = None
        """None while the user is told something else: that the microphone is muted."""
        self._open_samples = 0
        """Captured since the microphone was muted."""

    def __call__(self, pcm: bytes, first_sample: int) -> int:
        """Take captured audio. Returns how many of the newest samples are heard by now."""
        closed = self._closed()
        self._open_samples = 0 if closed else self._open_samples + len(pcm) // SAMPLE_BYTES
        if closed:
            pcm = bytes(len(pcm))
        blocks = self._gate.take(pcm, first_sample, agent_speaks=not self._ledger.idle)
        if closed:
            self._told = None
        elif self._gate.attention is not self._told:
            self._told = self._gate.attention
            state: Literal["asleep", "listening"] = "asleep" if self._told is Attention.ASLEEP else "listening"
            self._tell(MicrophoneTurned(state))
        for block in blocks:
            self._ears(*block)
        return min(self._gate.passed_samples, self._open_samples)


class WakeWordToCome:
    """A wake word whose model is still being loaded: what is said until it is there it hears then."""

    def __init__(self, load: Callable[[], WakeWord], most_bytes: int) -> None:
        """At most the newest `most_bytes` are kept until then."""
        self._load = load
        self._most_bytes = most_bytes
        self._word: WakeWord | None = None
        self._unheard = bytearray()
        self.ended_s = MOSTLY_ENDED_S
        """As the model tells, once it is there; see `WakeWord`."""

    def load(self) -> None:
        """Load it. Blocks may be taken meanwhile in another thread."""
        word = self._load()
        self.ended_s = word.ended_s
        self._word = word

    def heard(self, pcm: bytes) -> bool:
        """Take the next block and return whether the phrase is over in it, or in what was kept before."""
        self._unheard += pcm
        if self._word is None:
            del self._unheard[: -self._most_bytes]
            return False
        pcm = bytes(self._unheard)
        self._unheard.clear()
        return self._word.heard(pcm)

    def reset(self) -> None:
        """Forget the stream."""
        self._unheard.clear()
        if self._word is not None:
            self._word.reset()


class MicroWake:
    """A microWakeWord model on a stream of PCM at `rate_hz`: some 120 us of work for 20 ms."""

    def __init__(self, model: MicroWakeWord, rate_hz: int, sensitivity: Sensitivity = "normal") -> None:
        from pymicro_wakeword import MicroWakeWordFeatures  # noqa: PLC0415  an extra

        least_s, most_s = (s + LATER_S.get(sensitivity, 0.0) for s in ENDED_S.get(model.id, MOSTLY_ENDED_S))
        self.ended_s = max(0.0, least_s), most_s
        model.probability_cutoff = cutoff_at(sensitivity, model.probability_cutoff)
        self._model = model
        self._features = MicroWakeWordFeatures()
        self._resampler = Resampler(rate_hz, MODEL_HZ)

    def heard(self, pcm: bytes) -> bool:
        """Take the next block and return whether the phrase is over in it."""
        features = self._features.process_streaming(self._resampler.feed(pcm))
        found = [self._model.process_streaming(each) for each in features]  # a generator would leave some untaken
        return any(found)

    def reset(self) -> None:
        """Forget the stream."""
        self._model.reset()
        self._features.reset()
        self._resampler.drain()


def cutoff_at(sensitivity: Sensitivity, chosen: float) -> float:
    """Return the probability above which a word is heard, where its model's maker chose `chosen`: both 0 to 1."""
    surer = SURER.get(sensitivity)
    return chosen if surer is None else surer * chosen / (1 - chosen + surer * chosen)


def wake_ears(
    wake_word: str,
    audio: AudioSettings,
    ears: Ears,
    ledger: Ledger,
    *,
    closed: Callable[[], bool],
    tell: Callable[[MicrophoneTurned], None],
) -> WakeEars:
    """Return ears that wait for `wake_word`, the name of a model of the package or the path of a model's `.json`.

    The model and numpy are loaded by the `load` of what is returned: it raises DeviceError without the package,
    SettingsError for a model that is none.
    """
    rate_hz = ledger.rate_hz
    word = WakeWordToCome(
        lambda: MicroWake(_model(wake_word), rate_hz, audio.wake_sensitivity),
        round(PRE_ROLL_S * rate_hz) * SAMPLE_BYTES,
    )
    detector = functools.cache(lambda: _speech_detector(rate_hz))

    def is_speech(pcm: bytes) -> bool:
        return detector()(pcm)

    def load() -> None:
        detector()
        word.load()

    gate = WakeGate(rate_hz, word, is_speech=is_speech, follow_up_s=audio.follow_up_s)
    return WakeEars(gate, ears, ledger, closed=closed, tell=tell, load=load)


def try_wake_word(wake_word: str) -> None:
    """Load the model and let go of it: raises what `WakeEars.load` would raise."""
    _model(wake_word).close()


def _speech_detector(rate_hz: int) -> Callable[[bytes], bool]:
    """Voice activity in blocks of any length."""
    from voiceloop.audio.vad import webrtc_detector  # noqa: PLC0415 - loads numpy

    detect, frame = webrtc_detector(rate_hz, STRICTEST), 2 * rate_hz // FRAMES_PER_S
    pending = bytearray()

    def is_speech(pcm: bytes) -> bool:
        pending.extend(pcm)
        found = False
        while len(pending) >= frame:
            found = detect(bytes(pending[:frame])) or found
            del pending[:frame]
        return found

    return is_speech


def _model(wake_word: str) -> MicroWakeWord:
    path = model_file(wake_word)
    try:
        from pymicro_wakeword import MicroWakeWord  # noqa: PLC0415  an extra
    except (ImportError, OSError) as error:
        raise needs_package() from error
    try:
        return MicroWakeWord.from_config(path)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise SettingsError(f"audio.wake_word: {path} is no microWakeWord model of version 2: {error!r}") from error
