"""Push-to-talk on the short road: a key says when the user speaks, in place of the local gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from voiceloop.events import SpeechStarted, SpeechStopped

__all__ = ["PushToTalk"]

SAMPLE_BYTES = 2


class PushToTalk:
    """Hands captured sound to `send` while the key is down and tells `report` of it; `numbers` name the turns."""

    def __init__(
        self,
        rate_hz: int,
        *,
        send: Callable[[bytes, int], None],
        report: Callable[[SpeechStarted | SpeechStopped], None],
        numbers: Iterator[int],
    ) -> None:
        self._rate_hz = rate_hz
        self._send = send
        self._report = report
        self._numbers = numbers
        self._turn_id = ""
        """What is said while the key is down; empty while it is up."""
        self._end = 0

    def take(self, pcm: bytes, first_sample: int) -> None:
        """Take captured audio, 16-bit mono PCM."""
        self._end = first_sample + len(pcm) // SAMPLE_BYTES
        if self._turn_id:
            self._send(pcm, first_sample)

    def press(self) -> None:
        """A turn begins with the next sample. Pressing a key that is down does nothing."""
        if not self._turn_id:
            self._turn_id = f"turn-{next(self._numbers)}"
            self._report(SpeechStarted(self._turn_id, self._end / self._rate_hz, "local"))

    def release(self) -> None:
        """The turn is over with the last sample. Releasing a key that is up does nothing."""
        if self._turn_id:
            turn_id, self._turn_id = self._turn_id, ""
            self._report(SpeechStopped(turn_id, self._end / self._rate_hz, "local"))

    def take_over(self, turn_id: str, blocks: Iterable[tuple[bytes, int]]) -> None:
        """Hand over once more what an engine heard of a turn before it was lost; one that is over is told again."""
        end = self._end
        for pcm, first_sample in blocks:
            self._send(pcm, first_sample)
            end = first_sample + len(pcm) // SAMPLE_BYTES
        if turn_id and turn_id != self._turn_id:
            self._report(SpeechStopped(turn_id, end / self._rate_hz, "local"))
