"""Responses outside the conversation: a relay's own, such as a guard rail. Nothing of them is for us."""

from __future__ import annotations

from collections import deque
from typing import Final

from voiceloop.wire.asks import ASK_KEY
from voiceloop.wire.items import Response

__all__ = ["Outside"]

_KEPT: Final = 64


class Outside:
    """Tells them apart, and remembers the last 64.

    They say that they belong to no conversation; but so does every response of most servers that are not OpenAI's, so
    that counts only where others name one, or with metadata that is not ours.
    """

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=_KEPT)
        self._names_conversation = False

    def __contains__(self, response_id: str) -> bool:
        return response_id in self._ids

    def takes(self, response: Response) -> bool:
        """Look at a response object; True when it is one of them."""
        self._names_conversation |= response.conversation_id is not None
        foreign = self._names_conversation or bool(response.metadata)
        outside = response.outside and foreign and ASK_KEY not in response.metadata
        if outside and response.id and response.id not in self._ids:
            self._ids.append(response.id)
        return outside
