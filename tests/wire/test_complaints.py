from __future__ import annotations

import pytest

from voiceloop.commands import SendImage
from voiceloop.events import EngineComplained
from voiceloop.vocabulary import UserImage
from wire.talk import ready

REFUSED = EngineComplained("image_refused", "invalid_value: Invalid value: 'input_image'.")
WORDS = "Invalid value: 'input_image'."


def showing(images=1, *, recalled=False):
    talk = ready()
    pictures = [UserImage(f"image-{number}", "image/png", b"png") for number in range(images)]
    if recalled:
        talk.protocol.recall(pictures, {}, "")
    for picture in () if recalled else pictures:
        talk.protocol.obey(SendImage(picture))
    return talk, [frame["event_id"] for frame in talk.sent()]


def test_a_picture_is_an_item_of_the_users():
    talk = ready()
    talk.protocol.obey(SendImage(UserImage("image-1", "image/png", b"png")))
    (frame,) = talk.sent()
    content = [{"type": "input_image", "image_url": "data:image/png;base64,cG5n"}]
    assert frame["item"] == {"type": "message", "role": "user", "content": content}


@pytest.mark.parametrize("recalled", [False, True])
@pytest.mark.parametrize("named", [True, False], ids=["named", "in words only"])
def test_a_server_that_takes_no_pictures_says_so_once_and_is_sent_no_more(recalled, named):
    talk, event_ids = showing(2, recalled=recalled)
    told = [
        talk.errs("invalid_value", WORDS, param="item.content[0].type", event_id=event_id if named else None)
        for event_id in event_ids
    ]
    assert told == [[REFUSED], []]
    talk.protocol.obey(SendImage(UserImage("image-9", "image/png", b"png")))
    assert talk.sent() == []


def test_an_error_about_something_else_costs_no_pictures():
    talk, _ = showing()
    (told,) = talk.errs("invalid_value", "Invalid value: 'x'.", event_id="vl_0")
    assert told.code == "invalid_value"
    talk.protocol.obey(SendImage(UserImage("image-9", "image/png", b"png")))
    assert len(talk.sent()) == 1


# Replies that the server fails at -------------------------------------------------------------------------------------


def fails(talk, response_id, code=None, kind="server_error"):
    talk.says("response.created", response={"id": response_id})
    details = {"error": {"type": kind, "code": code}}
    return talk.says("response.done", response={"id": response_id, "status": "failed", "status_details": details})


def kinds(told):
    return [type(event).__name__ for event in told]


@pytest.mark.parametrize(("code", "kind"), [(None, "server_error"), ("server_error", ""), ("odd", "server_error")])
def test_a_server_that_fails_twice_in_a_row_is_left_with_the_reply_unfinished(code, kind):
    talk = ready()
    assert kinds(fails(talk, "r1", code, kind)) == ["ReplyFinished"]
    assert kinds(fails(talk, "r2", code, kind)) == ["EngineLost"]


def test_a_reply_that_goes_well_in_between_makes_it_the_first_failure_again():
    talk = ready()
    fails(talk, "r1")
    talk.says("response.created", response={"id": "r2"})
    talk.says("response.done", response={"id": "r2", "status": "completed"})
    assert kinds(fails(talk, "r3")) == ["ReplyFinished"]


def test_a_server_that_is_busy_is_not_left():
    talk = ready()
    for number in range(5):
        assert kinds(fails(talk, f"r{number}", "rate_limit_exceeded")) == ["ReplyFinished"]
