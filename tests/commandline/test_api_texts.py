from __future__ import annotations

import json

import pytest

from voiceloop.testing.rest import RestAnswer

COMPLETE, EMBED, JUDGE = "POST /v1/completions", "POST /v1/embeddings", "POST /v1/moderations"

pytestmark = pytest.mark.real


def goes_on(text, stop="stop"):
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return RestAnswer({"choices": [{"index": 0, "text": text, "finish_reason": stop}], "model": "m", "usage": usage})


def vectors(*found):
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(found)]
    return RestAnswer({"object": "list", "data": data, "model": "e", "usage": {"prompt_tokens": 4, "total_tokens": 4}})


def verdicts(*results):
    return RestAnswer({"id": "modr-1", "model": "omni", "results": list(results)})


# Completions ---------------------------------------------------------------------------------------------------------


def test_a_text_goes_on(api, serving):
    options = ("--model", "m", "--suffix", " The end.", "--stop", ".", "--stop", "!", "--max-tokens", "9")
    with serving({COMPLETE: [goes_on(" there was a loaf")]}) as rest:
        assert api(rest, "complete", "Once", *options) == (0, " there was a loaf\n", "")
    assert rest.heard[0].json == {
        "model": "m",
        "prompt": "Once",
        "suffix": " The end.",
        "max_tokens": 9,
        "stop": [".", "!"],
    }


def test_a_text_is_printed_while_it_is_written(api, serving):
    chunks = [{"choices": [{"index": 0, "text": text}]} for text in (" there", " was")]
    pieces = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    with serving({COMPLETE: [RestAnswer([*pieces, b"data: [DONE]\n\n"]), RestAnswer(pieces, ends="cut")]}) as rest:
        assert api(rest, "complete", "Once", "--model", "m", "--stream") == (0, " there was\n", "")
        status, out, err = api(rest, "complete", "Once", "--model", "m", "--stream")
    assert (status, out, err.count("\n")) == (5, " there was\n", 1)


def test_a_script_gets_the_typed_text(api, serving):
    with serving({COMPLETE: [goes_on(" there", "length")]}) as rest:
        _, out, err = api(rest, "complete", "Once", "--model", "m", "--json")
    told = json.loads(out)
    assert told["continuations"][0]["text"] == " there"
    assert told["usage"]["output_tokens"] == 2
    assert "--max-tokens" in err


# Embeddings ----------------------------------------------------------------------------------------------------------


def test_each_text_is_a_line(api, serving):
    with serving({EMBED: [vectors([0.1, -2.5], [1, 0])]}) as rest:
        status, out, err = api(rest, "embed", "a bakery", "a butcher", "--model", "e", "--dimensions", "2")
    assert (status, err) == (0, "")
    assert [json.loads(line) for line in out.splitlines()] == [[0.1, -2.5], [1.0, 0.0]]
    assert rest.heard[0].json == {"model": "e", "input": ["a bakery", "a butcher"], "dimensions": 2}


def test_a_script_gets_all_vectors_in_one_object(api, serving):
    with serving({EMBED: [vectors([0.1, -2.5])]}) as rest:
        _, out, _ = api(rest, "embed", "-", "--model", "e", "--json", stdin=b"a bakery\n")
    told = json.loads(out)
    assert (told["model"], told["dimensions"], told["vectors"]) == ("e", 2, [[0.1, -2.5]])
    assert told["usage"]["input_tokens"] == 4
    assert rest.heard[0].json["input"] == "a bakery"


def test_a_gemini_model_embeds(api, serving):
    one = RestAnswer({"embedding": {"values": [0.5]}})
    two = RestAnswer({"embeddings": [{"values": [0.5]}, {"values": [1]}]})
    routes = {"POST /v1/models/g:embedContent": [one], "POST /v1/models/g:batchEmbedContents": [two]}
    with serving(routes) as rest:
        assert api(rest, "embed", "a", "--model", "g", "--dialect", "gemini", "--dimensions", "1")[1] == "[0.5]\n"
        assert api(rest, "embed", "a", "b", "--model", "g", "--dialect", "gemini")[1] == "[0.5]\n[1.0]\n"
    assert rest.heard[0].json == {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 1}


def test_an_answer_without_a_vector_for_each_text_is_an_error(api, serving):
    with serving({EMBED: [vectors([0.1])]}) as rest:
        status, out, err = api(rest, "embed", "a", "b", "--model", "e")
    assert (status, out) == (5, "")
    assert "1 vectors for 2 texts" in err


# Moderations ---------------------------------------------------------------------------------------------------------


def test_each_text_is_judged_on_a_line_by_a_model_of_the_servers_choice(api, serving):
    bad = {
        "flagged": True,
        "categories": {"hate": True, "violence": True, "sexual": False},
        "category_scores": {"hate": 0.2, "violence": 0.93},
    }
    bare = {"flagged": True, "categories": {}}
    with serving({JUDGE: [verdicts(bad, {"flagged": False}, bare)]}) as rest:
        status, out, err = api(rest, "moderate", "a", "b", "c")
    assert (status, out) == (0, "flagged: violence (0.93), hate (0.20)\nnot flagged\nflagged\n")
    assert err == "Judged by omni.\n"
    assert rest.heard[0].json == {"input": ["a", "b", "c"]}


def test_a_script_gets_the_verdicts(api, serving):
    with serving({JUDGE: [verdicts({"flagged": True, "categories": {"hate": True}})]}) as rest:
        _, out, err = api(rest, "moderate", "a", "--model", "strict", "--json")
    told = json.loads(out)
    assert (told["flagged"], told["verdicts"][0]["categories"], err) == (True, {"hate": True}, "")
    assert rest.heard[0].json == {"input": "a", "model": "strict"}


def test_silence_is_never_taken_for_consent(api, serving):
    with serving({JUDGE: [verdicts({})]}) as rest:
        status, out, err = api(rest, "moderate", "a")
    assert (status, out) == (5, "")
    assert "0 verdicts where 1 are due" in err


@pytest.mark.parametrize("command", ["complete", "embed", "moderate"])
@pytest.mark.parametrize(("text", "stdin"), [("", b""), (" \n", b""), ("-", b"")])
def test_an_empty_text_is_refused(api, serving, command, text, stdin):
    with serving({}) as rest:
        status, out, err = api(rest, command, text, stdin=stdin)
    assert (status, out, err.count("\n"), rest.heard) == (2, "", 1, [])
    assert "is empty" in err
