from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceloop.audio.pcm import level_db
from voiceloop_local.realtime.buffer import (
    LONGEST_TURN_MS,
    InputBuffer,
    SpeechBegan,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    floor_db,
)
from voiceloop_local.realtime.checks import ClientEventError
from voiceloop_local.realtime.config import TurnDetection


def loud(frame):
    return level_db(frame) > -45


def buffer(turns=TurnDetection(), rate_hz=8000):  # noqa: B008 - frozen
    ids = iter(f"item_{n}" for n in range(1, 1000))
    return InputBuffer(rate_hz, turns, loud, lambda _: next(ids))


@pytest.fixture
def sound(fakes):
    return lambda *spans: b"".join(fakes.tone(ms, 8000) if ms > 0 else fakes.silence(-ms, 8000) for ms in spans)


def kinds(verdicts):
    return [type(verdict) for verdict in verdicts]


def test_a_turn_begins_pauses_and_ends_on_the_buffer_clock(sound):
    verdicts = buffer().append(sound(-1000, 780, -600))
    assert kinds(verdicts) == [SpeechBegan, SpeechPaused, SpeechEnded]
    began, paused, ended = verdicts
    assert began == SpeechBegan("item_1", 700)
    assert ended.audio_end_ms == 2280
    assert len(ended.pcm) == (2280 - 700) * 16
    assert ended.pcm.startswith(paused.pcm)
    assert len(paused.pcm) == (2020 - 700) * 16


def test_padding_never_reaches_before_the_first_sample_or_into_the_turn_before(sound):
    one = buffer()
    assert one.append(sound(380, -600))[0].audio_start_ms == 0
    assert one.append(sound(380, -600))[0].audio_start_ms == 880  # the first turn ended there


def test_a_short_pause_is_taken_back(sound):
    verdicts = buffer().append(sound(-500, 400, -300, 400, -600))
    assert kinds(verdicts) == [SpeechBegan, SpeechPaused, SpeechResumed, SpeechPaused, SpeechEnded]
    assert len({verdict.item_id for verdict in verdicts}) == 1


def test_turns_get_items_of_their_own(sound):
    verdicts = buffer().append(sound(-500, 400, -600, 400, -600))
    assert [verdict.item_id for verdict in verdicts if isinstance(verdict, SpeechEnded)] == ["item_1", "item_2"]


def test_a_click_is_no_turn(sound):
    assert buffer().append(sound(-500, 40, -600)) == []


def test_steady_hum_is_no_turn(fakes):
    one = buffer()
    one.append(fakes.silence(100, 8000))
    hum = (b"\x10\x05" + b"\xf0\xfa") * 8000 * 2
    first = one.append(hum)
    assert one.append(hum) == [] or kinds(first) == [SpeechBegan]
    assert not [v for v in one.append(hum) if isinstance(v, SpeechBegan)]


@given(cuts=st.lists(st.integers(1, 4000), min_size=5, max_size=40))
@settings(max_examples=40)
def test_how_audio_is_cut_does_not_matter(cuts):
    at = np.arange(8000)
    tone = (8000 * np.sin(at * 0.3) * ((at // 160) % 10 != 9)).astype(np.int16).tobytes()[:12_800]
    pcm = bytes(8000) + tone + bytes(12_000) + tone + bytes(12_000)
    whole, parts, rest = buffer().append(pcm), [], pcm
    one = buffer()
    for cut in cuts:
        parts += one.append(rest[:cut])
        rest = rest[cut:]
    assert parts + one.append(rest) == whole


def test_an_endless_turn_is_ended(fakes):
    one = buffer()
    verdicts = []
    for _ in range(LONGEST_TURN_MS // 1000 + 2):
        verdicts += one.append(fakes.tone(1000, 8000))
    assert SpeechEnded in kinds(verdicts)


def test_short_silence_settings_pause_before_they_end(sound):
    verdicts = buffer(TurnDetection(silence_duration_ms=100)).append(sound(-500, 380, -200))
    assert kinds(verdicts) == [SpeechBegan, SpeechPaused, SpeechEnded]
    assert verdicts[-1].audio_end_ms - 880 == 100
    none = buffer(TurnDetection(silence_duration_ms=0)).append(sound(-500, 90, -200))
    assert kinds(none) == [SpeechBegan, SpeechPaused, SpeechEnded]


def test_eagerness_is_a_length_of_silence(sound):
    ends = []
    for eagerness in ("high", "auto", "low"):
        one = buffer(TurnDetection(kind="semantic_vad", eagerness=eagerness))
        ends.append(one.append(sound(-500, 380, -2000))[-1].audio_end_ms)
    assert ends == [1280, 1580, 2080]


def test_by_hand_all_audio_is_one_item(sound):
    one = buffer(None)
    assert one.append(sound(500) + b"\x01") == []
    assert one.commit() == ("item_1", sound(500))
    assert one.clock_ms == 500


def test_too_little_audio_cannot_be_committed(sound):
    one = buffer(None)
    one.append(sound(60))
    with pytest.raises(ClientEventError, match=r"buffer only has 60\.00ms of audio") as error:
        one.commit()
    assert error.value.code == "input_audio_buffer_commit_empty"
    one.append(sound(40))
    assert len(one.commit()[1]) == 1600


def test_a_commit_in_the_middle_of_speech_keeps_its_item_id(sound):
    one = buffer()
    [began] = one.append(sound(-500, 400))
    assert one.speaking
    item_id, pcm = one.commit()
    assert item_id == began.item_id
    assert len(pcm) == 700 * 16
    assert not one.speaking
    assert kinds(one.append(sound(400, -600))) == [SpeechBegan, SpeechPaused, SpeechEnded]


def test_clearing_keeps_the_clock(sound):
    one = buffer()
    one.append(sound(-500, 405))
    one.clear()
    assert not one.speaking
    assert one.clock_ms == 905
    assert one.append(sound(-700)) == []


def test_a_buffer_that_nobody_commits_is_bounded(fakes):
    one = buffer(None)
    minute = fakes.silence(60_000, 8000)
    for _ in range(10):
        one.append(minute)
    with pytest.raises(ClientEventError, match="full"):
        one.append(minute)


def test_another_rate_goes_on_with_the_same_clock(sound, fakes):
    one = buffer()
    one.append(sound(-1005))
    one.configure(24_000, None, loud)
    one.append(fakes.silence(500))
    assert one.clock_ms == 1505


@pytest.mark.parametrize(("threshold", "floor"), [(0.0, -65), (0.5, -50), (1.0, -35)])
def test_a_higher_threshold_wants_louder_speech(threshold, floor):
    assert floor_db(threshold) == floor


def test_another_setting_in_the_middle_of_speech_loses_nothing(sound):
    one = buffer()
    verdicts = one.append(sound(-500, 400))
    one.configure(8000, TurnDetection(silence_duration_ms=300), loud)
    verdicts += one.append(sound(380, -600))
    assert kinds(verdicts) == [SpeechBegan, SpeechResumed, SpeechPaused, SpeechEnded]
    assert verdicts[-1].audio_end_ms == 1280 + 300
    assert len(verdicts[-1].pcm) == (1580 - 200) * 16


def test_speech_that_ended_with_the_old_setting_ends_with_the_new_one(sound):
    one = buffer()
    verdicts = one.append(sound(-500, 400))
    one.configure(8000, TurnDetection(silence_duration_ms=300), loud)
    assert kinds(verdicts + one.append(sound(-320))) == [SpeechBegan, SpeechEnded]


def test_detection_switched_off_leaves_what_was_said_for_a_commit(sound):
    one = buffer()
    [began] = one.append(sound(-500, 400))
    one.configure(8000, None, loud)
    assert one.append(sound(200)) == []
    item_id, pcm = one.commit()
    assert (item_id, len(pcm)) == (began.item_id, (1100 - 200) * 16)
