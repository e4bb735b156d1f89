from __future__ import annotations

from voiceloop.testing.gateway_outbox import Outbox, wire_name
from voiceloop.testing.script import Vanish


def test_steps_run_when_due_in_order_and_see_their_own_time():
    outbox = Outbox()
    outbox.now_s = 10.0
    seen = []
    outbox.after(2.0, lambda: seen.append(("late", outbox.now_s)))
    outbox.after(1.0, lambda: outbox.after(0.5, lambda: seen.append(("chained", outbox.now_s))))
    outbox.after(2.0, lambda: seen.append(("last", outbox.now_s)))
    assert outbox.next_due_s == 11.0
    assert outbox.take(10.9) == []
    outbox.take(12.0)
    assert seen == [("chained", 11.5), ("late", 12.0), ("last", 12.0)]
    assert outbox.next_due_s is None


def test_dropped_steps_never_run():
    outbox = Outbox()
    outbox.after(1.0, lambda: outbox.put("no"), "a")
    outbox.after(1.0, lambda: outbox.put("yes"), "b")
    outbox.drop("a")
    assert outbox.take(5.0) == ["yes"]


def test_after_the_end_nothing_goes_out():
    outbox = Outbox()
    outbox.put("before")
    outbox.put(Vanish())
    outbox.put("after")
    assert outbox.take(0.0) == ["before", Vanish()]


def test_it_tells_when_there_is_something_new():
    outbox = Outbox()
    told = []
    outbox.on_change = lambda: told.append(True)
    outbox.put_event({"type": "x"})
    outbox.after(1.0, lambda: None)
    assert len(told) == 2
    assert outbox.take(0.0) == ['{"type":"x"}']


def test_names_follow_the_dialect():
    assert wire_name("response.output_audio.delta", beta=True) == "response.audio.delta"
    assert wire_name("response.output_audio.delta", beta=False) == "response.output_audio.delta"
    assert wire_name("conversation.item.done", beta=True) is None
    assert wire_name("error", beta=True) == "error"


def test_nothing_is_due_after_the_end():
    outbox = Outbox()
    done = []
    outbox.after(1.0, lambda: done.append("before"))
    outbox.put(Vanish())
    outbox.after(1.0, lambda: done.append("after"))
    assert outbox.take(5.0) == [Vanish()]
    assert (done, outbox.next_due_s) == ([], None)
