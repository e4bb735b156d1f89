from __future__ import annotations

import base64

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.gateway_words import Words
from voiceloop.testing.numbers import UNKNOWN, Run, numbered

SECOND = 24_000


def test_a_word_is_heard_where_its_middle_is():
    words = Words()
    words.know(Run(0, 1000, 400), "one two three four")
    assert words.said_in([Run(0, 1000, 400)]) == "one two three four"
    assert words.said_in([Run(0, 1000, 150)]) == "one"
    assert words.said_in([Run(0, 1151, 99)]) == ""
    assert words.said_in([Run(0, 1150, 101)]) == "two three"
    assert words.said_in([Run(0, 1300, 100), Run(0, 1000, 100)]) == "four one"
    assert words.said_in([Run(0, UNKNOWN, 1)]) == ""


def test_where_no_words_are_known_there_is_no_answer():
    assert Words().said_in([Run(0, 0, 100)]) is None


def test_the_same_samples_say_the_same_on_every_connection(peer):
    gateway = ScriptedGateway(listens=True)
    gateway.will_hear(Run(0, 0, SECOND), "what time is it")
    gateway.will_hear(Run(0, SECOND, SECOND), "tell me now")
    first, second = peer(gateway, beta=True), peer(gateway, beta=True)
    for client in (first, second):
        client.send("session.update", session={"input_audio_transcription": {"model": "w"}})
    first.speak(numbered(0, SECOND // 2))
    events = second.speak(numbered(0, SECOND) + bytes(SECOND * 2) + numbered(SECOND, SECOND) + bytes(SECOND * 2))
    said = [event["transcript"] for event in events if event["type"].endswith("transcription.completed")]
    assert said == ["what time is it", "tell me now"]
    first.send("input_audio_buffer.commit")
    assert [item.words for item in first.connection.items] == ["what time"]


def test_an_item_made_of_audio_says_what_is_in_it(peer):
    gateway = ScriptedGateway(listens=True)
    gateway.will_hear(Run(0, 0, SECOND), "what time is it")
    client = peer(gateway)
    audio = base64.b64encode(numbered(0, SECOND)).decode()
    content = [{"type": "input_audio", "audio": audio}]
    client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    assert client.connection.items[0].text == "what time is it"
