"""The ledger under any order of verbs, against an account kept sample by sample.

At 1,000 Hz, where one sample is one millisecond and spans can be compared exactly.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from audio.listening import numbers, samples
from voiceloop.audio.ledger import Ledger
from voiceloop.events import Event, PlaybackFinished, PlaybackStarted


class LedgerModel(RuleBasedStateMachine):
    """Any order of verbs, against an account kept sample by sample."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.ledger = Ledger(1000, self.events.append, max_queued_s=0.2)
        self.owner: dict[int, str] = {}  # sample number -> reply
        self.line: list[int] = []  # what the line pulled, by position
        self.acked = 0
        self.flushed_at = 0
        self.next_sample = 1
        self.received: dict[str, list[int]] = {}
        self.heard: dict[str, list[int]] = {}
        self.sealed: set[str] = set()
        self.over: set[str] = set()
        self.holds: dict[str, int] = {}
        self.paused = False

    replies = st.sampled_from("abcdefgh")
    items = st.sampled_from([("i", 0), ("j", 0), ("j", 1)])

    def live(self) -> list[str]:
        return [reply for reply in self.received if reply not in self.over]

    @rule(reply=replies, item=items, count=st.integers(1, 60))
    def put(self, reply: str, item: tuple[str, int], count: int) -> None:
        queued = self.ledger.queued_ms
        stored = self.ledger.put(reply, *item, samples(self.next_sample, count))
        late = reply in self.over or reply in self.sealed
        assert stored == (late or queued + count <= 200)
        if stored and not late:
            new = list(range(self.next_sample, self.next_sample + count))
            self.received.setdefault(reply, []).extend(new)
            self.owner.update(dict.fromkeys(new, reply))
        self.next_sample += count

    @rule(count=st.integers(1, 50))
    def pull(self, count: int) -> None:
        pulled = numbers(self.ledger.pull(count))
        assert len(pulled) == count
        audible = [sample for sample in pulled if sample]
        if self.paused:
            assert audible == []
        for sample in audible:
            reply = self.owner[sample]
            assert reply not in self.over, "flushed or finished audio was played"
            before = [s for s in self.line if s and self.owner[s] == reply]
            # The next sample of its reply: in order, none twice, none left out.
            assert sample == self.received[reply][len(before)]
            assert len(before) < self.holds.get(reply, len(before) + 1)
            self.line.append(sample)
        self.line.extend([0] * (count - len(audible)))
        assert pulled[len(audible) :] == [0] * (count - len(audible))
        if len(audible) < count and not self.paused and not self.holds:
            assert not any(self.waiting(reply) for reply in self.live()), "silence while audio waited"

    def waiting(self, reply: str) -> int:
        return len(self.received[reply]) - sum(1 for s in self.line if s and self.owner[s] == reply)

    @rule(offset=st.integers(-60, 40))
    def ack(self, offset: int) -> None:
        position = max(0, len(self.line) + offset)
        self.ledger.ack(position)
        until = min(position, len(self.line))
        for at in range(self.acked, until):
            if at >= self.flushed_at and self.line[at]:
                self.heard.setdefault(self.owner[self.line[at]], []).append(self.line[at])
        self.acked = max(self.acked, until)
        self.settle()

    @rule(reply=replies)
    def seal(self, reply: str) -> None:
        self.ledger.seal(reply)
        self.sealed.add(reply)
        self.settle()

    @rule()
    def pause(self) -> None:
        self.ledger.pause()
        self.paused = True

    @rule()
    def resume(self) -> None:
        self.ledger.resume()
        self.paused = False

    @rule(reply=replies, sample=st.integers(0, 100))
    def hold(self, reply: str, sample: int) -> None:
        if reply in self.live():
            self.ledger.hold_after(reply, sample)
            pulled = len(self.received[reply]) - self.waiting(reply)
            self.holds[reply] = max(sample, pulled)

    @rule(reply=replies)
    def release(self, reply: str) -> None:
        if reply in self.live():
            self.ledger.hold_after(reply, None)
            self.holds.pop(reply, None)

    @rule()
    def flush(self) -> None:
        generation = self.ledger.generation
        spans = self.ledger.flush()
        assert self.ledger.generation == generation + 1
        for reply in self.live():
            mine = [span for span in spans if span.reply_id == reply]
            assert sum(span.heard_ms for span in mine) == len(self.heard.get(reply, []))
            assert sum(span.received_ms for span in mine) == len(self.received[reply])
        assert {span.reply_id for span in spans} == set(self.live())
        self.over.update(self.live())
        self.flushed_at = self.acked = len(self.line)
        self.holds.clear()
        self.paused = False
        assert self.ledger.idle

    def settle(self) -> None:
        """Replies that are sealed and heard to their end are over; those that never had audio are over when sealed."""
        for reply in self.sealed - self.over:
            if self.heard.get(reply, []) == self.received.get(reply, []):
                assert sum(isinstance(e, PlaybackFinished) and e.reply_id == reply for e in self.events) == 1
                self.over.add(reply)
                self.holds.pop(reply, None)

    @invariant()
    def heard_is_what_was_acknowledged(self) -> None:
        for reply in self.live():
            spans = self.ledger.heard(reply)
            assert all(0 <= span.heard_ms <= span.received_ms for span in spans)
            assert sum(span.heard_ms for span in spans) == len(self.heard.get(reply, []))
        assert self.ledger.position == len(self.line)
        assert self.ledger.queued_ms == sum(self.waiting(reply) for reply in self.live())
        assert self.ledger.idle == (not self.live())

    @invariant()
    def each_verdict_comes_once_and_in_order(self) -> None:
        for reply in "abcdefgh":
            mine = [type(event) for event in self.events if event.reply_id == reply]
            expected = [PlaybackStarted] if self.heard.get(reply) else []
            assert mine in (expected, [*expected, PlaybackFinished])
            if PlaybackFinished in mine:
                assert reply in self.over


LedgerModel.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAnyOrderOfVerbs = LedgerModel.TestCase
