"""One connection of a scripted realtime server: client events in, server events out, no socket and no clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from voiceloop.testing.gateway_conversation import Conversation
from voiceloop.testing.gateway_items import Event, Form, Item
from voiceloop.testing.gateway_outbox import Outbox, wire_name
from voiceloop.testing.gateway_reply import ReplyRun
from voiceloop.testing.gateway_session import SessionConfig
from voiceloop.testing.gateway_turns import UserTurns
from voiceloop.testing.script import SESSION_EXPIRED, Close, Dialect, Fail, Handle, Ignore, Send, Step, Vanish, Wait

if TYPE_CHECKING:
    from voiceloop.testing.gateway import ScriptedGateway

__all__ = ["Connection"]


class Connection:
    """What one client sees. `received` and `sent` are its events, `hearing.pcm` the audio it wrote."""

    def __init__(self, gateway: ScriptedGateway, path: str, headers: Mapping[str, str], now_s: float) -> None:
        quirks = gateway.quirks
        asked = _asked_dialect(headers)
        dialect: Dialect = asked if asked in quirks.accepts else quirks.accepts[0]
        self.gateway = gateway
        self.counters = gateway.counters
        self.path = path
        self.headers = headers
        self.received: list[Event] = []
        self.sent: list[Event] = []
        self.opened_s = now_s
        """Loop time at which the client was let in."""
        self.used_s: float | None = None
        """Loop time of the newest event that had to do with the conversation; None until there is one."""
        self.closed: tuple[int, str] | None = None
        """Code and reason once the connection has ended, as the server saw it."""
        self.outbox = Outbox()
        self.outbox.now_s = now_s
        self.session = SessionConfig(
            dialect, self.counters.new_id("sess"), path.partition("model=")[2].partition("&")[0]
        )
        if quirks.session_lasts_s is not None and quirks.expiry_announced:
            self.session.fields["expires_at"] = int(gateway.unix_s() + quirks.session_lasts_s)
        self.conversation = Conversation(dialect, self.counters.new_id, self.emit, self.refuse, gateway.words)
        self.conversation.confirms_truncate = quirks.truncate_confirmed
        self.replies: list[ReplyRun] = []
        """Responses started on this connection, oldest first."""
        self._beta_refused = asked != dialect and asked == "beta" and quirks.refuses_by == "close"
        self.turns = UserTurns(self)
        self.hearing = self.turns.hearing
        self.reply_owed = False
        self._handlers: dict[str, Callable[[Event], None]] = {
            "session.update": self._session_update,
            "input_audio_buffer.append": self.turns.append,
            "input_audio_buffer.commit": self.turns.commit,
            "input_audio_buffer.clear": self.turns.clear,
            "conversation.item.create": self.conversation.create,
            "conversation.item.truncate": self.conversation.truncate,
            "conversation.item.delete": self.conversation.delete,
            "conversation.item.retrieve": self.conversation.retrieve,
            "response.create": self.ask_reply,
            "response.cancel": self._response_cancel,
        }

    # What the transport calls ----------------------------------------------------------------------------------------

    def greet(self) -> None:
        """The upgrade is done."""
        quirks = self.gateway.quirks
        self.follow((*quirks.before_greeting, Handle(), *quirks.after_greeting), self._greet)
        if quirks.session_lasts_s is not None:
            self.outbox.after(quirks.session_lasts_s, lambda: self.follow(SESSION_EXPIRED))

    def _greet(self) -> None:
        if self._beta_refused:
            code = "beta_api_shape_disabled"
            reason = f"invalid_request_error.{code}"
            self.follow((Fail(code, "The beta Realtime API is no longer supported."), Close(4000, reason)))
        elif self.gateway.quirks.greets:
            self.emit({"type": "session.created", "session": self.session.fields})
            self.emit(
                {"type": "conversation.created", "conversation": {"id": "conv_1", "object": "realtime.conversation"}}
            )

    def receive(self, payload: str | bytes, now_s: float) -> None:
        """A frame from the client."""
        self.outbox.now_s = max(self.outbox.now_s, now_s)
        try:
            event = json.loads(payload)
            kind = event["type"]
        except (ValueError, TypeError, KeyError):
            self.gateway.garbage.append(payload)
            self.refuse(Fail("invalid_json", "Could not parse the event as JSON."), {})
            return
        if not kind.startswith("session."):
            self.used_s = now_s
        noted = self._without_audio(event)
        self.received.append(noted)
        self.gateway.received.append(noted)
        if not self.outbox.ended:  # a server that has closed or stalled looks at nothing any more
            dropped = self.gateway.quirks.drops_at(event)
            steps = (Vanish(),) if dropped else self.gateway.take_hook(kind)
            self.follow(steps or (Handle(),), partial(self._handle, event))
        self.gateway.changed()

    def _handle(self, event: Event) -> None:
        handler = self._handlers.get(event["type"])
        if handler is None:
            self.refuse(Fail("invalid_value", f"Invalid value: '{event['type']}'.", param="type"), event)
        else:
            handler(event)

    def _without_audio(self, event: Event) -> Event:
        """What is kept of an event: all of it, unless the gateway is for long sessions."""
        heavy = event.keys() & {"audio", "delta"}
        return event if self.gateway.keeps_s is None or not heavy else {**event, **dict.fromkeys(heavy, "")}

    def end(self, code: int, reason: str) -> None:
        """The connection is gone."""
        self.closed = self.closed or (code, reason)
        self.outbox.ended = True
        self.gateway.changed()

    # The stage of replies --------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Send an event named as in the GA dialect."""
        quirks = self.gateway.quirks
        beta = self.session.dialect == "beta"
        name = wire_name(event["type"], beta=beta)
        if name is None:
            return
        if quirks.hybrid_names and len(self.sent) % 2:
            name = wire_name(event["type"], beta=not beta) or name
        event = {**event, "type": name, "event_id": self.counters.new_id("event")}
        event = {field: value for field, value in event.items() if field not in quirks.omits}
        self.sent.append(self._without_audio(event))
        self.outbox.put_event(event)

    def follow(self, steps: Sequence[Step], usual: Callable[[], None] = lambda: None) -> None:
        """Carry out steps one after the other; `usual` is what `Handle` stands for."""
        at_s = 0.0
        for step in steps:
            act = usual if isinstance(step, Handle) else partial(self.perform, step)
            if isinstance(step, Wait):
                at_s += step.seconds
            elif at_s:
                self.outbox.after(at_s, act)
            else:
                act()

    def perform(self, step: Step) -> None:
        """Carry out a scripted step now."""
        if isinstance(step, Fail):
            self.refuse(step, {})
        elif isinstance(step, Send):
            payload = step.payload
            if isinstance(payload, Mapping):
                self.sent.append(dict(payload))
            self.outbox.put(payload if isinstance(payload, str | bytes) else json.dumps(payload))
        elif not isinstance(step, Ignore | Handle | Wait):
            self.outbox.put(step)

    def reply_over(self, run: ReplyRun) -> None:
        """A response is done with; one that was owed follows it."""
        if self.reply_owed and run.in_conversation:
            self.reply_owed = False
            self.outbox.after(0.0, lambda: self.start_reply({}))

    # Session and responses -------------------------------------------------------------------------------------------

    @property
    def items(self) -> list[Item]:
        """The conversation as this server has it, in order: created, replayed, committed and spoken items."""
        return [self.conversation.items[item_id] for item_id in self.conversation.order]

    @property
    def active(self) -> ReplyRun | None:
        """The response of the default conversation in progress."""
        runs = (run for run in self.replies if run.in_conversation and not run.over)
        return next((run for run in runs if run.reply.created_after_s is not None), None)

    def start_reply(self, asked: Mapping[str, Any]) -> None:
        """Begin the next scripted reply."""
        quirks, session = self.gateway.quirks, self.session
        wanted = asked.get("output_modalities") or asked.get("modalities")
        form = Form(
            beta=session.dialect == "beta",
            text_only=session.text_only if wanted is None else "audio" not in wanted,
            g711=session.output_is_g711,
            pcm_rate_hz=quirks.output_rate_hz or session.output_rate_hz,
            odd_deltas=quirks.odd_deltas,
            metadata_echoed=quirks.metadata_echoed,
        )
        session.spoke = session.spoke or not form.text_only
        run = ReplyRun(self.gateway.next_reply(self, asked), self, form, asked)
        self.replies.append(run)
        run.start()

    def _session_update(self, event: Event) -> None:
        refusal = self.session.update(event.get("session") or {}, strict=self.gateway.quirks.strict)
        if refusal is not None:
            self.refuse(refusal, event)
        elif self.gateway.quirks.confirms_updates:
            self.emit({"type": "session.updated", "session": self.session.fields})

    def ask_reply(self, event: Event) -> None:
        """`response.create`, from the client or from a relay in between."""
        asked = event.get("response") or {}
        if asked.get("conversation") != "none" and self.active is not None:
            text = f"Conversation already has an active response in progress: {self.active.response_id}"
            self.refuse(Fail("conversation_already_has_active_response", text), event)
        else:
            self.start_reply(asked)

    def _response_cancel(self, event: Event) -> None:
        wanted = event.get("response_id")
        found = next((run for run in self.replies if run.response_id == wanted and not run.over), None)
        run = found if wanted else self.active
        if run is None:
            fail = Fail("response_cancel_not_active", "Cancellation failed: no active response found")
            self.refuse(fail, event)
        else:
            run.cancel("client_cancelled")

    def refuse(self, fail: Fail, event: Event) -> None:
        """Send an `error` event about a client event."""
        details: Event = {"type": fail.kind, "code": fail.code, "message": fail.message, "param": fail.param}
        if self.gateway.quirks.string_errors:
            self.emit({"type": "error", "error": fail.message, "code": fail.code})
        else:
            self.emit({"type": "error", "error": {**details, "event_id": event.get("event_id")}})


def _asked_dialect(headers: Mapping[str, str]) -> Dialect:
    lowered = {name.lower(): value for name, value in headers.items()}
    marks = (lowered.get("openai-beta", ""), lowered.get("sec-websocket-protocol", ""))
    return "beta" if "realtime=v1" in marks[0] or "openai-beta.realtime-v1" in marks[1] else "ga"
