from __future__ import annotations

import base64

from voiceloop.testing.gateway import ScriptedGateway
from voiceloop.testing.numbers import Run, numbered
from voiceloop.testing.script import Quirks, Reply, Spoken

GA_TRANSCRIBED = {"type": "realtime", "audio": {"input": {"transcription": {"model": "w"}}}}


def types(events):
    return [event["type"] for event in events]


def speak_for(client, duration_ms, *, sound=True):
    """20 ms appends; returns every answer."""
    events = []
    for _ in range(duration_ms // 20):
        events += client.speak(numbered(0, 480) if sound else bytes(960))
    return events


def test_scripted_speech_becomes_a_turn_on_the_buffer_clock(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(400, 900, "what time is it")
    client = peer(gateway)
    client.send("session.update", session=GA_TRANSCRIBED)
    assert speak_for(client, 380) == []
    (started,) = speak_for(client, 20)
    assert (started["type"], started["audio_start_ms"]) == ("input_audio_buffer.speech_started", 100)
    assert speak_for(client, 980) == []
    events = speak_for(client, 20)
    assert types(events)[:5] == [
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
    ]
    assert events[0]["audio_end_ms"] == 1400
    assert {event["item_id"] for event in [started, *events[:2], events[4]]} == {"item_1"}
    assert events[5]["transcript"] == "what time is it"
    assert events[-1]["type"] == "response.done"
    gateway.assert_complete()


def test_everything_appended_is_kept(peer):
    client = peer(ScriptedGateway())
    client.speak(numbered(0, 480))
    client.speak(numbered(480, 480))
    assert bytes(client.connection.hearing.pcm) == numbered(0, 960)


def test_a_listening_server_takes_what_is_not_silence_for_speech(peer):
    gateway = ScriptedGateway(listens=True, transcripts=["first"])
    client = peer(gateway)
    client.send("session.update", session=GA_TRANSCRIBED)
    assert speak_for(client, 400, sound=False) == []
    started = speak_for(client, 300)
    assert (started[0]["type"], started[0]["audio_start_ms"]) == ("input_audio_buffer.speech_started", 100)
    events = speak_for(client, 500, sound=False)
    assert events[0]["audio_end_ms"] == 1200
    again = speak_for(client, 100) + speak_for(client, 600, sound=False)
    said = [event["transcript"] for event in events + again if event["type"].endswith("transcription.completed")]
    assert said == ["first", "hello"]


def test_without_create_response_a_turn_brings_no_reply(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(0, 100)
    client = peer(gateway)
    turns = {"type": "server_vad", "create_response": False}
    client.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": turns}}})
    assert types(speak_for(client, 700))[-1] == "conversation.item.done"
    assert client.connection.replies == []


def test_speech_interrupts_a_reply_only_where_it_may(peer):
    for interrupts in (True, False):
        gateway = ScriptedGateway(Reply((Spoken("long", 5000),), pace=1.0))
        gateway.heard_speech(100, 200)
        client = peer(gateway, beta=True)
        turns = {"type": "server_vad", "interrupt_response": interrupts}
        client.send("session.update", session={"turn_detection": turns})
        client.send("response.create")
        events = speak_for(client, 200)
        cancelled = [event["response"]["status_details"] for event in events if event["type"] == "response.done"]
        assert cancelled == ([{"type": "cancelled", "reason": "turn_detected"}] if interrupts else [])


def test_a_turn_during_a_reply_brings_one_only_at_a_server_that_queues(peer):
    for queues in (True, False):
        gateway = ScriptedGateway(Reply((Spoken("long", 2000),), pace=1.0), quirks=Quirks(queues_replies=queues))
        gateway.heard_speech(0, 100)
        client = peer(gateway, beta=True)
        client.send("session.update", session={"turn_detection": {"type": "server_vad", "interrupt_response": False}})
        client.send("response.create")
        speak_for(client, 700)
        assert types(client.pass_time(5)).count("response.created") == queues


def test_in_manual_mode_the_client_commits_and_nothing_replies(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(0, 500, "by hand")
    client = peer(gateway, beta=True)
    client.send("session.update", session={"turn_detection": None, "input_audio_transcription": {"model": "w"}})
    assert speak_for(client, 600) == []
    events = client.send("input_audio_buffer.commit")
    assert types(events)[:2] == ["input_audio_buffer.committed", "conversation.item.created"]
    assert events[-1]["transcript"] == "by hand"
    assert client.connection.replies == []
    gateway.assert_complete()


def test_too_little_audio_cannot_be_committed(peer):
    client = peer(ScriptedGateway())
    speak_for(client, 80)
    (error,) = client.send("input_audio_buffer.commit")
    assert error["error"]["code"] == "input_audio_buffer_commit_empty"
    speak_for(client, 20)
    assert types(client.send("input_audio_buffer.commit"))[0] == "input_audio_buffer.committed"


def test_clear_forgets_the_speech_in_progress(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(0, 200)
    client = peer(gateway)
    speak_for(client, 200)
    assert types(client.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    assert speak_for(client, 1000) == []


def test_transcription_can_fail_or_come_late_and_swapped(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(0, 100, "one", transcribed_after_s=3.0)
    gateway.heard_speech(700, 800, "two", transcribed_after_s=1.0)
    gateway.heard_speech(1400, 1500, "?", transcription_fails=True)
    client = peer(gateway)
    client.send("session.update", session=GA_TRANSCRIBED)
    events = speak_for(client, 2200) + client.pass_time(5)
    ends = [event for event in events if event["type"].endswith(("completed", "failed")) and "item_id" in event]
    assert [event.get("transcript") for event in ends] == [None, "two", "one"]
    previous = {event["item_id"]: event["previous_item_id"] for event in events if event["type"].endswith("committed")}
    assert previous[ends[2]["item_id"]] is None
    assert previous[ends[1]["item_id"]] is not None


def test_g711_counts_eight_bytes_a_millisecond(peer):
    gateway = ScriptedGateway()
    gateway.heard_speech(100, 200)
    client = peer(gateway, beta=True)
    client.send("session.update", session={"input_audio_format": "g711_ulaw"})
    assert types(client.speak(bytes(800))) == ["input_audio_buffer.speech_started"]


def test_what_is_not_base64_is_refused(peer):
    client = peer(ScriptedGateway())
    for audio in ("???", 7):
        assert client.send("input_audio_buffer.append", audio=audio)[0]["error"]["param"] == "audio"
    assert client.send("input_audio_buffer.append")[0]["error"]["param"] == "audio"
    assert client.send("input_audio_buffer.append", audio=base64.b64encode(b"").decode()) == []


def test_an_item_tells_which_samples_of_the_microphone_are_in_it(peer):
    client = peer(ScriptedGateway(), beta=True)
    client.send("session.update", session={"turn_detection": None})
    client.speak(bytes(9600) + numbered(100, 7200) + bytes(96))
    client.send("input_audio_buffer.commit")
    audio = base64.b64encode(numbered(9000, 2400)).decode()
    content = [{"type": "input_text", "text": "and"}, {"type": "input_audio", "audio": audio}]
    client.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    assert [item.speech for item in client.connection.items] == [(Run(4800, 100, 7200),), (Run(0, 9000, 2400),)]


def test_a_relay_that_asks_for_replies_itself_brings_an_error_or_a_second_reply(peer):
    quirks = Quirks(asks_after_transcripts=True)
    for pace, errors, replies in ((1.0, 1, 1), (0.0, 0, 2)):
        gateway = ScriptedGateway(default=Reply((Spoken("yes", 1000),), pace=pace), quirks=quirks)
        gateway.heard_speech(0, 100, transcribed_after_s=0.3)
        client = peer(gateway, beta=True)
        client.send("session.update", session={"input_audio_transcription": {"model": "w"}})
        speak_for(client, 700)
        client.pass_time(0.3)
        codes = [event["error"]["code"] for event in gateway.errors]
        assert codes == ["conversation_already_has_active_response"] * errors
        assert len(client.connection.replies) == replies


def test_a_listening_server_may_take_its_time_for_the_words(peer):
    client = peer(ScriptedGateway(listens=True, quirks=Quirks(transcribed_after_s=2.0)), beta=True)
    client.send("session.update", session={"input_audio_transcription": {"model": "w"}})
    assert not any(
        "transcription" in kind for kind in types(speak_for(client, 200) + speak_for(client, 600, sound=False))
    )
    assert types(client.pass_time(2.0))[-1] == "conversation.item.input_audio_transcription.completed"
