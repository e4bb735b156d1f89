"""What a reply may be told and how it ends, seen by a client in memory on virtual time."""

from __future__ import annotations

import asyncio
import json

import pytest

from voiceloop.errors import BackendError
from voiceloop.testing.clock import virtual_time
from voiceloop_local.seams import Call, Say

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Thinks:
    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.asked = []

    async def think(self, instructions, items, tools, say, language="en"):
        self.asked.append((instructions, list(items), [tool.name for tool in tools], say))
        for thought in self.thoughts:
            if isinstance(thought, Exception):
                raise thought
            yield thought


@virtual_time
async def test_a_text_only_reply_has_no_audio(visiting, fakes):
    speaker = fakes.speaker()
    async with visiting(speaker=speaker, type="realtime", output_modalities=["text"]) as visit:
        await visit.reply_to("Hi you")
    assert visit.transcript("response.output_text.delta") == "You said: Hi you."
    assert visit.audio() == b""
    assert not speaker.said


@virtual_time
async def test_audio_is_complete_and_leaves_at_most_three_times_as_fast_as_it_is_heard(visiting, fakes):
    async with visiting() as visit:
        await visit.reply_to("Tell me a story")
    deltas = [
        (at, len(event["delta"]) * 3 // 4 / 48_000)
        for at, event in zip(visit.peer.times, visit.events, strict=True)
        if event["type"] == "response.output_audio.delta"
    ]
    assert sum(seconds for _, seconds in deltas) > 8
    assert max(seconds for _, seconds in deltas) <= 0.1001
    sent = 0.0
    for at, seconds in deltas:
        assert sent <= 3.001 * (at - deltas[0][0]) + 1e-6
        sent += seconds


@virtual_time
async def test_words_never_trail_the_audio_that_says_them(visiting):
    async with visiting() as visit:
        await visit.reply_to("one two three four five six seven eight nine ten")
    spoken_ms, chars = 0.0, 0
    for event in visit.events:
        if event["type"] == "response.output_audio.delta":
            spoken_ms += len(event["delta"]) * 3 // 4 / 48
            assert chars * 60 >= spoken_ms - 400 or chars == len(visit.transcript())
        elif event["type"] == "response.output_audio_transcript.delta":
            chars += len(event["delta"])


@virtual_time
async def test_a_tool_is_called_and_its_output_reported(visiting):
    async with visiting(type="realtime", tools=[WEATHER]) as visit:
        done = await visit.reply_to("Weather in Paris")
        [call] = done["response"]["output"]
        assert call["type"] == "function_call"
        assert call["status"] == "completed"
        assert json.loads(call["arguments"]) == {"city": "Weather in Paris"}
        deltas = visit.of("response.function_call_arguments.delta")
        assert "".join(event["delta"] for event in deltas) == call["arguments"]
        assert visit.of("response.function_call_arguments.done")[0]["name"] == "get_weather"
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        visit.send("conversation.item.create", item=output)
        visit.send("response.create")
        await visit.until("response.done")
    assert visit.transcript() == "The tool returned: rain."


@virtual_time
async def test_one_reply_may_speak_and_call_twice(visiting):
    brain = Thinks(Say("One moment."), Call("a", "{}"), Call("b", "{}"))
    async with visiting(ga=False, brain=brain, modalities=["text"]) as visit:
        done = await visit.reply_to("go")
    kinds = [(item["type"], item.get("name")) for item in done["response"]["output"]]
    assert kinds == [("message", None), ("function_call", "a"), ("function_call", "b")]
    assert [event["output_index"] for event in visit.of("response.output_item.done")] == [0, 1, 2]
    assert "name" not in visit.of("response.function_call_arguments.done")[0]


@virtual_time
async def test_several_sayings_are_one_message(visiting):
    async with visiting(brain=Thinks(Say("One."), Say("Two. Three."))) as visit:
        done = await visit.reply_to("go")
    assert done["response"]["output"][0]["content"][0]["transcript"] == "One. Two. Three."


@virtual_time
async def test_exact_words_need_no_brain(visiting, fakes):
    brain, speaker = Thinks(), fakes.speaker()
    async with visiting(brain=brain, speaker=speaker, type="realtime", audio={"output": {"voice": "cedar"}}) as visit:
        visit.send("response.create", response={"instructions": "Say exactly this, and nothing else: Good day to you!"})
        await visit.until("response.done")
    assert speaker.said == [("Good day to you!", "cedar")]
    assert visit.transcript() == "Good day to you!"
    assert not brain.asked


@virtual_time
async def test_a_reply_takes_its_own_settings(visiting):
    brain = Thinks(Say("ok"))
    async with visiting(brain=brain, type="realtime", instructions="Be kind.", tools=[WEATHER]) as visit:
        visit.type_in("hello")
        settings = {
            "instructions": "Be brief.",
            "output_modalities": ["text"],
            "metadata": {"ask": "7"},
            "tool_choice": "none",
        }
        visit.send("response.create", response=settings)
        done = await visit.until("response.done")
        visit.send("response.create")
        await visit.until("response.done")
    created = visit.of("response.created")[0]["response"]
    assert created["metadata"] == done["response"]["metadata"] == {"ask": "7"}
    assert created["output_modalities"] == ["text"]
    assert created["status"] == "in_progress"
    assert [(instructions, tools) for instructions, _, tools, _ in brain.asked] == [
        ("Be brief.", []),
        ("Be kind.", ["get_weather"]),
    ]


@virtual_time
async def test_a_reply_aside_leaves_the_conversation_alone_and_runs_beside_another(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "classify"}]}
        settings = {"conversation": "none", "output_modalities": ["text"], "input": [item], "metadata": {"a": "b"}}
        visit.send("response.create", response=settings)
        done = await visit.until("response.done")
        assert done["response"]["conversation_id"] is None
        assert done["response"]["metadata"] == {"a": "b"}
        assert visit.transcript("response.output_text.delta") == "You said: classify."
        await visit.until("response.done")
    assert len(visit.of("conversation.item.added")) == 2


@virtual_time
async def test_an_aside_can_refer_to_items_and_be_cancelled(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story", item_id="mine")
        refer = {"conversation": "none", "input": [{"type": "item_reference", "id": "mine"}]}
        visit.send("response.create", response=refer)
        created = await visit.until("response.created")
        await visit.until("response.output_audio.delta")
        visit.send("response.cancel", event_id="c1")
        assert (await visit.until("error"))["error"]["code"] == "response_cancel_not_active"
        visit.send("response.cancel", response_id=created["response"]["id"])
        done = await visit.until("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        refer["input"][0]["id"] = "other"
        visit.send("response.create", response=refer)
        assert (await visit.until("error"))["error"]["code"] == "invalid_value"


@virtual_time
async def test_only_one_reply_of_the_conversation_runs(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        visit.send("response.create")
        await visit.until("response.created")
        visit.send("response.create", event_id="second")
        error = (await visit.until("error"))["error"]
        assert error["code"] == "conversation_already_has_active_response"
        assert error["event_id"] == "second"
        visit.send("response.cancel")
        await visit.until("response.done")
        visit.send("response.cancel")
        error = (await visit.until("error"))["error"]
        assert error["code"] == "response_cancel_not_active"
        assert error["message"] == "Cancellation failed: no active response found"
        assert (await visit.reply_to("still there?"))["response"]["status"] == "completed"


@virtual_time
async def test_a_reply_stops_at_its_token_limit(visiting):
    async with visiting(type="realtime", max_output_tokens=20) as visit:
        done = await visit.reply_to("tell me a story")
    assert done["response"]["status"] == "incomplete"
    assert done["response"]["status_details"]["reason"] == "max_output_tokens"
    assert done["response"]["usage"]["output_tokens"] < 40


@pytest.mark.parametrize("failure", [BackendError("the brain is off"), OSError("pipe")])
@virtual_time
async def test_a_failing_brain_fails_the_reply_only(visiting, failure):
    async with visiting(brain=Thinks(failure)) as visit:
        done = await visit.reply_to("hi")
        assert done["response"]["status"] == "failed"
        assert done["response"]["status_details"]["error"]["message"] == str(failure)
        assert (await visit.reply_to("hi"))["response"]["status"] == "failed"


@virtual_time
async def test_a_brain_that_never_answers_fails_the_reply_in_time(visiting):
    class Stuck:
        async def think(self, *_):
            await asyncio.sleep(10_000)
            yield Say("never")

    async with visiting(brain=Stuck()) as visit:
        visit.type_in("hi")
        visit.send("response.create")
        await visit.until("response.created")
        await asyncio.sleep(59)
        assert "response.done" not in visit.types
        done = await visit.until("response.done")
    assert done["response"]["status"] == "failed"


@virtual_time
async def test_replies_aside_are_bounded(visiting):
    async with visiting() as visit:
        visit.type_in("tell me a story")
        for _ in range(12):
            visit.send("response.create", response={"conversation": "none"})
        error = (await visit.until("error"))["error"]
        await asyncio.sleep(1)
    assert error["code"] == "rate_limit_exceeded"
    assert len(visit.of("response.created")) == 8


@virtual_time
async def test_a_client_that_reads_slowly_gets_all_the_same(visiting):
    async with visiting(brain=Thinks(Say("word " * 200)), type="realtime", output_modalities=["text"]) as visit:
        await visit.reply_to("go")
    assert visit.transcript("response.output_text.delta").split() == ["word"] * 200


@virtual_time
async def test_a_cancelled_reply_lets_go_of_voice_and_brain_at_once(visiting):
    closed = []

    class Brain:
        async def think(self, *_):
            try:
                yield Say("One two three. Four five six.")
                yield Say("Never said.")
            finally:
                closed.append("brain")

    class Voice:
        async def speak(self, text, voice=None, language="en"):
            try:
                while True:
                    yield bytes(48_000)
            finally:
                closed.append("voice")

    async with visiting(brain=Brain(), speaker=Voice()) as visit:
        visit.type_in("go")
        visit.send("response.create")
        await visit.until("response.output_audio.delta")
        visit.send("response.cancel")
        await visit.until("response.done")
        assert closed == ["voice", "brain"]
