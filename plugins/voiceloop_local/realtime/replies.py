"""The assistant's side: starts replies, produces them, ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing

from voiceloop.errors import LanguageError, VoiceloopError
from voiceloop_local.realtime.checks import ClientEventError, Fields, Json
from voiceloop_local.realtime.config import ReplySettings, tools_offered
from voiceloop_local.realtime.conversation import context_of
from voiceloop_local.realtime.items import StoredItem
from voiceloop_local.realtime.narration import Narration
from voiceloop_local.realtime.reply import Reply
from voiceloop_local.realtime.shared import Shared, within
from voiceloop_local.realtime.turns import Turns
from voiceloop_local.realtime.usage import Spent, rate_limits, spent_on, text_tokens
from voiceloop_local.realtime.words import exact_words, words_of
from voiceloop_local.seams import LACKING, Call, Say, Thought

__all__ = ["Replies"]

THOUGHT_WITHIN_S = 60.0
MOST_AT_ONCE = 8
FAILED = "local_model_failed"


class Replies:
    """Replies of one session: one in the conversation at a time, and some aside from it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._running: dict[str, tuple[Reply, asyncio.Task[None]]] = {}
        self._current: Reply | None = None
        self._used_tokens = 0
        self._cacheable_tokens = 0
        self.on_started: Callable[[], None] = _ignore
        """A reply of the conversation has started."""
        self.on_finished: Callable[[int], None] = _ignore
        """A reply of the conversation has finished, with so many milliseconds of audio."""

    @property
    def active(self) -> bool:
        """A reply of the conversation is running."""
        return self._current is not None

    def create(self, event: Fields, turns: Turns) -> None:
        """Start a reply because the client asks for one."""
        shared = self._shared
        raw = event.get("response")
        settings = shared.dialect.read_reply(shared.config, {} if raw is None else raw, shared.new_id)
        self.start(settings, turns)

    def start(self, settings: ReplySettings, turns: Turns, prompted_by: StoredItem | None = None) -> None:
        """Start a reply; raises `ClientEventError` when it may not run. `prompted_by` is the turn that caused it."""
        shared = self._shared
        self._check(settings)
        tools_offered(settings)
        items = list(shared.conversation) if settings.input is None else shared.conversation.resolve(settings.input)
        for item in items if settings.input is not None else ():
            turns.listen_to(item)
        conversation_id = shared.conversation.conversation_id if settings.in_conversation else None
        insert = shared.conversation.insert
        reply = Reply(shared.new_id("resp"), conversation_id, settings, shared.dialect, insert, shared.new_id)
        if settings.in_conversation:
            self._current = reply
            self.on_started()
        shared.emit(*reply.begin(), {"type": "rate_limits.updated", "rate_limits": rate_limits(self._used_tokens)})
        task = shared.crew.spawn("reply", self._produce(reply, items, turns, prompted_by))
        self._running[reply.response_id] = (reply, task)

    def cancel(self, event: Fields) -> None:
        """Stop a reply because the client asks for it."""
        response_id = event.text("response_id", "") if event.get("response_id") is not None else ""
        if not response_id and self._current is not None:
            response_id = self._current.response_id
        if response_id not in self._running:
            raise ClientEventError("response_cancel_not_active", "Cancellation failed: no active response found")
        self._stop(response_id, "client_cancelled")

    def interrupt(self) -> None:
        """The user speaks: stop the reply of the conversation, if one is running."""
        if self._current is not None:
            self._stop(self._current.response_id, "turn_detected")

    def _check(self, settings: ReplySettings) -> None:
        if settings.in_conversation and self._current is not None:
            raise ClientEventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {self._current.response_id}. "
                "Wait until the response is finished before creating a new one.",
            )
        if len(self._running) >= MOST_AT_ONCE:
            raise ClientEventError("rate_limit_exceeded", "Too many responses are running: wait for one to finish.")

    def _stop(self, response_id: str, reason: str) -> None:
        reply, task = self._running[response_id]
        self._finish(reply, "cancelled", reason)
        task.cancel()

    def _finish(self, reply: Reply, status: str, reason: str = "", error: Json | None = None) -> None:
        if reply.finished:
            return
        self._running.pop(reply.response_id, None)
        if self._current is reply:
            self._current = None
            self.on_finished(sum(part.audio_ms for item in reply.output for part in item.parts))
        self._shared.emit(*reply.finish(status, reason, error))
        self._used_tokens += reply.read.total + spent_on(reply.output).total

    # Production ------------------------------------------------------------------------------------------------------

    async def _produce(
        self, reply: Reply, items: list[StoredItem], turns: Turns, prompted_by: StoredItem | None
    ) -> None:
        try:
            await turns.settle(items)
            if prompted_by is not None and _understood_nothing(prompted_by):
                self._finish(reply, *_unheard(prompted_by, self._shared.tongue.lacking))
                return
            self._count(reply, items)
            narration = Narration(self._shared, reply)
            async with aclosing(within(self._think(reply.settings, items), THOUGHT_WITHIN_S)) as thoughts:
                async for thought in thoughts:
                    await self._carry_out(reply, narration, thought)
                    if reply.full:
                        self._finish(reply, "incomplete", "max_output_tokens")
                        return
            self._finish(reply, "completed")
        except TimeoutError:
            self._finish(reply, "failed", error=_failure("The models on this machine took too long."))
        except (VoiceloopError, OSError) as error:
            code = LACKING if isinstance(error, LanguageError) else FAILED
            self._finish(reply, "failed", error=_failure(str(error), code))

    def _think(self, settings: ReplySettings, items: Iterable[StoredItem]) -> AsyncIterator[Thought]:
        if (exact := exact_words(settings.instructions)) is not None:
            return _say(exact)
        instructions, context = context_of(items, settings.instructions)
        tag = self._shared.tongue.spoken(self._shared.config)
        return self._shared.models.brain.think(instructions, context, tools_offered(settings), None, tag)

    def _count(self, reply: Reply, items: Iterable[StoredItem]) -> None:
        settings = reply.settings
        told = settings.instructions + "".join(f"{tool}" for tool in settings.tools)
        reply.read = spent_on(items) + Spent(text_tokens(told))
        reply.cached_tokens = self._cacheable_tokens
        self._cacheable_tokens = reply.read.total

    async def _carry_out(self, reply: Reply, narration: Narration, thought: Thought) -> None:
        match thought:
            case Call(name, arguments):
                self._shared.emit(*reply.call(name, arguments))
            case Say(text) if reply.settings.speaks:
                await narration.say(text)
            case Say(text):
                for word in words_of(reply.spaced(text)):
                    self._shared.emit(*reply.words(word))
                await self._shared.outbox.room()


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


async def _say(text: str) -> AsyncIterator[Thought]:
    yield Say(text)


def _understood_nothing(item: StoredItem) -> bool:
    return not item.words


def _unheard(item: StoredItem, lacking: str) -> tuple[str, str, Json | None]:
    """How a reply to a turn without words ends: silence is answered with silence, a failure is reported."""
    if all(part.text is not None for part in item.parts):
        return "completed", "", None
    if lacking:
        return "failed", "", _failure(lacking, LACKING)
    return "failed", "", _failure("The user's speech could not be recognised.")


def _failure(message: str, code: str = FAILED) -> Json:
    return {"type": "server_error", "code": code, "message": message}
