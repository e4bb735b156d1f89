"""The short road of captured audio: from the line to the engine, with the local gate beside it where it is needed."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from voiceloop.audio.flow import Overheard
from voiceloop.audio.ledger import Ledger
from voiceloop.audio.unanswered import Unanswered
from voiceloop.events import (
    Event,
    SpeechFlowed,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    UserTranscribed,
)
from voiceloop.pushtotalk import PushToTalk
from voiceloop.settings import Settings, TurnSettings
from voiceloop.turn.endpointing import Endpointing
from voiceloop.vocabulary import Flow, FlowTimes, Traits

if TYPE_CHECKING:
    from voiceloop.localturns import LocalTurns

__all__ = ["Hearing"]

MAX_KEPT_FRAMES = 1500
"""30 s of 20 ms frames kept while the engine cannot take them; then the oldest goes."""
MAX_LATER = 16
BEFORE_S = 2.0
"""How much sound of before is looked at when an engine tells that somebody speaks."""

SAMPLE_BYTES = 2

Hear = Callable[[bytes, int], bool]


class Hearing:
    """Hands captured frames to the engine in order and keeps what it refuses.

    An engine that ends turns hears everything. For one that does not, the local gate tells when the user speaks, and
    only speech is handed over: whatever is in the engine's buffer becomes part of the turn, is understood and paid for.
    While there is no engine, speech is kept for the next one.
    """

    def __init__(
        self,
        rate_hz: int,
        turn: TurnSettings,
        happened: Callable[[Event], None],
        endpointing: Endpointing | None = None,
    ) -> None:
        self.dropped_frames = 0
        """Lost because the engine took none for 30 s."""
        self.last = b""
        """The newest frame, for a level meter."""
        self.unanswered = Unanswered(rate_hz)
        self._capture = self.unanswered.capture
        self._hear: Hear | None = None
        self._rate_hz = rate_hz
        self._turn = turn
        self._happened = happened
        self._kept: deque[tuple[bytes, int]] = deque()
        self._gone = 0
        """Frames that were kept once and are no more."""
        self._later: deque[tuple[int, Callable[[], None]]] = deque(maxlen=MAX_LATER)
        """What is to be done as soon as so many are gone."""
        self._taken_bytes = 0
        self._between: Callable[[], None] | None = None
        self._gated: Callable[[bytes, int], None] | None = None
        self._endpointing = endpointing or Endpointing(turn)
        self._numbers = itertools.count(1)
        self._again: Callable[[], None] | None = None
        by_key = turn.detection == "push_to_talk"
        self.key = PushToTalk(rate_hz, send=self._send, report=self._report, numbers=self._numbers) if by_key else None
        """Tells of turns where push-to-talk is set."""
        self.closed = by_key
        """Whether silence takes the place of all that is captured."""
        self._overheard: tuple[str, Overheard] | None = None
        """The turn that an engine hears over the agent."""

    @classmethod
    def of(cls, settings: Settings, ledger: Ledger, happened: Callable[[Event], None]) -> Self:
        """Return the hearing of a session, which plays from `ledger`."""
        turn = settings.realtime.turn
        times, over_echo = FlowTimes(turn.interrupt_after_ms), FlowTimes.over_echo(turn.interrupt_after_ms)

        def agent_speaks() -> FlowTimes | None:
            if ledger.playing is None:
                return None
            return over_echo if ledger.echoes else times

        endpointing = Endpointing(turn, language=settings.agent.language, agent_speaks=agent_speaks)
        return cls(ledger.rate_hz, turn, happened, endpointing)

    @property
    def heard_s(self) -> float:
        """How much sound engines have taken; what two of them took counts twice, as it is billed."""
        return self._taken_bytes / SAMPLE_BYTES / self._rate_hz

    def connect(self, hear: Hear, traits: Traits, open_turn: str) -> None:
        """Hand an engine what it must hear once more, then everything; it needs the gate if it does not end turns."""
        self._hear = hear
        self._endpointing.words_come = traits.tells_words
        if traits.ends_turns or self._gated is not None:
            again = self.unanswered.again(open_turn, whole=traits.ends_turns)
            self._gated = None if traits.ends_turns else self._gated
            self._kept.extend(again)
        else:
            self._listen(open_turn)
        self._catch_up()

    def disconnect(self, silent_s: float) -> None:
        """The engine is gone, and gave no sign of life for `silent_s` seconds."""
        self._hear = None
        if self._again is not None:  # the gate has heard nothing yet: the next engine needs another one
            self._again = self._gated = None
        self._kept.clear()
        self._later.clear()
        self.unanswered.lost(silent_s)

    def take(self, pcm: bytes, first_sample: int) -> int:
        """Take one captured frame of 16-bit mono PCM. Returns how many of its samples are heard: all or none."""
        if self.closed:
            pcm = bytes(len(pcm))
        self.last = pcm
        self._capture(pcm, first_sample)
        if self._again is not None:
            self.listen_again()
        if self._gated is None:
            self._send(pcm, first_sample)
        else:
            self._gated(pcm, first_sample)
            if self._kept:
                self._catch_up()  # no frame may follow for minutes
        if self._overheard is not None:
            self._overhear(*self._overheard, pcm, first_sample + len(pcm) // SAMPLE_BYTES)
        if self._between is not None:
            self.frame_over()
        return 0 if self.closed else len(pcm) // SAMPLE_BYTES

    def between_frames(self, work: Callable[[], None]) -> None:
        """Do something as soon as the next frame is taken, or at `frame_over`."""
        self._between = work

    def frame_over(self) -> None:
        """Do what was kept for now, if anything."""
        work, self._between = self._between, None
        if work is not None:
            work()

    def after_kept(self, work: Callable[[], None]) -> None:
        """Do what must not overtake the sound that the engine could not take yet."""
        if self._kept:
            self._later.append((self._gone + len(self._kept), work))
        else:
            work()

    def doubtful(self) -> bool:
        """Whether what is heard here contradicts an engine that listens for turns itself."""
        return self._gated is None and self.unanswered.doubtful()

    def said_so_far(self, text: str) -> None:
        """Take the words of the open turn up to the pause it is in, from an engine that recognises them early."""
        self._endpointing.said(text)

    def told(self, event: Event) -> Event:
        """Note what became of the user's turns. Returns the event, with how much was heard until then."""
        match event:
            case SpeechStarted(turn_id=turn_id, at_s=at_s):
                self.unanswered.began(turn_id, at_s)
                times = self._endpointing.agent_speaks() if event.source == "engine" else None
                if times is not None:
                    self._overheard = turn_id, Overheard(self._rate_hz, times, round(at_s * self._rate_hz))
            case SpeechStopped(turn_id=turn_id, at_s=at_s):
                self.unanswered.stopped(turn_id, at_s)
                self._overheard = None
            case TurnCommitted(turn_id=turn_id):
                self.unanswered.committed(turn_id)
                return replace(event, heard_s=self.heard_s)
            case UserTranscribed(turn_id=turn_id, text=text) if text:
                self.unanswered.known(turn_id)
            case _:
                pass
        return event

    def _overhear(self, turn_id: str, overheard: Overheard, pcm: bytes, end: int) -> None:
        """Follow what is said over the agent; the engine has told of it a while after it began."""
        for flow in overheard.hear(self.unanswered.newest(BEFORE_S) if overheard.fresh else pcm, end):
            if flow is Flow.LASTED:
                self._overheard = None
            self._happened(SpeechFlowed(turn_id, flow))

    def _send(self, pcm: bytes, first_sample: int) -> None:
        hear = self._hear
        if hear is None:
            return
        if not self._kept and hear(pcm, first_sample):
            self._taken_bytes += len(pcm)
            return
        self._kept.append((pcm, first_sample))
        self._catch_up()
        if len(self._kept) > MAX_KEPT_FRAMES:
            self._let_go()
            self.dropped_frames += 1

    def _catch_up(self) -> None:
        while self._kept and self._hear is not None and self._hear(*self._kept[0]):
            self._taken_bytes += len(self._kept[0][0])
            self._let_go()

    def _let_go(self) -> None:
        self._kept.popleft()
        self._gone += 1
        while self._later and self._later[0][0] <= self._gone:
            self._later.popleft()[1]()

    @property
    def behind(self) -> bool:
        """There is sound of before that is not listened to yet: `listen_again` is due."""
        return self._again is not None

    def listen_again(self) -> None:
        """Listen for turns in the sound of before. Each must be handed over before the next one is heard.

        So it is not for the step in which an engine takes over: whatever that leads to waits for its end.
        """
        again, self._again = self._again, None
        if again is not None:
            again()

    def _listen(self, open_turn: str) -> None:
        """Begin to listen for turns here, first of all in what the next engine must hear."""
        turns: PushToTalk | LocalTurns
        if self.key is not None:
            turns = self.key
        else:
            from voiceloop.audio.prosody import complete_by_sound  # noqa: PLC0415 - most sessions never need numpy
            from voiceloop.localturns import LocalTurns  # noqa: PLC0415 - as above

            self._endpointing.model = complete_by_sound
            turns = LocalTurns(
                self._rate_hz,
                self._turn,
                send=self._send,
                report=self._report,
                numbers=self._numbers,
                endpointing=self._endpointing,
            )
        blocks = list(self.unanswered.again(open_turn, whole=True))
        self._again = partial(turns.take_over, open_turn, blocks)
        self._gated = turns.take

    def _report(self, event: Event) -> None:
        self.told(event)
        self._happened(event)
