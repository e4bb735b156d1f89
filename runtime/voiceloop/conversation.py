"""The conversation record: what was said by whom, what was heard of it, which tools were called.

Any engine can be seeded with it. A reply's text enters it when its playback ends, as far as it was heard; a user's
words enter at the place where the turn was handed over, whenever they arrive.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from voiceloop.condense import condensed, shortened
from voiceloop.heard import Piece, heard_text
from voiceloop.vocabulary import AssistantTurn, HeardSpan, Item, ToolCall, ToolOutput, UserImage, UserTurn

__all__ = ["Conversation", "SpokenReply"]

VERSION = 1
MAX_IMAGES = 8


@dataclass(slots=True)
class SpokenReply:
    """One reply as it is generated: its words by item and content part."""

    reply_id: str
    turn_id: str
    parts: dict[tuple[str, int], list[Piece]] = field(default_factory=dict)
    has_audio: bool = False
    finished: bool = False
    first_call: str = ""
    """The call, if any, that it went on to make: its words stand before it."""

    def add(self, item_id: str, content_index: int, text: str, received_ms: int) -> None:
        """More words of one part."""
        self.parts.setdefault((item_id, content_index), []).append(Piece(text, received_ms))

    @property
    def text(self) -> str:
        """Everything that was generated."""
        return " ".join(part for pieces in self.parts.values() if (part := _joined(pieces)))

    def heard(self, spans: Sequence[HeardSpan]) -> str:
        """The words that were heard, given how far playback came in each part."""
        by_part = {(span.item_id, span.content_index): span for span in spans if span.reply_id == self.reply_id}
        newest = next(reversed(self.parts), None)
        words: list[str] = []
        for key, pieces in self.parts.items():
            span = by_part.get(key)
            if span is not None:
                complete = self.finished or key != newest  # a part is whole once the next one has begun
                words.append(heard_text(pieces, span.heard_ms, span.received_ms, complete=complete))
        return " ".join(word for word in words if word)

    def items(self, spans: Sequence[HeardSpan]) -> list[dict[str, object]]:
        """What was said and heard of each part, for the transcript; what was cut off before its first word, too."""
        by_part = {(span.item_id, span.content_index): span for span in spans if span.reply_id == self.reply_id}
        found: list[dict[str, object]] = []
        for key in dict.fromkeys((*self.parts, *by_part)):
            span = by_part.get(key)
            found.append(
                {
                    "item_id": key[0],
                    "content_index": key[1],
                    "text": _joined(self.parts.get(key, ())),
                    "heard_ms": None if span is None else span.heard_ms,
                }
            )
        return found


class Conversation:
    """An ordered, seedable record. Ids are those of the events."""

    def __init__(self, history: Sequence[Item] = ()) -> None:
        self.items: list[Item] = list(history)
        self.replies: dict[str, SpokenReply] = {}
        """Replies that are being generated or played."""

    def user_turn(self, turn_id: str, text: str = "") -> None:
        """A turn was handed over, or its words arrived; each turn keeps the place where it was handed over."""
        for index, item in enumerate(self.items):
            if isinstance(item, UserTurn) and item.turn_id == turn_id:
                self.items[index] = UserTurn(turn_id, text or item.text)
                return
        self.items.append(UserTurn(turn_id, text))

    def showed(self, image: UserImage) -> None:
        """The user showed a picture; of more than 8 the oldest is forgotten."""
        images = [item for item in self.items if isinstance(item, UserImage)]
        if len(images) == MAX_IMAGES:
            self.items.remove(images[0])
        self.items.append(image)

    def words(self, turn_id: str, text: str) -> None:
        """The words of a turn are known; they enter the record when it was handed over already."""
        if any(isinstance(item, UserTurn) and item.turn_id == turn_id for item in self.items):
            self.user_turn(turn_id, text)

    def forget_turn(self, turn_id: str) -> None:
        """The turn was not meant: take it out."""
        self.items = [item for item in self.items if not (isinstance(item, UserTurn) and item.turn_id == turn_id)]

    def reply_started(self, reply_id: str, turn_id: str) -> None:
        """A reply begins."""
        self.replies[reply_id] = SpokenReply(reply_id, turn_id)

    def reply_ended(self, reply_id: str, text: str, heard_ms: int | None) -> None:
        """Playback of a reply is over: keep what was heard of it."""
        reply = self.replies.pop(reply_id, None)
        if text:
            first_call = reply.first_call if reply else ""
            calls = (
                at for at, item in enumerate(self.items) if isinstance(item, ToolCall) and item.call_id == first_call
            )
            self.items.insert(next(calls, len(self.items)), AssistantTurn(reply_id, text, heard_ms))

    def said(self, reply_ids: Collection[str]) -> list[AssistantTurn]:
        """What was heard of these replies, of those that are over and of which something was heard."""
        return [item for item in self.items if isinstance(item, AssistantTurn) and item.reply_id in reply_ids]

    def tool_called(self, call: ToolCall, reply_id: str = "") -> None:
        """The model called a tool, in the course of a reply or by itself."""
        reply = self.replies.get(reply_id)
        if reply is not None:
            reply.first_call = reply.first_call or call.call_id
        self.items.append(call)

    def tool_answered(self, call_id: str, output: str) -> None:
        """The one output of a call."""
        self.items.append(ToolOutput(call_id, output))

    def condense(self, older: Sequence[Item], summary: str) -> None:
        """A summary takes the place of these very items; words that come for one of them later are not taken in."""
        self.items = list(condensed(self.items, older, summary))

    def shorten(self, within_tokens: int, chars_per_token: float) -> None:
        """The oldest items go, with a note in their place, until no more than this is left."""
        self.items = list(shortened(self.items, within_tokens, chars_per_token))

    @property
    def history(self) -> tuple[Item, ...]:
        """The record so far, without turns whose words never came."""
        return tuple(item for item in self.items if not (isinstance(item, UserTurn) and not item.text))


def _joined(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces).strip()
