from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceloop.commands import AskReply
from voiceloop.events import ReplyFinished, ReplyStarted, ToolCalled
from wire.talk import Talk, ready

SPOT = {"response_id": "r1", "item_id": "a1", "content_index": 0}
CALL = {"type": "function_call", "id": "f1", "call_id": "call_1", "name": "lamp", "arguments": ""}
WHOLE = {**CALL, "arguments": "{}", "status": "completed"}


def message(words):
    return {"type": "message", "id": "a1", "content": [{"type": "text", "text": words}]}


STEPS = {
    "created": lambda talk, r: talk.says("response.created", response={"id": r}),
    "added": lambda talk, r: talk.says("response.output_item.added", response_id=r, item={**CALL, "id": "f" + r}),
    "text": lambda talk, r: talk.says("response.output_text.delta", **{**SPOT, "response_id": r}, delta="Hi "),
    "text done": lambda talk, r: talk.says("response.output_text.done", **{**SPOT, "response_id": r}, text="Hi Hi "),
    "sound": lambda talk, r: list((talk.sounds(bytes(3), r) or Talk.SILENCE).events),
    "arguments": lambda talk, r: talk.says(
        "response.function_call_arguments.done", response_id=r, call_id="c", name="n"
    ),
    "call done": lambda talk, r: talk.says("response.output_item.done", response_id=r, item={**WHOLE, "call_id": "c"}),
    "done": lambda talk, r: talk.says("response.done", response={"id": r, "output": [WHOLE, message("Hi Hi ")]}),
    "ask": lambda talk, r: talk.protocol.obey(AskReply("ask-" + r)) or [],
    "error": lambda talk, r: talk.errs("conversation_already_has_active_response"),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["r1", "r2", ""])), max_size=25))
def test_in_any_order_a_reply_starts_first_ends_last_and_calls_each_tool_once(steps):
    talk = ready()
    told = [event for step, reply_id in steps for event in STEPS[step](talk, reply_id)]
    started, ended, called = set(), set(), []
    for event in told:
        match event:
            case ReplyStarted():
                assert event.reply_id not in started
                started.add(event.reply_id)
            case ToolCalled():
                called.append(event.call.call_id)
            case _:
                pass
        if hasattr(event, "reply_id"):
            assert event.reply_id in started - ended
        if isinstance(event, ReplyFinished):
            ended.add(event.reply_id)
    assert len(called) == len(set(called))
