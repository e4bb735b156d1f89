"""Prompts answered through the endpoint by a brain that always answers the same."""

from __future__ import annotations

import pytest

from asking import asking, desk_of, events_in, problem_in
from voiceloop.errors import DeviceError
from voiceloop_local.rest import completions
from voiceloop_local.rest.completions import ending, wish_of
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.seams import Call, Say

ASKED = {"model": "m", "prompt": "hello", "max_tokens": 100}


class Brain:
    """Says each of `thoughts`; an exception among them is raised."""

    def __init__(self, *thoughts):
        self.thoughts = thoughts
        self.asked = []

    async def think(self, instructions, items, tools, say, language="en"):
        self.asked.append((items[-1].text, language))
        for thought in self.thoughts:
            if isinstance(thought, Exception):
                raise thought
            yield thought


async def ask(brain=None, language="en", /, **more):
    async with asking(completions, desk_of(brain=brain, language=language)) as client:
        return await client.post("/v1/completions", json=ASKED | more)


async def test_a_prompt_is_answered():
    told = (await ask()).json()
    assert (told["object"], told["model"]) == ("text_completion", "m")
    assert told["choices"] == [{"text": "You said: hello.", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert told["usage"] == {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}


async def test_several_prompts_and_copies_are_choices_in_order():
    told = (await ask(prompt=["a", "b"], n=2)).json()
    assert [choice["index"] for choice in told["choices"]] == [0, 1, 2, 3]
    assert [choice["text"][-2] for choice in told["choices"]] == ["a", "a", "b", "b"]


async def test_sentences_are_joined_and_tools_are_nothing_here():
    told = (await ask(Brain(Say("One."), Call("f", "{}"), Say("Two.")))).json()
    assert told["choices"][0]["text"] == "One. Two."


async def test_an_answer_ends_where_it_has_to():
    brain = Brain(Say("One."), Say("Two."), Say("Three."))
    [cut] = (await ask(brain, max_tokens=2)).json()["choices"]
    assert (cut["text"], cut["finish_reason"]) == ("One. Two", "length")
    [stopped] = (await ask(brain, stop=["Thr", "Tw"], echo=True)).json()["choices"]
    assert (stopped["text"], stopped["finish_reason"]) == ("helloOne. ", "stop")


async def test_a_stream_tells_the_same_and_what_it_cost():
    brain = Brain(Say("One."), Say("Two."))
    response = await ask(brain, stream=True, stream_options={"include_usage": True})
    [*chunks, usage] = events_in(response)
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "One. Two."
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, "stop"]
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], 3)
    assert response.text.endswith("data: [DONE]\n\n")


async def test_a_brain_that_fails_is_told_by_status_or_within_the_stream():
    brain = Brain(Say("One."), DeviceError("the phrases need hassil; install it"))
    assert problem_in(await ask(brain)) == (503, None, "the phrases need hassil; install it")
    response = await ask(brain, stream=True)
    [chunk, error] = events_in(response)
    assert chunk["choices"][0]["text"] == "One."
    assert error["error"]["message"] == "the phrases need hassil; install it"
    assert "[DONE]" not in response.text


async def test_the_gateways_language_is_used():
    brain = Brain(Say("Ja."))
    await ask(brain, "de")
    await ask(brain, "auto", prompt="Wie spät ist es denn jetzt?")
    assert [language for _, language in brain.asked] == ["de", "de"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("One. Two.", (9, "")),
        ("One. Two. And more", (10, "length")),
        ("One, END of", (5, "stop")),
        ("END", (0, "stop")),
        ("ten chars.END", (10, "length")),
    ],
)
def test_the_first_reason_to_end_counts(written, kept):
    assert ending(written, ["END"], 10) == kept


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"model": None}, "model"),
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"n": 17}, "n"),
        ({"n": 9, "prompt": ["a", "b"]}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [""]}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"echo": 1}, "echo"),
    ],
)
def test_what_cannot_be_used_is_named(wrong, param):
    with pytest.raises(ApiProblem) as caught:
        wish_of(ASKED | wrong)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_without_a_limit_sixteen_tokens_are_written():
    assert wish_of({"model": "m", "prompt": ""}).most_characters == 64
