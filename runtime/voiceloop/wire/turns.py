"""The user's turns as the server tells them: ids, and buffer milliseconds turned into capture seconds.

A turn that the server ends carries the server's item id. A turn that is committed from here keeps the id it was given
here; what the server calls it is remembered, so that its transcript finds it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final
from zlib import crc32

from voiceloop import events
from voiceloop.wire.items import WireError
from voiceloop.wire.session_fields import UNSET, TurnDetection, UnsetType

__all__ = ["Turns", "fit_item_id"]

_KEPT: Final = 256
_ID_CHARS: Final = 32
"""The longest item id a server takes from a client."""
COMMIT_EMPTY: Final = "input_audio_buffer_commit_empty"
_RESUMES_WITHIN_MS: Final = 2_000
"""What a connection is given first is the beginning of the turn that is resumed."""
_EMPTY_WORDS: Final = "buffer too small"


class Turns:
    """Turns of one connection."""

    def __init__(self, id_suffix: str = "") -> None:
        """`id_suffix` ends the id of every turn that is named by the server."""
        self.id_suffix = id_suffix
        self.resumed = ""
        """A turn that was being spoken when the server before this one was lost: the next onset is its own."""
        self.detection: TurnDetection | UnsetType | None = UNSET
        """The turn detection in force."""
        self._ids: OrderedDict[str, str] = OrderedDict()
        self._commits: deque[tuple[str, str]] = deque(maxlen=_KEPT)
        self._silences: deque[str] = deque(maxlen=_KEPT)
        self._onset_s: float | None = None
        self._speaking = ""
        self._last_committed = ""
        self._made_up = False
        self._unnamed = 0

    def turn_id(self, item_id: str) -> str:
        """Our id of a server's item; the last committed turn's where the server left the id out."""
        return self._ids.get(item_id) or (item_id + self.id_suffix if item_id else self._last_committed)

    def item_id(self, turn_id: str) -> str:
        """The server's id of our turn, the newest where there were several."""
        named = (item for item, turn in reversed(self._ids.items()) if turn == turn_id)
        return next(named, turn_id.removesuffix(self.id_suffix))

    def name(self, item_id: str, turn_id: str) -> None:
        """Remember what the server calls our turn."""
        self._ids[item_id] = turn_id
        while len(self._ids) > _KEPT:
            self._ids.popitem(last=False)

    def started(self, item_id: str, audio_start_ms: int, offset_s: float) -> events.SpeechStarted:
        """Speech began; the padding that the server puts before it is taken off.

        `offset_s` is the capture-clock second of the first sample appended on this connection.
        """
        self._made_up = not item_id
        self._unnamed += self._made_up
        resumed, self.resumed = self.resumed, ""
        if audio_start_ms > _RESUMES_WITHIN_MS:
            resumed = ""  # it was nothing after all, and somebody speaks now
        if resumed and item_id:
            self.name(item_id, resumed)
        self._speaking = resumed or (self.turn_id(item_id) if item_id else f"turn_{self._unnamed}{self.id_suffix}")
        self._onset_s = offset_s + (audio_start_ms + self._padding_ms()) / 1000
        return events.SpeechStarted(self._speaking, self._onset_s)

    def stopped(self, item_id: str, audio_end_ms: int, offset_s: float) -> events.SpeechStopped:
        """Speech ended; the silence that the server waited for is taken off. Never before the onset."""
        at_s = offset_s + max(0, audio_end_ms - self._hangover_ms()) / 1000
        if self._onset_s is not None:
            at_s = max(at_s, self._onset_s)
        return events.SpeechStopped(self.turn_id(item_id) if item_id else self._speaking, at_s)

    def idled(self, item_id: str) -> None:
        """Nobody has spoken for long: the item is silence."""
        if item_id:
            self._silences.append(item_id)

    def is_silence(self, item_id: str) -> bool:
        """The item holds no turn of the user's."""
        return item_id in self._silences

    def commit_sent(self, event_id: str, turn_id: str) -> None:
        """A commit of our own went out."""
        self._commits.append((event_id, turn_id))

    def commit_refused(self, error: WireError) -> None:
        """An error arrived; if it says that a commit of ours found nothing, that commit is forgotten.

        Without an id it is the oldest.
        """
        empty = found_nothing(error)
        for entry in list(self._commits):
            if entry[0] == error.event_id or (empty and not error.event_id):
                self._commits.remove(entry)
                return

    def committed(self, item_id: str, previous_id: str | None) -> events.TurnCommitted:
        """The server holds a turn: one it heard begin, else the one we committed longest ago."""
        turn_id = self._committed_turn(item_id)
        if item_id and self.turn_id(item_id) != turn_id:
            self.name(item_id, turn_id)
        self._last_committed = turn_id
        return events.TurnCommitted(turn_id, None if previous_id is None else self.turn_id(previous_id))

    def _committed_turn(self, item_id: str) -> str:
        heard, named = self._speaking, self.turn_id(item_id) if item_id else ""
        if heard and (named == heard or (self._made_up and not self._commits)):
            self._speaking = ""
            self._commits = deque((entry for entry in self._commits if entry[1] != heard), maxlen=_KEPT)
            return heard
        return self._commits.popleft()[1] if self._commits else named

    def _padding_ms(self) -> int:
        match self.detection:
            case TurnDetection(type="server_vad", prefix_padding_ms=int(padding_ms)):
                return padding_ms
            case _:
                return 0

    def _hangover_ms(self) -> int:
        match self.detection:
            case TurnDetection(type="server_vad", silence_duration_ms=int(silence_ms)):
                return silence_ms
            case _:
                return 0


def fit_item_id(turn_id: str) -> str:
    """An item id for a turn of ours: the same one where it is short enough, else a shortened one that stays unique."""
    if len(turn_id) <= _ID_CHARS:
        return turn_id
    digest = f"{crc32(turn_id.encode()):08x}"
    return turn_id[: _ID_CHARS - len(digest) - 1] + "_" + digest


def found_nothing(error: WireError) -> bool:
    """A commit was refused because there was no speech to hand over; some servers say so in words only."""
    return error.code == COMMIT_EMPTY or _EMPTY_WORDS in error.message.lower()
