"""The playback ledger: what waits to be played, and what the listener has really heard.

Engines `put` reply audio, much faster than it can be played. The line `pull`s it at the pace of its clock and `ack`s
what was really played. Only the acknowledged part counts as heard; history is cut by it when the user interrupts.

The line counts one thing, the position: samples pulled since it opened, silence included. Samples a flush throws away
keep their positions: a line that plays silence in their place and a line that skips them both go on counting after
them, so a late acknowledgement of an old generation finds nothing and does no harm.

Cost: a frame makes no object but the bytes it returns; verdicts are made twice per reply.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from voiceloop.audio.playout import NO_HOLD, SAMPLE_BYTES, Fader, Part, Reply, RetiredIds, Timeline
from voiceloop.events import Event, PlaybackFinished, PlaybackStarted
from voiceloop.vocabulary import HeardSpan

__all__ = ["Ledger"]

_LIVE_REPLIES = 64
"""A bound against a peer that makes up a new reply for every delta."""


class Ledger:
    """Queue and bookkeeping of everything the agent says, in 16-bit mono PCM at `rate_hz`.

    Plain calls on one thread. `notify` is called when the ledger's own state is complete, so it may call any verb.
    Replies play in the order of their first audio; one that has run dry lets the next one play.
    """

    def __init__(self, rate_hz: int, notify: Callable[[Event], None], *, max_queued_s: float = 120.0) -> None:
        self.rate_hz = rate_hz
        self.generation = 0
        """Grows with each flush; audio pulled under an older one must not be played any more."""
        self.position = 0
        """Samples pulled since the line opened, silence included."""
        self.heard_until_s: float | None = None
        """Where the last sample of any reply ended that the listener heard, in seconds of position."""
        self.late_samples = 0
        """Dropped because their reply was muted, flushed, sealed or finished."""
        self.refused_samples = 0
        """Dropped because the ledger was full."""
        self.echoes = False
        """What is played comes back through the microphone, as far as it is not cancelled; for the line to set."""
        self.underruns = 0
        """Gaps in the middle of a reply because its audio came too late."""
        self._notify = notify
        self._max_queued = int(max_queued_s * rate_hz) * SAMPLE_BYTES
        self._queued = 0  # bytes
        self._replies: dict[str, Reply] = {}
        self._retired = RetiredIds()
        self._floor: Reply | None = None
        self._heard: Reply | None = None
        self._timeline = Timeline(self._hear)
        self._verdicts: deque[PlaybackStarted | PlaybackFinished] = deque()
        self.fader = Fader()
        """Makes what is pulled as loud as it should be; a line that does so by itself may put its own here."""
        self._paused = False
        self._starved = False

    # What the engine and the core do ---------------------------------------------------------------------------------

    def put(self, reply_id: str, item_id: str, content_index: int, pcm: bytes) -> bool:
        """Queue received audio; any number of bytes, a split sample waits for its other half.

        False: the ledger is full and nothing was stored. Late audio is dropped, counted and True: nothing is wrong.
        """
        reply = self._replies.get(reply_id)
        if reply_id in self._retired if reply is None else not reply.open:
            self.late_samples += len(pcm) // SAMPLE_BYTES
            return True
        part = None
        if self._queued + len(pcm) <= self._max_queued:
            reply = reply or self._admit(reply_id)
            part = None if reply is None else reply.part(item_id, content_index)
        if reply is None or part is None:
            self.refused_samples += len(pcm) // SAMPLE_BYTES
            return False
        pcm = part.whole(pcm)
        if pcm:
            reply.store(part, pcm)
            self._queued += len(pcm)
            self._starved = False
        return True

    def seal(self, reply_id: str) -> None:
        """No more audio will come for this reply; one that never had any finishes at once."""
        reply = self._replies.get(reply_id)
        if reply is not None:
            reply.sealed = True
            reply.open = False
            if reply.heard == reply.received:
                self._finish(reply)
        elif not self._retired.is_over(reply_id):
            self._retired.add(reply_id, over=True)
            self._verdicts.append(PlaybackFinished(reply_id, ()))
        while self._verdicts:
            self._notify(self._verdicts.popleft())

    def drop(self, reply_id: str) -> None:
        """Play nothing more of this reply; what the line has pulled is heard out, and `PlaybackFinished` follows."""
        reply = self._replies.get(reply_id)
        if reply is not None:
            self._queued -= reply.drop()
            self.seal(reply_id)

    def mute(self, reply_id: str) -> None:
        """Drop whatever audio still arrives for this reply; what is queued plays on."""
        self._retired.add(reply_id, over=False)
        reply = self._replies.get(reply_id)
        if reply is not None:
            reply.open = False

    def hold_after(self, reply_id: str, sample: int | None) -> None:
        """Play nothing of this reply from its sample number `sample` on; None releases it.

        May come before the reply's first audio. Samples already pulled cannot be held back. Meanwhile nothing else
        plays, and the silence counts in the position but not as heard.
        """
        reply = self._replies.get(reply_id) or self._admit(reply_id)
        if reply is not None:
            reply.hold = NO_HOLD if sample is None else max(sample, reply.pulled)

    def duck(self, gain: float) -> None:
        """Play at `gain` (0 to 1) from the next pull on, with a ramp over that pull.

        Where the user's microphone hears what is played, it pauses instead: without an echo the user is understood.
        """
        if self.echoes:
            self._paused = gain < 1.0
        else:
            self.fader.target = gain

    def pause(self) -> None:
        """Silence from the next pull on; keep the rest."""
        self._paused = True

    def resume(self) -> None:
        """Go on with exactly the sample that would have been next."""
        self._paused = False

    def flush(self, played: int = 0) -> tuple[HeardSpan, ...]:
        """Throw away all that is unplayed and start a new generation; also ends a pause, a duck and every hold.

        `played` is the position the line has come to since the last `ack`. Returns what was heard of each part of each
        reply that was not finished then, oldest first. The replies are muted and never give `PlaybackFinished`.
        """
        unfinished = dict(self._replies)
        self._timeline.ack(played)
        spans = tuple(span for reply in unfinished.values() for span in reply.spans(self.rate_hz))
        # A start that was not reported yet would now arrive after the flush that ended its reply.
        self._verdicts = deque(verdict for verdict in self._verdicts if verdict.reply_id not in unfinished)
        for reply_id in unfinished:
            self._retired.add(reply_id, over=True)
        self._replies.clear()
        self._timeline.clear()
        self._floor = self._heard = None
        self._queued = 0
        self._paused = self._starved = False
        self.fader.reset()
        self.generation += 1
        return spans

    # What the line does ----------------------------------------------------------------------------------------------

    def pull(self, samples: int) -> bytes:
        """The next `samples` samples to play, silence where there are none; moves `position` by as much."""
        reply = self._floor
        if reply is None or self._paused or not reply.chunks or reply.pulled >= reply.hold:
            pcm = self._gather(samples)
        else:
            part, pcm = reply.take(samples)
            size = len(pcm)
            self._queued -= size
            taken = size // SAMPLE_BYTES
            self.position = self._timeline.note(self.position, part, taken)
            if taken < samples:
                pcm += self._gather(samples - taken)
        return pcm if self.fader.steady else self.fader.apply(pcm)

    def ack(self, position: int) -> None:
        """The line has played everything before `position`; what was acknowledged stays so."""
        self._timeline.ack(position)
        while self._verdicts:
            self._notify(self._verdicts.popleft())

    # What anyone may ask ---------------------------------------------------------------------------------------------

    def heard(self, reply_id: str) -> tuple[HeardSpan, ...]:
        """What was heard so far of each part of an unfinished reply; empty for any other."""
        reply = self._replies.get(reply_id)
        return () if reply is None else reply.spans(self.rate_hz)

    @property
    def playing(self) -> str | None:
        """The reply the listener is in the middle of: something of it was heard and it is not finished."""
        return None if self._heard is None else self._heard.reply_id

    @property
    def idle(self) -> bool:
        """No reply is unfinished. One that has run dry unsealed is unfinished: more of it may come."""
        return not self._replies

    @property
    def queued_ms(self) -> int:
        """Audio that the line has not pulled yet."""
        return self._queued // SAMPLE_BYTES * 1000 // self.rate_hz

    # Inside ----------------------------------------------------------------------------------------------------------

    def _admit(self, reply_id: str) -> Reply | None:
        """A new reply, unless it is an old one or there are too many."""
        if reply_id in self._retired or len(self._replies) >= _LIVE_REPLIES:
            return None
        reply = self._replies[reply_id] = Reply(reply_id)
        return reply

    def _gather(self, samples: int) -> bytes:
        """`samples` samples from as many chunks and replies as it takes, then silence."""
        pieces: list[bytes] = []
        wanted = 0 if self._paused else samples
        while wanted:
            if self._floor is None or not self._floor.chunks:
                waiting = next((reply for reply in self._replies.values() if reply.chunks), None)
                if waiting is None:
                    break
                self._floor = waiting
            if self._floor.pulled >= self._floor.hold:
                break
            part, pcm = self._floor.take(wanted)
            self._queued -= len(pcm)
            self.position = self._timeline.note(self.position, part, len(pcm) // SAMPLE_BYTES)
            wanted -= len(pcm) // SAMPLE_BYTES
            samples -= len(pcm) // SAMPLE_BYTES
            pieces.append(pcm)
        if wanted and self._floor is not None and self._floor.open and not self._floor.chunks and not self._starved:
            self.underruns += 1
            self._starved = True
        self.position += samples
        pieces.append(bytes(samples * SAMPLE_BYTES))
        return b"".join(pieces)

    def _hear(self, part: Part, samples: int, end: int) -> None:
        """The line played that many more samples of a part, up to the position `end`."""
        reply = part.reply
        self.heard_until_s = end / self.rate_hz
        part.heard += samples
        reply.heard += samples
        if not reply.started:
            reply.started = True
            self._verdicts.append(PlaybackStarted(reply.reply_id, (end - samples) / self.rate_hz))
        self._heard = reply
        if reply.sealed and reply.heard == reply.received:
            self._finish(reply)

    def _finish(self, reply: Reply) -> None:
        """Everything of a sealed reply was heard."""
        del self._replies[reply.reply_id]
        self._retired.add(reply.reply_id, over=True)
        if self._heard is reply:
            self._heard = None
        if self._floor is reply:
            self._floor = None
        self._verdicts.append(PlaybackFinished(reply.reply_id, reply.spans(self.rate_hz), self.heard_until_s))
