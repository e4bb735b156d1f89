"""Whatever happens in whatever order, a desk keeps its promises."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engines.cascade.book import DROPPED, QUOTA, REFUSED, Book, pcm, quiet
from thorough import thorough
from voiceloop.commands import CommitTurn, ForgetTurn, SendToolOutput, TrimReply
from voiceloop.dgrid.chat_answer import CallGrew, Completion, Ended, Said, Stop, Thought
from voiceloop.engines.cascade.orders import Arrived, AskChat, Failed, Finished, Speak, Transcribe, Wrote
from voiceloop.engines.services.seams import Transcript
from voiceloop.events import (
    EngineLost,
    ReplyAudioStarted,
    ReplyFinished,
    ReplyStarted,
    ReplyTextArrived,
    ToolCalled,
    TurnCommitted,
    UserTranscribed,
)
from voiceloop.vocabulary import HeardSpan, ToolCall, ToolOutput

numbers = st.integers(0, 3)
TEXTS = ["It is noon. ", "And ", "it rains, which it often does here in May. ", "*", "Bye", ""]
sayings = st.sampled_from([None, None, None, "Good morning. How are you?", "...", ""])
stops = st.sampled_from(list(Stop))
troubles = st.sampled_from([DROPPED, DROPPED, REFUSED, QUOTA])
steps = st.one_of(
    st.tuples(st.just("speech"), st.booleans(), st.booleans()),
    st.tuples(st.just("commit"), numbers),
    st.tuples(st.just("forget"), numbers),
    st.tuples(st.just("type"), numbers),
    st.tuples(st.just("ask"), sayings, st.booleans()),
    st.tuples(st.just("cancel"), numbers),
    st.tuples(st.just("trim"), numbers, numbers, st.integers(0, 1000)),
    st.tuples(st.just("output"), numbers),
    st.tuples(st.just("pass"), st.floats(0.0, 3.0)),
    st.tuples(st.just("words"), numbers, st.sampled_from(["hello", "", " "])),
    st.tuples(st.just("write"), numbers, st.sampled_from(TEXTS)),
    st.tuples(st.just("write"), numbers, st.sampled_from(TEXTS)),
    st.tuples(st.just("think"), numbers),
    st.tuples(st.just("end"), numbers, st.integers(0, 2), stops),
    st.tuples(st.just("sound"), numbers, st.integers(1, 500)),
    st.tuples(st.just("sound"), numbers, st.integers(1, 500)),
    st.tuples(st.just("spoken"), numbers),
    st.tuples(st.just("fail"), st.sampled_from([Transcribe, AskChat, Speak]), numbers, troubles),
)


class Wild(Book):
    """A desk to which anything happens."""

    def pick(self, kind, number):
        found = self.of(kind)
        return found[number % len(found)] if found else None

    def step(self, name, *given_):
        getattr(self, f"do_{name}")(*given_)

    def answer(self, kind, number, outcome):
        order = self.pick(kind, number)
        if order is not None:
            self.comes(order, outcome)

    def do_speech(self, loud, gap):
        self.hears(pcm(200) if loud else quiet(200), self._sample + 24_000 * gap)

    def do_commit(self, number):
        self.obey(CommitTurn(f"turn-{number}"))

    def do_forget(self, number):
        self.obey(ForgetTurn(f"turn-{number}"))

    def do_type(self, number):
        self.types("hi", f"typed-{number}")

    def do_ask(self, say, tools_allowed):
        self.asks(say=say, tools_allowed=tools_allowed)

    def do_cancel(self, number):
        self.cancels(f"reply-{number}")

    def do_trim(self, number, index, heard_ms):
        self.obey(TrimReply(HeardSpan(f"reply-{number}", f"item-{number}", index, heard_ms, 1000)))

    def do_output(self, number):
        called = self.told(ToolCalled)
        if called:
            self.obey(SendToolOutput(called[number % len(called)].call.call_id, "done"))

    def do_pass(self, seconds):
        self.passes(seconds)

    def do_words(self, number, text):
        self.answer(Transcribe, number, Transcript(text))

    def do_write(self, number, text):
        self.answer(AskChat, number, Wrote(Said(text)))

    def do_think(self, number):
        self.answer(AskChat, number, Wrote(Thought("Hm.")))
        self.answer(AskChat, number, Wrote(CallGrew(0, "call_0", "clock", "{")))

    def do_end(self, number, calls, stop):
        made = tuple(ToolCall(f"call_{at}", "clock", "{}") for at in range(calls))
        self.answer(AskChat, number, Wrote(Ended(Completion(text="x" * number, tool_calls=made, stop=stop))))

    def do_sound(self, number, duration_ms):
        self.answer(Speak, number, Arrived(pcm(duration_ms)))

    def do_spoken(self, number):
        self.answer(Speak, number, Finished())

    def do_fail(self, kind, number, trouble):
        self.answer(kind, number, Failed(trouble))

    def settles(self):
        """Every request is answered well from here on."""
        for _ in range(1000):
            self.do_words(0, "hello")
            self.do_end(1, 0, Stop.END)
            self.do_sound(0, 100)
            self.do_spoken(0)
            self.passes(1.0)
            if not self.running:
                return
        raise AssertionError(f"it never comes to rest: {self.running}")


@thorough
@given(st.lists(steps, max_size=60))
def test_every_promise_is_kept(happenings):
    book = Wild()
    for happening in happenings:
        book.step(*happening)
        keeps_order(book)
        shows_what_models_take(book)
    book.settles()
    keeps_order(book)
    ends_what_began(book)


def keeps_order(book):
    for reply in book.told(ReplyStarted):
        mine = [event for event in book.events if getattr(event, "reply_id", None) == reply.reply_id]
        assert isinstance(mine[0], ReplyStarted)
        assert sum(isinstance(event, ReplyFinished) for event in mine) <= 1
        assert not any(isinstance(event, ReplyFinished) for event in mine[:-1])
        assert sum(isinstance(event, ReplyAudioStarted) for event in mine) <= 1
        told = [event.content_index for event in mine if isinstance(event, ReplyTextArrived)]
        assert told == list(range(len(told)))
        parts = [index for reply_id, index, _ in book.played if reply_id == reply.reply_id]
        assert parts == sorted(parts)
        assert set(parts) <= set(told)
    calls = [event.call.call_id for event in book.told(ToolCalled)]
    assert len(calls) == len(set(calls))


def shows_what_models_take(book):
    for order in book.of(AskChat):
        items = list(order.question.items)
        waiting = []
        for item in items:
            if isinstance(item, ToolCall):
                waiting.append(item.call_id)
            elif isinstance(item, ToolOutput):
                waiting.remove(item.call_id)
            else:
                assert waiting == []
        assert waiting == []
        assert all(getattr(item, "text", "x") for item in items)


def ends_what_began(book):
    lost = book.told(EngineLost)
    assert len(lost) <= 1
    if lost:
        assert book.events[-1] is lost[0]
        return
    assert len(book.told(ReplyFinished)) == len(book.told(ReplyStarted))
    assert len(book.told(UserTranscribed)) <= len(book.told(TurnCommitted))
