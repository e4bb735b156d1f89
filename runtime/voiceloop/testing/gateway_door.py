"""Who is let in to a scripted server: keys, and upgrades that are refused or never answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from voiceloop.testing.script import NoAnswer, Refusal, refusal

__all__ = ["Door"]


@dataclass(slots=True)
class _Shut:
    """An answer for the next upgrades: so many of them, or for so long from the first one on."""

    answer: Refusal | NoAnswer
    times: int
    for_s: float | None
    until_s: float | None = None

    def takes(self, now_s: float) -> bool:
        """Answer this upgrade; False once it is over."""
        if self.for_s is None:
            self.times -= 1
            return self.times >= 0
        if self.until_s is None:
            self.until_s = now_s + self.for_s
        return now_s < self.until_s

    @property
    def is_to_come(self) -> bool:
        """Some upgrade is still to be answered so before the script is complete."""
        return self.times > 0 if self.for_s is None else self.until_s is None


class Door:
    """With `key`, another bearer token is refused."""

    def __init__(self, key: str | None) -> None:
        self._key = key
        self._shut: deque[_Shut] = deque()

    def shut(self, answer: Refusal | NoAnswer, times: int, for_s: float | None) -> None:
        """Answer upgrades so, after those that are to be answered before."""
        self._shut.append(_Shut(answer, times, for_s))

    @property
    def left(self) -> int:
        """How many upgrades are still to be refused; a span of time in which none came counts as one."""
        return sum(each.times if each.for_s is None else 1 for each in self._shut if each.is_to_come)

    def answer(self, headers: Mapping[str, str], now_s: float) -> Refusal | NoAnswer | None:
        """Take an upgrade; None lets it in."""
        while self._shut:
            if self._shut[0].takes(now_s):
                return self._shut[0].answer
            self._shut.popleft()
        token = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
        return refusal(401) if self._key is not None and token != f"Bearer {self._key}" else None
