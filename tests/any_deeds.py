"""What people, engines and tools may do in a `World`: most keep to what is possible at that moment.

Everything is chosen by small numbers, so that a failing conversation shrinks to a few lines.
"""

from __future__ import annotations

from any_order import MS_PER_SAMPLE, World
from audio.listening import samples
from voiceloop import events as on
from voiceloop.vocabulary import Cause, Flow, Outcome, ReplyStatus, Tier, ToolCall

CAUSES = (Cause.DROP, Cause.DROP, Cause.DEAD_WIRE, Cause.SLOW_MODEL, Cause.SESSION_CAP, Cause.BUSY, Cause.CONTEXT_FULL)
UNREACHED = (Cause.UNREACHABLE, Cause.REFUSED)
ANY = (*CAUSES, *UNREACHED, Cause.NO_REPLY, Cause.BROKEN_PEER, Cause.UNSUPPORTED_DIALECT, Cause.QUOTA, Cause.BAD_MODEL)
"""Where another tier may answer, no cause is the end."""
ENDPOINTS = ("", "transcribe", "chat", "speak")
TOOLS = ("clock", "taxi")

INSTEAD = {
    "user_stops": "user_starts",
    "user_flows": "user_starts",
    "turn_is_taken": "user_stops",
    "words_come": "turn_is_taken",
    "ask_is_refused": "reply_starts",
    "reply_goes_on": "reply_starts",
    "tool_is_called": "reply_starts",
    "tool_ends": "tool_is_called",
    "reply_ends": "reply_goes_on",
}
"""What happens where a deed is not possible; time passes where that is not either."""


class Deeds(World):
    """Verbs take a choice and a number of milliseconds, and make something of them or nothing."""

    def do(self, verb: str, which: int, ms: int) -> None:
        """Let this happen, if it can happen now, else what leads there."""
        before = len(self.steps)
        if verb == "passes":
            self.passes(ms / 1000 * (1 + which))
            return
        getattr(self, verb)(which, ms)
        if len(self.steps) == before and self.ended is None:
            self.do(INSTEAD.get(verb, "passes"), which, ms)

    # What the user does ------------------------------------------------------------------------------------------

    @property
    def source(self) -> on.Source:
        return "local" if self.gated else "engine"

    @property
    def hears(self) -> bool:
        """The local gate always does."""
        return self.line_opens and (self.engine.live or self.gated)

    @property
    def capture_s(self) -> float:
        return self.now - (self.core.narrator.zero_s or self.now)

    def user_starts(self, which: int, ms: int) -> None:
        if self.hears and not self.captions_only and not self.speaking:
            resumed, self.engine.resumed = "" if self.gated else self.engine.resumed, ""
            self.speaking = resumed or f"u{len(self.turns) + 1}"
            if not resumed:
                self.turns.append(self.speaking)
            self.happens(on.SpeechStarted(self.speaking, self.capture_s, self.source))

    def user_stops(self, which: int, ms: int) -> None:
        """... a while ago, as servers tell it late."""
        if self.hears and self.speaking:
            turn_id, self.speaking = self.speaking, ""
            if not self.gated:
                self.engine.commits.append(turn_id)
            self.happens(on.SpeechStopped(turn_id, max(0.0, self.capture_s - ms / 1000), self.source))

    def user_flows(self, which: int, ms: int) -> None:
        """... over the agent or not: who tells of it does not know for sure."""
        if self.hears and self.speaking:
            flows: tuple[on.Event, ...] = (
                *(on.SpeechFlowed(self.speaking, flow) for flow in Flow),
                on.UserSaidSoFar(("", "mm-hmm", "stop", "tell me more")[ms % 4]),
            )
            self.happens(flows[which % len(flows)])

    def turn_is_taken(self, which: int, ms: int) -> None:
        if self.engine.live and self.engine.commits:
            turn_id = self.engine.commits.pop(0)
            self.handed_over.append(turn_id)
            self.happens(on.TurnCommitted(turn_id))

    def turn_was_nothing(self, which: int, ms: int) -> None:
        if self.engine.live and self.engine.commits and self.gated:
            self.engine.commits.pop(0)
            self.happens(on.EngineComplained("input_audio_buffer_commit_empty", "nothing in it"))

    def words_come(self, which: int, ms: int) -> None:
        wordless = [turn_id for turn_id in self.handed_over if not self.written[turn_id]]
        if wordless and self.engine.live:
            turn_id = wordless[which % len(wordless)]
            self.written[turn_id] += 1
            if ms > 1000:
                self.happens(on.TranscriptionFailed(turn_id, "no"))
            else:
                self.happens(on.UserTranscribed(turn_id, "mm-hmm" if ms % 3 else f"[{turn_id}]"))

    def user_types(self, which: int, ms: int) -> None:
        if self.line_opens:
            self.turns.append(f"t{len(self.turns) + 1}")
            self.happens(on.TextTyped(self.turns[-1], f"[{self.turns[-1]}]"))

    def app(self, which: int, ms: int) -> None:
        """The application does something."""
        events: tuple[on.Event, ...] = (
            on.InterruptAsked(),
            on.SayAsked("Your timer is done."),
            on.UpdateAsked("Be brief.", (), TOOLS[:1]),
            on.EndWhenSaid("agent_ended"),
        )
        self.happens(events[which % len(events)])

    def ends(self, which: int, ms: int) -> None:
        """Seldom for good, or no conversation would become long."""
        events = (on.LineEnded(), on.EndAsked("bye"), on.LineLost("unplugged"))
        if which < len(events) and ms > 800:
            self.happens(events[which])
        elif which == len(events) and ms > 800:
            self.lose(Cause.QUOTA)

    # What the engine does ----------------------------------------------------------------------------------------

    def line_is_open(self, which: int = 0, ms: int = 0) -> None:
        if self.line_opens and self.core.narrator.zero_s is None:
            self.happens(on.LineOpened(captions_only=self.captions_only))

    def is_ready(self, which: int, ms: int) -> None:
        """The engine, or one beside it."""
        opening = [each for each in (self.engine, *self.standbys.values()) if each.number and not each.ready]
        if opening:
            engine = opening[which % len(opening)]
            engine.ready = True
            expires_in_s = None if which % 2 or engine.tier is not Tier.REALTIME else 30.0 + ms / 10
            ready = on.EngineReady(engine.tier, "m", engine.traits, "ga", expires_in_s)
            self.happens(ready if engine is self.engine else on.StandbyReady(ready))

    def is_lost(self, which: int, ms: int) -> None:
        causes = CAUSES if self.engine.ready else UNREACHED
        if len(self.profile.tiers) > 1:
            causes = ANY if ms > 600 else causes
        self.lose(causes[(which + ms) % len(causes)], ENDPOINTS[which % 4])

    def lose(self, cause: Cause, endpoint: str = "") -> None:
        tier = self.engine.tier
        if self.engine.number:
            self.engine, self.open_ask_s = self.nobody(tier), None
            self.forget_speech()
            self.causes[tier].add(cause)
            self.happens(on.EngineLost(cause, "gone", endpoint="" if tier is Tier.REALTIME else endpoint))

    def standby_is_lost(self, which: int, ms: int) -> None:
        if self.standbys:
            tier = list(self.standbys)[which % len(self.standbys)]
            del self.standbys[tier]
            cause = ANY[(which + ms) % len(ANY)] if ms > 600 and len(self.profile.tiers) > 1 else Cause.DROP
            self.causes[tier].add(cause)
            self.happens(on.StandbyLost(cause, "gone", tier, "" if tier is Tier.REALTIME else ENDPOINTS[which % 4]))

    def reply_starts(self, which: int, ms: int) -> None:
        """Asked for, or by itself."""
        engine = self.engine
        if not engine.live or engine.running:
            return
        ask_id = engine.asked.pop(0) if engine.asked and which % 4 else ""
        if ask_id or which % 4 == 0:
            self.begin(f"r{len(engine.replies) + 1}_s{engine.number}", ask_id)

    def begin(self, reply_id: str, ask_id: str) -> None:
        self.engine.replies.append(reply_id)
        self.engine.running.append(reply_id)
        self.open_ask_s = None
        self.happens(on.ReplyStarted(reply_id, ask_id))

    def ask_is_refused(self, which: int, ms: int) -> None:
        engine = self.engine
        if engine.asked and engine.running:
            ask_id = engine.asked.pop(which % len(engine.asked))
            self.open_ask_s = None
            self.happens(on.EngineComplained("conversation_already_has_active_response", "busy", ask_id))

    def reply_goes_on(self, which: int, ms: int) -> None:
        if self.engine.running:
            self.sound(self.engine.running[-1], which % 2, ms)

    def sound(self, reply_id: str, content_index: int, ms: int) -> None:
        """Words, and unless they are only read, sound."""
        item_id = f"{reply_id}-a"
        number = len(self.owners)
        self.words += 1
        self.happens(on.ReplyTextArrived(reply_id, item_id, content_index, f"<{reply_id}.{self.words}> "))
        count = ms // MS_PER_SAMPLE
        if count and not self.captions_only:
            late, refused = self.ledger.late_samples, self.ledger.refused_samples
            self.ledger.put(reply_id, item_id, content_index, samples(number, count))
            taken = (late, refused) == (self.ledger.late_samples, self.ledger.refused_samples)
            self.owners += [(reply_id, item_id, content_index) if taken else ("", "", 0)] * count
            self.happens(on.ReplyAudioStarted(reply_id, item_id))

    def tool_is_called(self, which: int, ms: int) -> None:
        if self.engine.running:
            call = ToolCall(f"c{len(self.called) + 1}_s{self.engine.number}", TOOLS[which % 2], "{}")
            self.happens(on.ToolCalled(self.engine.running[-1], call))

    def tool_ends(self, which: int, ms: int) -> None:
        if self.running:
            call_id = self.running.pop(which % len(self.running))
            self.happens(on.ToolFinished(call_id, list(Outcome)[which % len(Outcome)], "done"))

    def reply_ends(self, which: int, ms: int) -> None:
        if self.engine.running:
            reply_id = self.engine.running.pop(which % len(self.engine.running))
            status = list(ReplyStatus)[which % 4]
            if reply_id in self.engine.cancelled:
                status = ReplyStatus.CANCELLED
            self.happens(on.ReplyFinished(reply_id, status))
