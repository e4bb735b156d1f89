"""Pictures that the user shows."""

import base64

import pytest

from journeys.journey import Journey, dialects, spoken_words
from journeys.virtual.test_races import NOON, ONE, asked, story
from voiceloop.errors import MisuseError
from voiceloop.testing.clock import virtual_time
from voiceloop.testing.script import Fail, Handle, Reply, Spoken, Vanish
from voiceloop.vocabulary import UserImage

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff" + bytes(40)
CAT = Reply((Spoken("A cat.", 500),))
NO_IMAGES = Fail("invalid_value", "Invalid value: 'input_image'.", param="item.content[0].type")


def shown(connection):
    items = (event["item"] for event in connection.received if event["type"] == "conversation.item.create")
    return [part["image_url"] for item in items for part in item.get("content", ()) if part["type"] == "input_image"]


@dialects
@pytest.mark.parametrize(("image", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")], ids=["PNG", "JPEG"])
@virtual_time
async def test_a_picture_with_words_is_answered(dialect, image, kind):
    async with Journey(CAT, dialect=dialect) as talk:
        await talk.session.send_text("what is this", image=image)
        await talk.line("agent_said")
        assert shown(talk.gateway.connection) == [f"data:{kind};base64,{base64.b64encode(image).decode()}"]
    picture, words = talk.said("user_said")
    assert (picture["text"], picture["image"], words["text"]) == ("", kind, "what is this")
    assert [type(item).__name__ for item in talk.session.history] == ["UserImage", "UserTurn", "AssistantTurn"]
    talk.gateway.expect("response.create", times=1)


@virtual_time
async def test_a_picture_without_words_is_known_to_the_next_reply_and_interrupts_nobody():
    async with Journey(story(2000), CAT) as talk:
        await asked(talk, "tell me a story")
        await talk.line("agent_speech_started")
        await talk.session.send_text("", image=PNG)
        await talk.line("agent_said")
        talk.gateway.expect("response.create", times=0)
        await asked(talk, "what did I show you")
        await talk.line("agent_said", times=2)
        assert len(shown(talk.gateway.connection)) == 1
    assert talk.said("agent_said")[0]["interrupted"] is False


@virtual_time
async def test_the_next_connection_is_shown_the_pictures_too():
    async with Journey(CAT, NOON) as talk:
        await talk.session.send_text("what is this", image=PNG)
        await talk.line("agent_said")
        talk.gateway.perform(Vanish())
        await talk.until(lambda: len(talk.gateway.connections) == 2)
        await asked(talk)
        await talk.line("agent_said", times=2)
        first, second = talk.gateway.connections
        assert shown(first) == shown(second)
        assert [item.body["type"] for item in second.items[:3]] == ["message"] * 3
    assert "iVBOR" not in talk.tape


@virtual_time
async def test_only_the_newest_eight_pictures_are_kept():
    async with Journey() as talk:
        for number in range(10):
            await talk.session.send_text("", image=PNG + bytes([number]))
        images = [item for item in talk.session.history if isinstance(item, UserImage)]
    assert [image.encoded[-1] for image in images] == list(range(2, 10))


@dialects
@virtual_time
async def test_a_server_that_takes_no_pictures_is_one_warning_and_the_words_are_answered(dialect):
    async with Journey(CAT, NOON, ONE, dialect=dialect, errors=2) as talk:
        talk.gateway.when("conversation.item.create", NO_IMAGES)
        talk.gateway.when("conversation.item.create", Handle())
        talk.gateway.when("conversation.item.create", NO_IMAGES)
        await talk.session.send_text("what is this", image=PNG)
        await talk.session.send_text("", image=PNG)  # before the server could say that it takes none
        await talk.line("agent_said")
        await talk.session.send_text("and this", image=PNG)
        await talk.line("agent_said", times=2)
        await asked(talk)
        await talk.line("agent_said", times=3)
        assert len(shown(talk.gateway.connection)) == 2
    assert talk.warnings() == ["image_refused"]
    assert spoken_words(talk.lines)[-1] == "It is one."


@pytest.mark.parametrize(
    ("image", "words"), [(b"GIF89a...", "PNG or JPEG"), (b"", "PNG or JPEG"), (PNG + bytes(2**19), "513 KiB")]
)
@virtual_time
async def test_what_no_server_takes_is_refused_here(image, words):
    async with Journey() as talk:
        with pytest.raises(MisuseError, match=words):
            await talk.session.send_text("what is this", image=image)
    assert talk.said("user_said") == []
