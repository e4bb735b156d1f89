"""Commands of the core as client messages: what is sent, and what is not worth sending."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from msgspec.structs import replace

from voiceloop.commands import (
    AskReply,
    CancelReply,
    CommitTurn,
    EngineCommand,
    ForgetTurn,
    SendImage,
    SendSaid,
    SendText,
    SendToolOutput,
    TrimReply,
    UpdateEngine,
)
from voiceloop.pronounce import pronounced
from voiceloop.vocabulary import HeardSpan, Item, ToolCall
from voiceloop.wire.asks import ASK_KEY, Asks
from voiceloop.wire.client import (
    CancelResponse,
    CommitInput,
    CreateItem,
    CreateResponse,
    DeleteItem,
    ResponseFields,
    TruncateItem,
    UpdateSession,
)
from voiceloop.wire.config import (
    assistant_item,
    changed_fields,
    history_items,
    image_item,
    recalled_call_id,
    user_item,
)
from voiceloop.wire.counts import Counts
from voiceloop.wire.faults import Severity, judge
from voiceloop.wire.items import CallOutputItem, MessageItem, WireError, WireItem
from voiceloop.wire.outbox import Outbox, named_params
from voiceloop.wire.replies import Part, Replies, Reply
from voiceloop.wire.session_fields import UNSET
from voiceloop.wire.turns import Turns, fit_item_id

__all__ = ["SAY_EXACTLY", "Orders"]

_IMAGES_KEPT: Final = 64

SAY_EXACTLY: Final = "Say exactly this, and nothing else: {text}"
"""Instructions of a response that must speak one sentence as it stands."""


class Orders:
    """Turns commands into messages in the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        asks: Asks,
        turns: Turns,
        replies: Replies,
        counts: Counts,
        pronounce: Mapping[str, str],
    ) -> None:
        self._pronounce = pronounce
        self._recalled_calls: set[str] = set()
        self._outbox = outbox
        self._asks = asks
        self._turns = turns
        self._replies = replies
        self._counts = counts
        self._images: deque[str] = deque(maxlen=_IMAGES_KEPT)
        self.takes_images = True
        """The server has not refused any."""
        self._doomed: dict[str, list[str]] = {}
        self._cancelled: dict[str, frozenset[str]] = {}

    def recall(self, history: Sequence[Item], speech: Mapping[str, bytes], open_turn: str) -> None:
        """Bring a new session up to date; `speech` is the sound of turns without words, in the wire encoding."""
        for turn_id, item in history_items(history, speech, self._turns.id_suffix):
            if turn_id and isinstance(item, MessageItem):
                self._turns.name(item.id, turn_id)
            event_id = self._outbox.put(CreateItem(item))
            if _is_image(item):
                self._images.append(event_id)
        self._recalled_calls = {item.call_id for item in history if isinstance(item, ToolCall)}
        self._turns.resumed = open_turn

    def carry_out(self, command: EngineCommand) -> None:
        """Queue what the command asks for."""
        match command:
            case AskReply():
                self._ask(command)
            case CancelReply():
                self._cancel(command.reply_id)
            case TrimReply():
                self._trim(command.heard)
            case CommitTurn():
                self._turns.commit_sent(self._outbox.put(CommitInput()), command.turn_id)
            case ForgetTurn():
                self._outbox.put(DeleteItem(self._turns.item_id(command.turn_id)))
            case SendText():
                self._turns.name(fit_item_id(command.turn_id), command.turn_id)
                self._outbox.put(CreateItem(user_item(command.turn_id, command.text)))
            case SendImage() if self.takes_images:
                self._images.append(self._outbox.put(CreateItem(image_item(command.image))))
            case SendImage():
                pass
            case SendToolOutput():
                self._outbox.put(CreateItem(CallOutputItem("", self._call_id(command.call_id), command.output)))
            case SendSaid():
                self._outbox.put(CreateItem(assistant_item(command.text)))
            case UpdateEngine():
                self._outbox.put(UpdateSession(changed_fields(command.instructions, command.tools, self._pronounce)))
            case _:
                assert_never(command)

    def is_cancelled(self, reply_id: str) -> bool:
        """The reply was cancelled and is not over: nobody waits for what still comes of it."""
        return reply_id in self._cancelled

    def reply_ended(self, reply_id: str) -> None:
        """A reply is over: its unheard items can go now, with those it went on to speak after it was cancelled."""
        for item_id in dict.fromkeys((*self._doomed.pop(reply_id, ()), *self._came_too_late(reply_id))):
            self._outbox.put(DeleteItem(item_id))

    def refused(self, error: WireError) -> str:
        """The server complains: repair and send again what can be repaired.

        Returns the ask that is refused for good, or empty.
        """
        params = named_params(error)
        if not error.event_id and params and params[0].startswith("response."):
            error = replace(error, event_id=self._asks.newest)  # nothing else of ours holds such a field
        if judge(error).severity is Severity.FIX:
            again = self._outbox.retry(error.event_id, params)
            if again is not None:
                self._counts.resent += 1
                self._asks.resent(error.event_id, again)
                return ""
        self._turns.commit_refused(error)
        if not error.code and "metadata" in error.message.lower():
            # speaches says that it ignores the field and answers all the same: no refusal, but not worth repeating.
            self._outbox.leave_out("response.create", "response.metadata")
            return ""
        return self._asks.refused(error)

    def is_about_image(self, error: WireError) -> bool:
        """The server complains of a picture it was sent."""
        return error.event_id in self._images if error.event_id else "input_image" in error.message

    def _call_id(self, call_id: str) -> str:
        """What this server calls a call."""
        recalled = call_id in self._recalled_calls
        return recalled_call_id(call_id) if recalled else call_id.removesuffix(self._turns.id_suffix)

    def _ask(self, ask: AskReply) -> None:
        say = None if ask.say is None else SAY_EXACTLY.format(text=pronounced(ask.say, self._pronounce))
        fields = ResponseFields(
            instructions=UNSET if say is None else say,
            tool_choice=UNSET if ask.tools_allowed and ask.say is None else "none",
            metadata={ASK_KEY: ask.ask_id},
        )
        self._asks.sent(self._outbox.put(CreateResponse(fields)), ask.ask_id)

    def _cancel(self, reply_id: str) -> None:
        reply = self._replies.get(reply_id)
        if reply is not None and reply.running:  # else it is over, or of an earlier connection
            self._outbox.put(CancelResponse(reply.response_id or None))
            self._cancelled.setdefault(reply_id, frozenset(item_id for item_id, _ in reply.parts))

    def _came_too_late(self, reply_id: str) -> list[str]:
        """Items that a reply began after it was cancelled: the server may not have known, but nobody hears them."""
        known, reply = self._cancelled.pop(reply_id, None), self._replies.get(reply_id)
        if known is None or reply is None:
            return []
        return [item_id for (item_id, _), part in reply.parts.items() if item_id not in known and part.received_bytes]

    def _trim(self, heard: HeardSpan) -> None:
        reply = self._replies.get(heard.reply_id)
        if reply is None:
            return  # of an earlier connection: this server never had it
        part = reply.parts.get((heard.item_id, heard.content_index))
        if part is None or (part.written and not part.received_bytes):
            return  # nothing known, or text: only sound can be cut
        received_ms = self._replies.received_ms(part)
        heard_ms = min(heard.heard_ms, received_ms)
        if heard_ms == 0 and not _has_earlier_sound(reply, heard):
            self._delete(reply, heard.item_id)
        elif reply.running or heard_ms < received_ms:
            self._outbox.put(TruncateItem(heard.item_id, heard.content_index, heard_ms))

    def _delete(self, reply: Reply, item_id: str) -> None:
        if reply.running:  # servers refuse to delete an item in progress; the response's end is near
            self._doomed.setdefault(reply.reply_id, []).append(item_id)
        else:
            self._outbox.put(DeleteItem(item_id))


def _is_image(item: WireItem) -> bool:
    return isinstance(item, MessageItem) and any(part.image_url for part in item.content)


def _has_earlier_sound(reply: Reply, heard: HeardSpan) -> bool:
    def earlier(place: tuple[str, int], part: Part) -> bool:
        return place[0] == heard.item_id and place[1] < heard.content_index and part.received_bytes > 0

    return any(earlier(place, part) for place, part in reply.parts.items())
