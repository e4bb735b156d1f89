"""The seam between a session and whatever listens and answers: a realtime socket, a REST cascade, models here.

Audio crosses it by plain call, everything else as an event. Nothing assumes one reply at a time, nor that the user is
silent while the agent speaks.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from voiceloop.commands import EngineCommand
from voiceloop.events import Event
from voiceloop.vocabulary import AudioFormat, Item, Tier, ToolSpec

__all__ = ["Engine", "EnginePort", "Seed"]


@dataclass(frozen=True, slots=True)
class Seed:
    """What an engine is opened with; what was said before it comes with `recall`."""

    instructions: str
    tools: Sequence[ToolSpec]
    format: AudioFormat
    language: str = "en"
    voice: str | None = None
    vocabulary: Sequence[str] = ()
    pronounce: Mapping[str, str] = field(default_factory=dict)
    """How words sound that are spoken otherwise than they are written."""
    modality: Literal["audio", "text"] = "audio"
    """Text: replies are read, no audio is made."""
    rehearse: str = ""
    """The endpoint that an engine of this tier failed at last ("transcribe", "chat" or "speak"), to be tried in earnest
    before the engine calls itself ready; empty, or a name it does not know: nothing is tried."""


class EnginePort(Protocol):
    """What an engine may do to its session. All are plain calls on the loop's thread."""

    def happened(self, event: Event) -> None:
        """Report an event; it is handled before this returns unless another one is being handled."""

    def audio(self, reply_id: str, item_id: str, content_index: int, pcm: bytes) -> bool:
        """Hand over received reply audio, 16-bit PCM at the session's rate, any length.

        False: playback is far behind and the audio was dropped; the ledger counts it.
        """

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a named task of the session's group."""

    def said_so_far(self, text: str) -> None:
        """Tell the words of the open turn up to the pause it is in; empty when they will not come before its end.

        How much more silence ends the turn follows from them. Only for engines whose trait is `tells_words`.
        """

    def doubtful(self) -> bool:
        """Tell whether what is heard here contradicts what the engine tells: a reason to see if it is still there."""

    def speech(self, turn_id: str) -> bytes:
        """Return a spoken turn as 16-bit PCM at the session's rate; empty when it is no longer there."""


class Engine(Protocol):
    """Listens and answers, once: from `open` until it reports `EngineLost` or is closed."""

    @property
    def tier(self) -> Tier:
        """Which tier it is of."""

    def fresh(self, connection: int) -> Engine:
        """Return an engine of the same kind to open after this one, the session's `connection`th (the first is 1).

        Ids it gives must differ from those of the ones before.
        """

    async def open(self, seed: Seed, port: EnginePort) -> None:
        """Connect and configure; reports `EngineReady` or `EngineLost`, raises neither. Cancelling closes it."""

    def hear(self, pcm: bytes, first_sample: int) -> bool:
        """Take captured audio (16-bit PCM at the session's rate). False: the buffer is full, the caller keeps it."""

    def recall(self, items: Sequence[Item], open_turn: str) -> None:
        """Take over a conversation: what was said so far, and the turn that is being spoken.

        Called once, when the engine is ready, before it hears or obeys anything. The speech of the open turn is then
        heard once more and keeps its id. A user turn without words is asked for with `EnginePort.speech`.
        """

    def obey(self, command: EngineCommand) -> None:
        """Start carrying out a command; its outcome arrives as an event."""

    async def close(self, within_s: float) -> None:
        """Close politely, or hard after `within_s`. Idempotent; safe to cancel."""
