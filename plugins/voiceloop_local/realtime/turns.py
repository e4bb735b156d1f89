"""The user's side: appended audio becomes turns, turns become items with words.

Recognition starts while the silence that ends a turn is still running. If the user goes on, it is thrown away; if not,
the words are there soon after the turn has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from voiceloop.errors import LanguageError, VoiceloopError
from voiceloop.languages.utterances import only_sounds
from voiceloop_local.realtime.buffer import (
    Detector,
    InputBuffer,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    Verdict,
)
from voiceloop_local.realtime.checks import Fields, Json, decode_base64
from voiceloop_local.realtime.coding import from_wire
from voiceloop_local.realtime.config import SessionConfig, TurnDetection, rate_of
from voiceloop_local.realtime.items import Part, StoredItem
from voiceloop_local.realtime.shared import Shared
from voiceloop_local.realtime.usage import transcription_usage
from voiceloop_local.seams import LACKING, Heard

__all__ = ["DetectorFactory", "Turns"]

RECOGNITION_WITHIN_S = 30.0

DetectorFactory = Callable[[int, float], Detector]
"""Makes a detector for a rate in Hz and a threshold from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """Recognition failed."""

    detail: str


class Turns:
    """Input audio of one session."""

    def __init__(
        self,
        shared: Shared,
        detector_for: DetectorFactory,
        on_speech: Callable[[], None],
        on_turn: Callable[[StoredItem], None],
    ) -> None:
        self._shared = shared
        self._detector_for = detector_for
        self._on_speech = on_speech
        self._on_turn = on_turn
        self._early: asyncio.Task[Heard | Unheard] | None = None
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._prepared = ""
        self._buffer = InputBuffer(*self._setup(shared.config), shared.new_id)

    @property
    def clock_ms(self) -> int:
        """Milliseconds of audio written in this session."""
        return self._buffer.clock_ms

    @property
    def speaking(self) -> bool:
        """The user's turn is open."""
        return self._buffer.speaking

    def reconfigure(self, before: SessionConfig) -> None:
        """Follow a session update."""
        now = self._shared.config
        if (now.input, now.turns) != (before.input, before.turns):
            self._drop_early()
            self._buffer.configure(*self._setup(now))
        wanted = self._shared.tongue.wanted(now)
        if wanted != self._prepared:
            self._prepared = wanted
            self._shared.crew.spawn("language", self._prepare(now))

    def append(self, event: Fields) -> None:
        """Take audio; never acknowledged."""
        event.require("audio")
        data = decode_base64(event.text("audio", ""), "audio")
        for verdict in self._buffer.append(from_wire(self._shared.config.input, data)):
            self._act(verdict)

    def commit(self, _event: Fields) -> None:
        """End the turn by hand."""
        item_id, pcm = self._buffer.commit()
        self._drop_early()
        self._add(item_id, pcm)

    def clear(self, _event: Fields) -> None:
        """Drop what was not committed."""
        self._buffer.clear()
        self._drop_early()
        self._shared.emit({"type": "input_audio_buffer.cleared"})

    def time_out(self, audio_start_ms: int) -> StoredItem:
        """Commit the silence since `audio_start_ms` as a turn in which nothing was said."""
        item_id = self._shared.new_id("item")
        span = {"audio_start_ms": audio_start_ms, "audio_end_ms": self.clock_ms}
        self._shared.emit({"type": "input_audio_buffer.timeout_triggered", "item_id": item_id, **span})
        self._buffer.clear()
        item = StoredItem(item_id, "message", parts=[Part("audio", "", rate_hz=rate_of(self._shared.config.input))])
        self._commit(item)
        return item

    def listen_to(self, item: StoredItem) -> None:
        """Recognise the audio of an item the client created without a transcript."""
        for part in item.parts:
            if part.kind == "audio" and part.text is None and item.role == "user":
                self._recognise(item, part, self._start(bytes(part.pcm), part.rate_hz))

    async def settle(self, items: Iterable[StoredItem]) -> None:
        """Wait until the words of these items are known or will never be."""
        waiting = {self._pending[item.item_id] for item in items if item.item_id in self._pending}
        if waiting:
            await asyncio.wait(waiting, timeout=RECOGNITION_WITHIN_S)

    # Verdicts --------------------------------------------------------------------------------------------------------

    def _act(self, verdict: Verdict) -> None:
        match verdict:
            case SpeechBegan(item_id, start_ms):
                kind = "input_audio_buffer.speech_started"
                self._shared.emit({"type": kind, "item_id": item_id, "audio_start_ms": start_ms})
                self._on_speech()
            case SpeechPaused(_, pcm):
                self._early = self._start(pcm, rate_of(self._shared.config.input))
            case SpeechResumed():
                self._drop_early()
            case SpeechEnded(item_id, end_ms, pcm):
                kind = "input_audio_buffer.speech_stopped"
                self._shared.emit({"type": kind, "item_id": item_id, "audio_end_ms": end_ms})
                self._on_turn(self._add(item_id, pcm))

    def _add(self, item_id: str, pcm: bytes) -> StoredItem:
        rate_hz = rate_of(self._shared.config.input)
        part = Part("audio", None, bytearray(pcm), rate_hz)
        item = StoredItem(item_id, "message", parts=[part])
        early, self._early = self._early, None
        self._commit(item)
        self._recognise(item, part, early or self._start(pcm, rate_hz))
        return item

    def _commit(self, item: StoredItem) -> None:
        shared = self._shared
        previous = shared.conversation.insert(item)
        committed = {"type": "input_audio_buffer.committed", "previous_item_id": previous, "item_id": item.item_id}
        shared.emit(committed, *shared.dialect.item_added(item, previous), *shared.dialect.item_done(item, previous))

    # Recognition -----------------------------------------------------------------------------------------------------

    def _start(self, pcm: bytes, rate_hz: int) -> asyncio.Task[Heard | Unheard]:
        return self._shared.crew.spawn("recognise", self._hear(pcm, rate_hz))

    async def _hear(self, pcm: bytes, rate_hz: int) -> Heard | Unheard:
        config, tongue, ears = self._shared.config, self._shared.tongue, self._shared.models.transcriber
        try:
            async with asyncio.timeout(RECOGNITION_WITHIN_S):
                guess = await tongue.told(config, pcm, rate_hz, ears)
                vocabulary = tongue.vocabulary(config, guess.language)
                text = await ears.transcribe(pcm, rate_hz, guess.language, vocabulary)
        except TimeoutError:
            return Unheard(f"Recognition took longer than {RECOGNITION_WITHIN_S:.0f} s.")
        except (VoiceloopError, OSError) as error:
            tongue.lacking = str(error) if isinstance(error, LanguageError) else ""
            return Unheard(str(error))
        # Nobody answers a laugh.
        return Heard("" if only_sounds(text) else text.strip(), guess)

    async def _prepare(self, config: SessionConfig) -> None:
        """Load what the language needs while nobody speaks yet; what cannot be loaded is said at once.

        Who has replies written may type all turns, and hears of it with the first that is spoken.
        """
        try:
            await self._shared.tongue.prepare(config, rate_of(config.input), self._shared.models.transcriber)
        except (VoiceloopError, OSError) as error:
            if config.speaks:
                body = {"type": "server_error", "code": LACKING, "message": str(error), "param": None}
                self._shared.emit({"type": "error", "error": body | {"event_id": None}})

    def _recognise(self, item: StoredItem, part: Part, heard: asyncio.Task[Heard | Unheard]) -> None:
        task = self._shared.crew.spawn("transcript", self._finish(item, part, heard))
        self._pending[item.item_id] = task
        task.add_done_callback(lambda _: self._pending.pop(item.item_id, None))

    async def _finish(self, item: StoredItem, part: Part, heard: asyncio.Task[Heard | Unheard]) -> None:
        outcome = await heard
        where = {"item_id": item.item_id, "content_index": item.parts.index(part)}
        kind = "conversation.item.input_audio_transcription"
        events: list[Json]
        match outcome:
            case Heard(text, guess):
                part.text = text
                self._shared.tongue.guess = guess
                usage = transcription_usage(part.audio_ms)
                events = [{"type": f"{kind}.delta", **where, "delta": text}] if text else []
                events.append({"type": f"{kind}.completed", **where, "transcript": text, "usage": usage})
            case Unheard(detail):
                error = {"type": "server_error", "code": "transcription_failed", "message": detail, "param": None}
                events = [{"type": f"{kind}.failed", **where, "error": error}]
        if self._shared.config.transcription is not None:
            self._shared.emit(*events)

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early.cancel()
            self._early = None

    def _setup(self, config: SessionConfig) -> tuple[int, TurnDetection | None, Detector]:
        rate_hz = rate_of(config.input)
        threshold = config.turns.threshold if config.turns is not None else 0.5
        return rate_hz, config.turns, self._detector_for(rate_hz, threshold)
