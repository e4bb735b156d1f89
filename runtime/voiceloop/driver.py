"""Drives one core: takes events one at a time, and carries the commands they bring out before taking the next.

No `await` stands between an event and its effects, so nothing can happen in between. Deadlines are timers of the loop
and come back as events.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, assert_never

from voiceloop import commands as do
from voiceloop import events as on
from voiceloop.audio.ledger import Ledger
from voiceloop.core import Core
from voiceloop.devices.base import Line
from voiceloop.errors import MisuseError
from voiceloop.notices.sounds import sound
from voiceloop.rollover import ROLL_OVER_NOW
from voiceloop.switchboard import Switchboard
from voiceloop.tools.bus import ToolBus
from voiceloop.transcript import TranscriptLine
from voiceloop.vocabulary import Item

if TYPE_CHECKING:
    from voiceloop.tape import TapeWriter

__all__ = ["Driver", "Hands"]

MAX_WAITING_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Hands:
    """Who carries commands out."""

    board: Switchboard
    ledger: Ledger
    line: Line | None
    bus: ToolBus
    open_line: Callable[[], None]
    summarise: Callable[[Sequence[Item]], None]
    write: Callable[[TranscriptLine], None]
    ended: Callable[[do.EndSession], None]
    failed: Callable[[BaseException], None]
    """Told when carrying something out raised, which must not happen; the driver can go on."""


class Driver:
    """Steps the core. All methods are plain calls on the loop's thread."""

    def __init__(self, core: Core, tape: TapeWriter | None = None) -> None:
        self.core = core
        self.hands: Hands | None = None
        """To be set before the first event."""
        self._tape = tape
        self._inbox: deque[tuple[on.Event, float]] = deque()
        self._stepping = False
        self._stopped = False
        self._deadlines: dict[str, asyncio.TimerHandle] = {}

    def happened(self, event: on.Event, not_before_s: float = 0.0) -> None:
        """Handle an event; one that is reported while another is being handled waits for its turn.

        Raises MisuseError when 10,000 wait, which ends in `Hands.failed`; else nothing.
        """
        if self._stopped:
            return
        if len(self._inbox) >= MAX_WAITING_EVENTS:
            raise MisuseError("events cause each other without end")
        if self._stepping:
            self._inbox.append((event, not_before_s))
            return
        # What was heard until now comes first: its news may be about the very reply that this event flushes.
        self._hear_the_line()
        self._inbox.append((event, not_before_s))
        self._work_off()

    def _hear_the_line(self) -> None:
        hands = self.hands
        assert hands is not None, "set before the first event"
        if hands.line is not None and self.core.narrator.zero_s is not None:
            hands.ledger.ack(hands.line.played().sample)

    def _work_off(self) -> None:
        assert self.hands is not None, "set before the first event"
        self._stepping = True
        failure: Exception | None = None
        try:
            while self._inbox:
                self._step(*self._inbox.popleft(), self.hands)
        except Exception as error:  # noqa: BLE001 - raised into a socket or a clock, it would only be logged there
            self._inbox.clear()
            failure = error
        finally:
            self._stepping = False
        if failure is not None:
            self.hands.failed(failure)

    def stop(self) -> None:
        """Forget every deadline and handle nothing any more."""
        self._stopped = True
        for name in list(self._deadlines):
            self._clear_deadline(name)

    def _step(self, event: on.Event, not_before_s: float, hands: Hands) -> None:
        now = max(asyncio.get_running_loop().time(), not_before_s)
        commands = self.core.step(event, now)
        if self._tape is not None:
            self._tape.step(now, event, commands)
        for command in commands:
            self._carry_out(command, hands)

    def _carry_out(self, command: do.Command, hands: Hands) -> None:
        match command:
            case do.WriteLine():
                hands.write(TranscriptLine.of(command))
            case do.SetDeadline(name=name, at_s=at_s):
                self._set_deadline(name, at_s)
            case do.ClearDeadline(name=name):
                self._clear_deadline(name)
            case do.SealPlayback() | do.MuteReply() | do.PausePlayback() | do.ResumePlayback() | do.DuckPlayback():
                self._play(command, hands)
            case do.FlushPlayback() | do.PlayNotice() | do.StopNotice():
                self._play(command, hands)
            case do.RunTool(call=call):
                hands.bus.run(call)
            case do.CancelTool(call_id=call_id):
                hands.bus.cancel(call_id)
            case do.OpenEngine() | do.PrepareEngine() | do.DismissEngine() | do.SwitchEngine() | do.Recall():
                self._lead(command, hands)
            case do.OpenLine():
                hands.open_line()
            case do.Summarise():
                hands.summarise(self.core.history.older)
            case do.EndSession():
                hands.ended(command)
            case (
                do.AskReply()
                | do.CancelReply()
                | do.TrimReply()
                | do.CommitTurn()
                | do.ForgetTurn()
                | do.SendText()
                | do.SendImage()
                | do.SendToolOutput()
                | do.UpdateEngine()
                | do.SendSaid()
            ):
                hands.board.obey(command)
            case _:
                assert_never(command)

    def _lead(self, command: do.LeadCommand, hands: Hands) -> None:
        match command:
            case do.OpenEngine(tier=tier):
                hands.board.open(tier)
            case do.PrepareEngine(tier=tier, rehearse=rehearse):
                hands.board.prepare(tier, rehearse)
            case do.DismissEngine(tier=tier):
                hands.board.dismiss(tier)
            case do.SwitchEngine(tier=tier):
                hands.board.switch(tier)
            case do.Recall(items=items, open_turn=open_turn):
                # What the same step put on record after this is in a command of its own.
                hands.board.recall(self.core.narrator.conversation.items[:items], open_turn)
            case _:
                assert_never(command)

    def _play(self, command: do.PlaybackCommand, hands: Hands) -> None:
        match command:
            case do.SealPlayback(reply_id=reply_id):
                hands.ledger.seal(reply_id)
            case do.MuteReply(reply_id=reply_id):
                hands.ledger.mute(reply_id)
            case do.PausePlayback():
                hands.ledger.pause()
            case do.ResumePlayback():
                hands.ledger.resume()
            case do.DuckPlayback(gain=gain):
                hands.ledger.duck(gain)
            case do.FlushPlayback():
                self._flush(hands)
            case do.PlayNotice(notice_id=notice_id, name=name):
                pcm = sound(name, self.core.profile.notices.language, hands.ledger.rate_hz)
                hands.ledger.put(notice_id, notice_id, 0, pcm)
                hands.ledger.seal(notice_id)
            case do.StopNotice(notice_id=notice_id):
                hands.ledger.drop(notice_id)
            case _:
                assert_never(command)

    def _flush(self, hands: Hands) -> None:
        line = None if self.core.narrator.zero_s is None else hands.line
        # The line played on while the core decided.
        spans = hands.ledger.flush(0 if line is None else line.played().sample)
        if line is not None:
            line.flush(hands.ledger.generation)
        # Ahead of whatever waits: the core relies on the answer coming in the same breath.
        self._inbox.appendleft((on.PlaybackFlushed(spans, hands.ledger.heard_until_s, hands.board.heard_s), 0.0))

    def _set_deadline(self, name: str, at_s: float) -> None:
        self._clear_deadline(name)
        self._deadlines[name] = asyncio.get_running_loop().call_at(at_s, self._passed, name, at_s)

    def _clear_deadline(self, name: str) -> None:
        handle = self._deadlines.pop(name, None)
        if handle is not None:
            handle.cancel()

    def _passed(self, name: str, at_s: float) -> None:
        self._deadlines.pop(name, None)
        # Loops may call a little early; the core counts on the time.
        report = partial(self.happened, on.DeadlinePassed(name), at_s)
        if name == ROLL_OVER_NOW and self.hands is not None:
            self.hands.board.between_frames(report)
        else:
            report()
