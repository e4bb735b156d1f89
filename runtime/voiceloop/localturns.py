"""The local gate on the short road: it tells when the user speaks, and hands over that alone.

Whatever is in the buffer of an engine that does not end turns becomes part of the turn, is understood and paid for.
How much silence ends a turn follows from what was said so far and how, except while the agent speaks: what is said into
its words is first of all a cough or an interruption, and that must be told soon. It also has to be louder then, since
what echo cancellation leaves of the agent's own voice is not addressed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from voiceloop.audio.flow import SpeechFlow
from voiceloop.audio.gate import Gate, SpeechOnset
from voiceloop.audio.ring import Ring
from voiceloop.audio.vad import webrtc_detector
from voiceloop.events import SpeechFlowed, SpeechStarted, SpeechStopped
from voiceloop.settings import TurnSettings
from voiceloop.turn.endpointing import Endpointing

__all__ = ["LocalTurns"]

SAMPLE_BYTES = 2
SOUND_AFTER_MS = 160
"""Silence after which the voice before it is judged."""
SOUND_S = 3.0
LATE_MS = 20
"""So much of a voice is rarely heard before the gate is sure of it."""
LATE_IN_NOISE_MS = 40
NOISE_DB = 22.0
"""Where a voice stands out by less when it is noticed, its beginning is under the noise."""
FLOOR_DB = -50.0
FLOOR_OVER_AGENT_DB = -45.0


class LocalTurns:
    """Hands captured speech to `send` and tells `report` of it; `numbers` name the turns of a session."""

    def __init__(
        self,
        rate_hz: int,
        turn: TurnSettings,
        *,
        send: Callable[[bytes, int], None],
        report: Callable[[SpeechStarted | SpeechStopped | SpeechFlowed], None],
        numbers: Iterator[int],
        endpointing: Endpointing | None = None,
    ) -> None:
        self._numbers = numbers
        self._rate_hz = rate_hz
        self._gate = Gate(
            rate_hz,
            webrtc_detector(rate_hz),
            hangover_ms=turn.silence_ms,
            preroll_ms=turn.prefix_padding_ms,
        )
        self._endpointing = endpointing or Endpointing(turn)
        self._send = send
        self._report = report
        self._flow: SpeechFlow | None = None
        """Of what is being said over the agent."""
        self._recent = Ring(rate_hz, SOUND_S)
        self._judged = False
        """The voice before this pause."""
        self._turn_id = self._open_turn = ""
        self._began = self._sent_to = 0

    def take(self, pcm: bytes, first_sample: int) -> None:
        """Take captured audio, 16-bit mono PCM."""
        end = first_sample + len(pcm) // SAMPLE_BYTES
        handing_over = self._gate.speaking or bool(self._open_turn)
        self._gate.wait(self._endpointing.silence_ms)
        self._gate.floor_db = FLOOR_OVER_AGENT_DB if self._endpointing.agent_speaks() is not None else FLOOR_DB
        verdicts = self._gate.feed(pcm, first_sample)
        self._recent.write(pcm, first_sample)
        self._judge(end)
        if handing_over:
            self._send(pcm, first_sample)
            self._sent_to = end
        if any(isinstance(verdict, SpeechOnset) for verdict in verdicts):
            speech = self._gate.preroll()
            start = end - len(speech) // SAMPLE_BYTES
            again = max(0, self._sent_to - start)  # the pre-roll may reach back into the turn before
            self._send(speech[again * SAMPLE_BYTES :], start + again)
            self._sent_to = end
        for verdict in verdicts:  # after the sound they are about: an end hands the turn over
            at_s = verdict.sample / self._rate_hz
            if isinstance(verdict, SpeechOnset):
                self._began = verdict.sample
                self._turn_id = self._open_turn or f"turn-{next(self._numbers)}"
                if (times := self._endpointing.agent_speaks()) is not None:
                    late_ms = LATE_MS if self._gate.contrast_db >= NOISE_DB else LATE_IN_NOISE_MS
                    began = verdict.sample - self._rate_hz * late_ms // 1000
                    self._flow = SpeechFlow(self._rate_hz, times, began)
                self._report(SpeechStarted(self._turn_id, at_s, "local"))
            else:
                self._open_turn, self._flow = "", None
                self._report(SpeechStopped(self._turn_id, at_s, "local"))
        self._follow(end)

    def _follow(self, end: int) -> None:
        flow = None if self._flow is None else self._flow.follow(end, speech=not self._gate.silent_samples)
        if flow is not None:
            self._report(SpeechFlowed(self._turn_id, flow))

    def _judge(self, end: int) -> None:
        silent = self._gate.silent_samples
        if not silent:
            self._judged = False
            self._endpointing.went_on()
        elif not self._judged and silent * 1000 >= SOUND_AFTER_MS * self._rate_hz:
            self._judged = True
            since = max(self._recent.oldest, self._began, end - int(SOUND_S * self._rate_hz))
            self._endpointing.sounded(self._recent.read(since, end), self._rate_hz)

    def take_over(self, turn_id: str, blocks: Iterable[tuple[bytes, int]]) -> None:
        """Take once more what an engine heard that ended turns by itself; it had begun a turn unless the id is empty.

        That turn keeps its id, and all its sound is handed over. Where the gate hears nobody in it, it is over.
        """
        self._open_turn = turn_id
        for pcm, first_sample in blocks:
            self.take(pcm, first_sample)
        if self._open_turn and not self._gate.speaking:
            self._open_turn = ""
            self._report(SpeechStopped(turn_id, self._sent_to / self._rate_hz, "local"))
