from __future__ import annotations

import openai
import pytest

from dgrid.asker import GONE, KEY, client, refusal
from voiceloop.dgrid.failures import Kind
from voiceloop.dgrid.moderations import ModerationRequest, moderate, read_verdicts
from voiceloop.testing.rest import RestAnswer, ScriptedRest

PATH = "POST /v1/moderations"
FINE = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.001}}
HATE = {
    "flagged": True,
    "categories": {"hate": True, "hate/threatening": False},
    "category_scores": {"hate": 0.9, "hate/threatening": 0.1},
    "category_applied_input_types": {"hate": ["text"], "hate/threatening": []},
}
PARTS = [
    {"type": "text", "text": "Look!"},
    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
]


def judged(*results):
    return RestAnswer({"id": "modr-1", "model": "m", "results": list(results)}, headers={"x-request-id": "req_1"})


async def asked(rest, **request):
    async with client(rest) as asker:
        return await moderate(asker, ModerationRequest(**request))


@pytest.mark.real
async def test_a_text_is_judged():
    async with ScriptedRest({PATH: [GONE, judged(HATE)]}) as rest:
        found = await asked(rest, input="I hate you")
    assert rest.heard[1].body == b'{"input":"I hate you"}'
    assert rest.heard[1].headers["authorization"] == f"Bearer {KEY}"
    assert (found.flagged, found.id, found.model, found.request_id) == (True, "modr-1", "m", "req_1")
    (verdict,) = found.verdicts
    assert verdict.categories == {"hate": True, "hate/threatening": False}
    assert verdict.scores == {"hate": 0.9, "hate/threatening": 0.1}
    assert verdict.found_in == {"hate": ("text",), "hate/threatening": ()}


@pytest.mark.real
async def test_several_texts_are_judged_one_by_one():
    async with ScriptedRest({PATH: [judged(FINE, HATE)]}) as rest:
        found = await asked(rest, input=["a", "b"])
    assert [verdict.flagged for verdict in found.verdicts] == [False, True]


@pytest.mark.real
async def test_the_stock_client_of_openai_sends_the_same():
    async with (
        ScriptedRest({PATH: [judged(FINE)] * 6}) as rest,
        openai.AsyncOpenAI(api_key=KEY, base_url=f"{rest.base_url}/v1") as theirs,
    ):
        for given in ("a", ["a"], PARTS):
            assert not (await asked(rest, input=given, model="omni")).flagged
            await theirs.moderations.create(input=given, model="omni")
    for ours, stock in zip(rest.heard[::2], rest.heard[1::2], strict=True):
        assert ours.json == stock.json


@pytest.mark.real
@pytest.mark.parametrize("results", [[], [FINE], [FINE] * 3, [FINE, {}]])
async def test_silence_is_not_taken_for_consent(results):
    async with ScriptedRest({PATH: [judged(*results)]}) as rest:
        failure = await refusal(asked(rest, input=["a", "b"]))
    assert failure.kind is Kind.BROKEN
    assert "verdicts where 2 are due" in failure.message


@pytest.mark.parametrize(
    ("result", "flagged"),
    [
        ({"flagged": True}, True),
        ({"flagged": False}, False),
        ({"categories": {"new/one": True}}, True),
        ({"flagged": False, "categories": {"hate": True}}, True),
        ({"flagged": "no", "categories": {"hate": False, "odd": "yes"}}, False),
    ],
)
def test_what_says_little_is_judged_by_what_it_says(result, flagged):
    (verdict,) = read_verdicts({"results": [result]})
    assert verdict.flagged is flagged


def test_odd_scores_are_left_out():
    odd = {"flagged": False, "category_scores": {"hate": "high", "sexual": 0.5}, "categories": None}
    (verdict,) = read_verdicts({"results": [odd]})
    assert (verdict.scores, verdict.categories, verdict.found_in) == ({"sexual": 0.5}, {}, {})


@pytest.mark.parametrize("raw", [{}, {"results": None}, {"results": [None, "x", {}, {"flagged": "yes"}]}])
def test_what_is_no_verdict_is_none(raw):
    assert read_verdicts(raw) == ()


@pytest.mark.parametrize("wrong", [[], [1], None, [{"type": "text"}], [{"type": "video"}]])
def test_an_input_that_cannot_be_judged_is_refused(wrong):
    with pytest.raises(ValueError, match="input"):
        ModerationRequest(input=wrong)
