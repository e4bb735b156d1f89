"""The user's speech that no engine has put on record yet, so that the next engine can hear it.

A turn's sound is kept until its words are known, thirty seconds at most. Positions are sample numbers of the capture
clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voiceloop.audio.onset import first_sound, loud_s
from voiceloop.audio.ring import Ring

__all__ = ["PREROLL_S", "Unanswered"]

KEPT_S = 30.0
IDLE_S = 6.0
"""Kept while nothing is unanswered: the longest time in which a dead engine goes unnoticed, and the margin."""
PREROLL_S = 0.3
"""Before an onset; what is older is silence and never heard again."""
TAIL_S = 0.1
"""After the last sample of speech of a turn that is handed over as sound."""
MARGIN_S = 1.5
"""An engine may be this far behind in telling that somebody speaks."""
BLOCK_S = 0.1
DOUBT_S = 1.5
"""So much of the newest sound is held against what the engine tells."""
SPEECH_S = 0.7
"""Of that, so much is speech that the engine should have told of."""
SAMPLE_BYTES = 2


@dataclass(slots=True)
class _Turn:
    start: int
    end: int | None = None
    committed: bool = False


class Unanswered:
    """The speech of one session."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._idle = round(IDLE_S * rate_hz)
        self._ring = Ring(rate_hz, KEPT_S)
        self._turns: dict[str, _Turn] = {}
        self._answered_until = 0
        """Up to here everything belongs to a turn that was handed over."""
        self._unheard_from: int | None = None
        """Set while there is no engine: where the last one may have stopped to listen."""
        self._doubted_from: int | None = None
        """Set while the engine seems deaf: where that began which it tells nothing of."""
        self._again_from = self._again_at = 0
        """Where that began which the engine was given once more, and where the capture stood then."""

    def capture(self, pcm: bytes, first_sample: int) -> None:
        """Keep one captured frame of 16-bit mono PCM."""
        self._ring.write(pcm, first_sample)
        if not self._turns and self._unheard_from is None and self._doubted_from is None:
            idle_from = self._ring.end - self._idle
            young = idle_from < self._again_at
            self._ring.forget(min(idle_from, self._again_from) if young else idle_from)

    # What becomes of turns ---------------------------------------------------------------------------------------

    def began(self, turn_id: str, at_s: float) -> None:
        """Speech began; a turn that is heard for the second time keeps its beginning."""
        turn = self._turns.setdefault(turn_id, _Turn(self._samples(at_s)))
        turn.end = None
        if self._unheard_from is not None:
            self._join()

    def stopped(self, turn_id: str, at_s: float) -> None:
        """Speech of a turn ended."""
        if turn_id in self._turns:
            self._turns[turn_id].end = self._samples(at_s)

    def committed(self, turn_id: str) -> None:
        """The engine holds the turn; its words may still be missing."""
        turn = self._turns.setdefault(turn_id, _Turn(self._ring.end, self._ring.end))
        turn.committed = True
        turn.end = self._ring.end if turn.end is None else turn.end
        self._answered_until = max(self._answered_until, turn.end + self._samples(TAIL_S))
        self._turns = {name: turn for name, turn in self._turns.items() if turn.end is None or self._holds(turn)}

    def known(self, turn_id: str) -> None:
        """The turn's words are on record, or it was nothing."""
        turn = self._turns.pop(turn_id, None)
        if turn is not None and turn.end is not None:
            self._answered_until = max(self._answered_until, turn.end)

    def doubtful(self) -> bool:
        """Whether the newest sound contradicts the engine: somebody speaks and it tells of nobody, or the reverse.

        Loudness is no proof, only a reason to ask the engine for a sign of life.
        """
        end = self._ring.end
        heard_s = loud_s(self._ring.read(max(end - self._samples(DOUBT_S), self._answered_until), end), self._rate_hz)
        waiting = [turn.start for turn in self._turns.values() if not turn.committed]
        doubtful = heard_s == 0 if waiting else heard_s >= SPEECH_S
        if not doubtful:
            self._doubted_from = None
        elif self._doubted_from is None:
            self._doubted_from = min(waiting, default=end - self._samples(DOUBT_S + MARGIN_S))
        return doubtful

    # Engines come and go -----------------------------------------------------------------------------------------

    def lost(self, silent_s: float) -> None:
        """The engine is gone; it gave no sign of life for `silent_s` seconds."""
        heard_until = self._ring.end - self._samples(silent_s + MARGIN_S)
        # One that was lost so soon may not have heard what it was given once more.
        self._unheard_from = min(heard_until, self._again_from) if heard_until < self._again_at else heard_until
        if self._doubted_from is not None:
            self._unheard_from = min(self._unheard_from, self._with_preroll(self._doubted_from))
        self._doubted_from = None
        self._join()

    def newest(self, seconds: float) -> bytes:
        """The sound up to now, as much of it as there is."""
        return self._ring.read(self._ring.end - self._samples(seconds), self._ring.end)

    def speech(self, turn_id: str) -> bytes:
        """The sound of a turn that was handed over; empty when it is no longer there."""
        turn = self._turns.get(turn_id)
        if turn is None or not turn.committed or turn.end is None:
            return b""
        return self._ring.read(self._with_preroll(turn.start), turn.end + self._samples(TAIL_S))

    def again(self, open_turn: str, *, whole: bool) -> Iterator[tuple[bytes, int]]:
        """Blocks of sound, oldest first, that the next engine must hear before what is captured from now on.

        `open_turn` is the turn that is being spoken; without one, it is what sounds like speech since the last engine
        listened. `whole`: up to now, since the engine listens for the end of a turn itself.
        """
        start, end = self._span(open_turn, whole=whole)
        self._unheard_from = None
        self._again_from, self._again_at = start, self._ring.end
        self._turns = {name: turn for name, turn in self._turns.items() if turn.committed or name == open_turn}
        first, pcm = max(start, self._ring.oldest), self._ring.read(start, end)
        size = self._samples(BLOCK_S) * SAMPLE_BYTES
        for at in range(0, len(pcm), size):
            yield pcm[at : at + size], first + at // SAMPLE_BYTES

    def _span(self, open_turn: str, *, whole: bool) -> tuple[int, int]:
        end = self._ring.end
        turn = self._turns.get(open_turn)
        if turn is not None and not turn.committed:
            until = end if whole or turn.end is None else min(turn.end + self._samples(TAIL_S), end)
            return max(self._with_preroll(turn.start), self._answered_until), until
        if self._unheard_from is None or not whole:
            return end, end
        start = max(self._unheard_from, self._answered_until, self._ring.oldest)
        offset = first_sound(self._ring.read(start, end), self._rate_hz)
        return (end, end) if offset is None else (max(self._with_preroll(start + offset), self._answered_until), end)

    def _join(self) -> None:
        """Speech that was not handed over when the engine was lost becomes part of the newest turn."""
        waiting = [turn for turn in self._turns.values() if not turn.committed]
        if waiting:
            waiting[-1].start = min(turn.start for turn in waiting)

    def _with_preroll(self, sample: int) -> int:
        return max(0, sample - self._samples(PREROLL_S))

    def _holds(self, turn: _Turn) -> bool:
        return turn.end is not None and turn.end > self._ring.oldest

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._rate_hz)
