"""Speech of which no word was understood: the listener is told so, once, instead of being left in silence. Pure.

A turn counts when it lasted longer than a cough or a door, its words came and there were none, and the engine's reply
to it held nothing either: a model that hears the sound itself answers as it likes. Who is told once is not told again
until a turn is understood, so that a television is not apologised to all evening.
"""

from __future__ import annotations

from typing import Final

from voiceloop import events as on
from voiceloop.recent import Recent
from voiceloop.turn.machine import TurnMachine
from voiceloop.vocabulary import ReplyStatus

__all__ = ["SPOKEN_S", "Unclear"]

SPOKEN_S: Final = 0.8
"""From the first to the last sound of a turn; a cough is half as long."""
TURNS: Final = 16
"""So many are remembered; words come late at times."""


class Unclear:
    """Watches one session."""

    def __init__(self, sentence: str, machine: TurnMachine) -> None:
        """`sentence` is what to say; empty never says anything."""
        self._sentence = sentence
        self._machine = machine
        self._began_s: Recent[float] = Recent(TURNS)
        self._spoken_s: Recent[float] = Recent(TURNS)
        self._newest = self._wordless = self._unanswered = ""
        """Turns: the one that began last, the last one without words, the last one with an empty reply."""
        self._told = False

    def happened(self, event: on.Event) -> str:
        """Take an event before the machine does; return what to say now, empty for nothing."""
        match event:
            case on.SpeechStarted(turn_id=turn_id, at_s=at_s) if self._believed(event):
                self._newest = turn_id
                self._began_s.setdefault(turn_id, at_s)
            case on.SpeechStopped(turn_id=turn_id, at_s=at_s) if self._believed(event):
                self._spoken_s[turn_id] = at_s - self._began_s.get(turn_id, at_s)
            case on.UserTranscribed(turn_id=turn_id, text=text):
                self._words_came(turn_id, text)
            case on.TextTyped():
                self._told, self._newest = False, ""
            case on.ReplyFinished(reply_id=reply_id, status=ReplyStatus.COMPLETED):
                self._unanswered = self._left_unanswered(reply_id)
            case _:
                pass
        return self._due()

    def _believed(self, event: on.SpeechStarted | on.SpeechStopped) -> bool:
        return (event.source == "engine") is self._machine.traits.ends_turns

    def _left_unanswered(self, reply_id: str) -> str:
        """Return the turn that a reply with neither words, sound nor calls was for; empty where it held something."""
        reply = self._machine.replies.get(reply_id)
        if reply is None or reply.worded or reply.sounding or self._machine.calls.called(reply_id):
            return ""
        return reply.turn_id

    def _words_came(self, turn_id: str, text: str) -> None:
        if text.strip():
            self._told, self._wordless = False, ""
        elif self._spoken_s.get(turn_id, 0.0) >= SPOKEN_S:
            self._wordless = turn_id

    def _due(self) -> str:
        if not self._wordless or self._told or not self._wordless == self._unanswered == self._newest:
            return ""
        self._told, self._wordless = True, ""
        return self._sentence
