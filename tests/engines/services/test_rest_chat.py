"""A chat model over real connections to a scripted server."""

from __future__ import annotations

import base64
import json

import pytest

from voiceloop.clips import to_wav
from voiceloop.dgrid.chat_answer import CallGrew, Ended, Said, Stop
from voiceloop.dgrid.dialects import dialect
from voiceloop.engines.services.plain_prompt import PlainPrompt
from voiceloop.engines.services.rest_chat import RestChat
from voiceloop.engines.services.seams import Question
from voiceloop.errors import BackendError, RefusedError, SettingsError
from voiceloop.testing.rest import RestAnswer
from voiceloop.vocabulary import AssistantTurn, ToolCall, ToolOutput, ToolSpec, UserTurn

pytestmark = pytest.mark.real

LIGHT = ToolSpec("light", "Switches the light", {"type": "object", "properties": {"on": {"type": "boolean"}}})
HELLO = Question("Be brief.", [UserTurn("t1", "Hello!")])


def streamed(*deltas, ends="well"):
    def frame(delta):
        finish = delta.pop("finish", None)
        return b"data: %b\n\n" % json.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}).encode()

    return RestAnswer([*map(frame, deltas), *([b"data: [DONE]\n\n"] if ends == "well" else [])], ends=ends)


async def answered(chat, question=HELLO):
    async with chat(question) as deltas:
        return [delta async for delta in deltas]


async def test_a_conversation_is_asked_with_its_tools_and_answered_as_it_comes(asking):
    items = [
        UserTurn("t1", "Light on!"),
        ToolCall("c1", "light", '{"on":true}'),
        ToolOutput("c1", "done"),
        AssistantTurn("r1", "It is on.", 800),
        UserTurn("t2", "Thanks."),
    ]
    reply = streamed({"content": "You are"}, {"content": " welcome."}, {"finish": "stop"})
    async with asking(chat__completions=[reply]) as (rest, client):
        *said, ended = await answered(RestChat(client, dialect("openai"), "m"), Question("Be brief.", items, [LIGHT]))
    assert said == [Said("You are"), Said(" welcome.")]
    assert isinstance(ended, Ended)
    assert ended.completion.stop is Stop.END
    asked = rest.heard[0].json
    assert asked["model"] == "m"
    assert [message["role"] for message in asked["messages"]] == [
        *("system", "user", "assistant", "tool", "assistant", "user"),
    ]
    assert asked["tools"][0]["function"]["name"] == "light"
    assert asked["stream"] is True


async def test_a_call_of_a_tool_is_answered_in_its_pieces(asking):
    call = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "light", "arguments": '{"on":'}}]}
    rest_of_it = {"tool_calls": [{"index": 0, "function": {"arguments": "true}"}}]}
    async with asking(chat__completions=[streamed(call, rest_of_it, {"finish": "tool_calls"})]) as (_, client):
        *grew, ended = await answered(RestChat(client, dialect("openai"), "m"))
    assert [delta.arguments for delta in grew if isinstance(delta, CallGrew)] == ['{"on":', "true}"]
    assert ended.completion.tool_calls == (ToolCall("c1", "light", '{"on":true}'),)


async def test_a_model_that_listens_is_sent_the_speech(asking):
    question = Question("Be brief.", [UserTurn("t1", "")], speech=bytes(3_200), speech_rate_hz=16_000)
    async with asking(chat__completions=[streamed({"content": "Hm."}, {"finish": "stop"})]) as (rest, client):
        await answered(RestChat(client, dialect("openai"), "m"), question)
    (part,) = rest.heard[0].json["messages"][-1]["content"]
    assert part["type"] == "input_audio"
    assert part["input_audio"]["format"] == "wav"
    assert base64.b64decode(part["input_audio"]["data"]) == to_wav(bytes(3_200), 16_000)


async def test_a_model_without_a_chat_is_given_a_dialogue(asking):
    whole = RestAnswer({"choices": [{"text": " Hi.\nUser: And", "index": 0, "finish_reason": "length"}]})
    async with asking(completions=[whole]) as (rest, client):
        said, ended = await answered(RestChat(client, PlainPrompt(), "davinci"))
    assert said == Said(" Hi.")
    assert ended.completion.stop is Stop.END
    assert rest.heard[0].json["prompt"] == "Be brief.\n\nUser: Hello!\nAssistant:"


async def test_leaving_early_closes_the_request(asking):
    async with asking(chat__completions=[streamed({"content": "Once upon"}, ends="never")]) as (rest, client):
        async with RestChat(client, dialect("openai"), "m")(HELLO) as deltas:
            assert await anext(deltas) == Said("Once upon")
        await rest.heard[0].gone.wait()


async def test_a_question_without_words_is_refused_before_it_is_asked(asking):
    async with asking() as (rest, client):
        with pytest.raises(RefusedError, match="cannot be asked"):
            await answered(RestChat(client, dialect("openai"), "m"), Question("", [UserTurn("t1", " ")]))
    assert rest.heard == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RestAnswer({"success": False, "message": "quota used up"}), "quota used up"),
        (RestAnswer({"error": {"message": "bad key"}}, 401), "bad key"),
        (RestAnswer("<html>Bad gateway</html>", headers={"Content-Type": "text/html"}), "chat model"),
    ],
)
async def test_what_is_no_answer_is_an_error_that_says_what_came(asking, answer, why):
    async with asking(chat__completions=[answer]) as (_, client):
        with pytest.raises(BackendError, match=why):
            await answered(RestChat(client, dialect("openai"), "m"))


async def test_what_a_dialect_has_no_words_for_is_refused(asking):
    class Wordless(PlainPrompt):
        def asked(self, request, *, streamed):
            raise SettingsError("claude does not take sound; set [rest] listener")

    async with asking() as (_, client):
        with pytest.raises(RefusedError, match="does not take sound"):
            await answered(RestChat(client, Wordless(), "m"))
