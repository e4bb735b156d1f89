"""What a scripted server is about to send: frames in order, steps at their times, and the names of events."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from voiceloop.testing.gateway_items import Event
from voiceloop.testing.script import Close, Stall, Vanish

__all__ = ["BETA_NAMES", "Outbox", "Output", "wire_name"]

Output = str | bytes | Close | Vanish | Stall
"""A text frame, a binary frame, or something done to the connection."""

BETA_NAMES: dict[str, str | None] = {
    "conversation.item.added": "conversation.item.created",
    "conversation.item.done": None,
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
}
"""GA names that differ in beta; None: beta has no such event."""


def wire_name(name: str, *, beta: bool) -> str | None:
    """The name an event has on the wire; None where the dialect has no such event."""
    return BETA_NAMES.get(name, name) if beta else name


@dataclass(order=True, slots=True)
class _Due:
    at_s: float
    order: int
    step: Callable[[], None] = field(compare=False)
    tag: str = field(compare=False)


class Outbox:
    """Output and timers of one connection, on whatever clock the caller has."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] = _nobody
        """Called when there is something new to take or to wait for."""
        self.now_s = 0.0
        self.ended = False
        """Closed, vanished or stalled: nothing goes out any more."""
        self._due: list[_Due] = []
        self._order = 0
        self._outputs: list[Output] = []

    @property
    def next_due_s(self) -> float | None:
        """When the next step is due."""
        return self._due[0].at_s if self._due else None

    def put(self, output: Output) -> None:
        """Send this after what is already there."""
        if self.ended:
            return
        self.ended = isinstance(output, Close | Vanish | Stall)
        if self.ended:
            self._due.clear()
        self._outputs.append(output)
        self.on_change()

    def put_event(self, event: Event) -> None:
        """Send an event as a text frame."""
        self.put(json.dumps(event, separators=(",", ":")))

    def after(self, delay_s: float, step: Callable[[], None], tag: str = "") -> None:
        """Do something `delay_s` from now, unless all has ended by then."""
        if self.ended:
            return
        self._order += 1
        heapq.heappush(self._due, _Due(self.now_s + delay_s, self._order, step, tag))
        self.on_change()

    def drop(self, tag: str) -> None:
        """Forget the steps with this tag."""
        self._due = [due for due in self._due if due.tag != tag]
        heapq.heapify(self._due)

    def take(self, now_s: float) -> list[Output]:
        """Do what is due and return all there is to send, oldest first."""
        while self._due and self._due[0].at_s <= now_s + 1e-9:
            due = heapq.heappop(self._due)
            self.now_s = max(self.now_s, due.at_s)
            due.step()
        self.now_s = max(self.now_s, now_s)
        outputs, self._outputs = self._outputs, []
        return outputs


def _nobody() -> None:
    """Nobody waits yet."""
