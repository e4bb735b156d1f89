"""Texts judged through the endpoint."""

from __future__ import annotations

import pytest

from asking import asking, desk_of, problem_in
from voiceloop_local.rest import moderations


async def judge(given):
    async with asking(moderations, desk_of()) as client:
        return await client.post("/v1/moderations", json={"input": given, "model": "omni-moderation-latest"})


async def test_each_text_is_judged_for_itself_by_rules_that_are_named():
    told = (await judge(["Where is my order?", "I will hurt you"])).json()
    assert told["model"] == "voiceloop-moderation-rules"
    assert told["id"].startswith("modr-")
    [harmless, threat] = told["results"]
    assert (harmless["flagged"], threat["flagged"]) == (False, True)
    assert threat["categories"]["harassment/threatening"] is True
    assert threat["category_scores"]["harassment/threatening"] > 0.5
    assert threat["categories"].keys() == threat["category_scores"].keys()


async def test_parts_belong_together_and_pictures_are_passed_over():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}
    parts = [{"type": "text", "text": "I want"}, picture, {"type": "text", "text": "to end my life"}]
    [result] = (await judge(parts)).json()["results"]
    assert result["categories"]["self-harm/intent"] is True
    assert result["category_applied_input_types"]["self-harm/intent"] == ["text"]
    assert problem_in(await judge([picture]))[:2] == (400, "input")


@pytest.mark.parametrize("wrong", [None, [], 5, ["a", 5], {"text": "a"}, ["a" * 60_000] * 2])
async def test_what_cannot_be_judged_is_refused(wrong):
    assert problem_in(await judge(wrong))[:2] == (400, "input")
