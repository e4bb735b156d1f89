from __future__ import annotations

import pytest

from voiceloop.dgrid.chat_request import ChatRequest, ImagePart, ImageUrl
from voiceloop.dgrid.dialects import dialect
from voiceloop.dgrid.dialects.base import Echoes, inline_image, refuse
from voiceloop.dgrid.dialects.claude import Claude
from voiceloop.dgrid.dialects.openai import OpenAI
from voiceloop.dgrid.dialects.responses import Responses
from voiceloop.errors import SettingsError


@pytest.mark.parametrize(("name", "kind"), [("openai", OpenAI), ("responses", Responses), ("claude", Claude)])
def test_each_dialect_has_a_name_and_begins_anew(name, kind):
    assert isinstance(dialect(name), kind)
    assert dialect(name) is not dialect(name)


def test_the_oldest_echoes_are_forgotten():
    echoes = Echoes()
    for number in range(70):
        echoes.keep(str(number), number)
    assert [echoes.of("5"), echoes.of("6"), echoes.of("69")] == [None, 6, 69]


def test_what_has_no_words_is_named():
    request = ChatRequest(model="m", messages=[{"role": "user", "content": "Hi"}], stop="x")
    refuse(request, "claude", "contents")
    with pytest.raises(SettingsError, match="the dialect claude has no stop"):
        refuse(request, "claude", "contents", "stop")


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://x/y.png", None),
        ("data:image/png;base64,AA==", ("image/png", "AA==")),
        ("data:image/svg+xml;charset=utf-8;base64,AAAA", ("image/svg+xml", "AAAA")),
    ],
)
def test_an_image_is_inside_or_elsewhere(url, found):
    assert inline_image(ImagePart(image_url=ImageUrl(url=url))) == found
