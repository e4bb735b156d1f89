"""Claude's answers, whole and as events of a stream, read alike. Pure; nothing it is given is too odd."""

from __future__ import annotations

from typing import Any, Final

from voiceloop.dgrid.chat_answer import ChatDelta, Gathering, Stop
from voiceloop.dgrid.chat_reading import arguments
from voiceloop.dgrid.dialects.base import Echoes
from voiceloop.vocabulary import Usage
from voiceloop.wire.items import read_usage
from voiceloop.wire.lenient import Json, child, integer, listing, text

__all__ = ["ClaudeReader"]

STOPS: Final = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "tool_use": Stop.TOOLS,
    "refusal": Stop.FILTERED,
}


class ClaudeReader:
    """Takes the events of one answer. What was thought before a call is kept in `thoughts`, where it is signed."""

    def __init__(self, thoughts: Echoes[list[dict[str, Any]]]) -> None:
        self.answer = Gathering()
        self._thoughts = thoughts
        self._figures: dict[str, Any] = {}
        self._thinking: dict[int, dict[str, Any]] = {}
        """Blocks of thinking since the last call, by index."""
        self._whole: set[int] = set()
        """Calls whose arguments came at once."""

    def take(self, raw: object, event: str) -> list[ChatDelta]:
        """Return the news of an event; imitators leave out its type or its name."""
        if not isinstance(raw, dict):
            return []
        index = integer(raw, "index")
        match text(raw, "type") or event or ("message" if "content" in raw else ""):
            case "message_start":
                self._begin(child(raw, "message"))
            case "content_block_start":
                self.answer.began = True
                return self._block(index, child(raw, "content_block"))
            case "content_block_delta":
                self.answer.began = True
                return self._delta(index, child(raw, "delta"))
            case "message_delta":
                self._end(child(raw, "delta"), child(raw, "usage"))
            case "message_stop":
                self.answer.close()
            case "message":
                return self._message(raw)
            case _:
                pass  # a ping, the end of a block, or news to come
        return []

    def _message(self, raw: Json) -> list[ChatDelta]:
        self._begin(raw)
        blocks = [block for block in listing(raw, "content") if isinstance(block, dict)]
        news = [delta for index, block in enumerate(blocks) for delta in self._block(index, block)]
        self._end(raw, {})
        return news

    def _begin(self, message: Json) -> None:
        self.answer.began = True
        self.answer.id = text(message, "id")
        self.answer.model = text(message, "model")
        self._count(child(message, "usage"))

    def _end(self, delta: Json, usage: Json) -> None:
        self._count(usage)
        if reason := text(delta, "stop_reason"):
            self.answer.stop = STOPS.get(reason, Stop.OTHER)

    def _count(self, usage: Json) -> None:
        self._figures |= {name: count for name, count in usage.items() if count is not None}
        if self._figures:
            self.answer.usage = tokens(self._figures)

    def _block(self, index: int, block: Json) -> list[ChatDelta]:
        match text(block, "type"):
            case "text":
                return self.answer.say(text(block, "text"))
            case "thinking" | "redacted_thinking":
                self._thinking[index] = dict(block)
                return self.answer.think(text(block, "thinking"))
            case "tool_use":
                return self._call(index, block)
            case _:
                return []  # a server's own tools

    def _call(self, index: int, block: Json) -> list[ChatDelta]:
        call_id = text(block, "id")
        signed = [thought for thought in self._thinking.values() if thought.get("signature") or thought.get("data")]
        self._thinking.clear()
        if call_id and signed:
            self._thoughts.keep(call_id, signed)
        given = arguments(block.get("input") or None)
        if given:
            self._whole.add(index)
        return self.answer.call(index, call_id, text(block, "name"), given)

    def _delta(self, index: int, delta: Json) -> list[ChatDelta]:
        thought = self._thinking.get(index, {})
        match delta:
            case {"text": str(more)}:
                return self.answer.say(more)
            case {"partial_json": str(more)}:
                return [] if index in self._whole else self.answer.call(index, "", "", more)
            case {"thinking": str(more)}:
                thought["thinking"] = text(thought, "thinking") + more
                return self.answer.think(more)
            case {"signature": str(more)}:
                thought["signature"] = more
            case _:
                pass  # citations
        return []


def tokens(raw: Json) -> Usage:
    """Return the tokens; Claude counts those of its cache beside the input, here they are part of it."""
    cached = integer(raw, "cache_read_input_tokens")
    counted = integer(raw, "input_tokens") + cached + integer(raw, "cache_creation_input_tokens")
    return read_usage(
        {
            "input_tokens": counted,
            "output_tokens": raw.get("output_tokens"),
            "input_token_details": {"cached_tokens": cached} if cached else {},
        }
    )
