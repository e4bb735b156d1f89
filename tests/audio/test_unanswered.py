"""The user's speech that no engine has put on record; one sample is one millisecond here."""

import numpy as np
import pytest

from voiceloop.audio.unanswered import Unanswered

RATE = 1000
FRAME = 20


@pytest.fixture
def speech():
    return Unanswered(RATE)


def hears(speech, ms, *, loud=False):
    """The microphone goes on for so long; each loud sample is its own number."""
    start = speech._ring.end
    for first in range(start, start + ms, FRAME):
        block = np.arange(first, first + FRAME) % 10_000 + 1000 if loud else np.zeros(FRAME)
        speech.capture(block.astype(np.int16).tobytes(), first)


def again(speech, open_turn="", *, whole=True):
    """From when to when is heard once more, in milliseconds; None when nothing is."""
    blocks = list(speech.again(open_turn, whole=whole))
    if not blocks:
        return None
    at = blocks[0][1]
    for pcm, first in blocks:
        assert first == at, "in order and without a gap"
        assert len(pcm) <= 2 * 100
        at += len(pcm) // 2
    return blocks[0][1], at


# Between two engines -------------------------------------------------------------------------------------------------


def test_nothing_is_heard_again_by_the_first_engine(speech):
    hears(speech, 1000, loud=True)
    assert again(speech) is None


def test_the_turn_that_is_being_spoken_is_heard_again_from_before_its_onset(speech):
    hears(speech, 2000)
    hears(speech, 1000, loud=True)
    speech.began("u1", 2.0)
    speech.lost(0.2)
    hears(speech, 500, loud=True)
    assert again(speech, "u1") == (1700, 3500)


def test_a_turn_that_began_with_the_capture_is_heard_from_there(speech):
    hears(speech, 1000, loud=True)
    speech.began("u1", 0.1)
    speech.lost(0.0)
    assert again(speech, "u1") == (0, 1000)


def test_speech_that_was_not_reported_is_found_by_its_loudness(speech):
    hears(speech, 5000)
    speech.lost(0.5)
    hears(speech, 1000)
    hears(speech, 600, loud=True)
    hears(speech, 400)
    assert again(speech) == (5700, 7000)


def test_speech_from_before_the_last_sign_of_life_counts_with_a_margin(speech):
    hears(speech, 3000)
    hears(speech, 2000, loud=True)
    speech.lost(0.0)
    assert again(speech) == (3200, 5000)


def test_silence_is_not_heard_again(speech):
    hears(speech, 5000)
    speech.lost(3.0)
    hears(speech, 5000)
    assert again(speech) is None


def test_what_was_handed_over_is_never_heard_again(speech):
    hears(speech, 1000)
    hears(speech, 1000, loud=True)
    speech.began("u1", 1.0)
    speech.stopped("u1", 2.0)
    speech.committed("u1")
    hears(speech, 100)
    speech.lost(1.0)
    hears(speech, 1000)
    assert again(speech) is None


def test_a_turn_that_followed_at_once_is_not_heard_with_the_one_before(speech):
    hears(speech, 3000, loud=True)
    speech.began("u1", 0.5)
    speech.stopped("u1", 2.0)
    speech.committed("u1")
    speech.began("u2", 2.2)
    speech.lost(0.0)
    assert again(speech, "u2") == (2100, 3000)


def test_what_an_engine_was_given_shortly_before_it_was_lost_is_given_to_the_next(speech):
    hears(speech, 1000)
    speech.lost(0.0)
    hears(speech, 1000, loud=True)
    hears(speech, 4000)
    assert again(speech) == (700, 6000)
    hears(speech, 2000)
    speech.lost(1.0)
    hears(speech, 500)
    assert again(speech) == (700, 8500)


def test_an_engine_that_lived_for_a_while_has_heard_it_all(speech):
    hears(speech, 1000)
    speech.lost(0.0)
    hears(speech, 1000, loud=True)
    assert again(speech) == (700, 2000)
    hears(speech, 7000)
    assert speech._ring.oldest == 3000
    speech.lost(1.0)
    assert again(speech) is None


def test_what_was_heard_again_and_is_handed_over_now_is_not_heard_a_third_time(speech):
    hears(speech, 1000)
    speech.lost(0.0)
    hears(speech, 1000, loud=True)
    again(speech)
    speech.began("u1", 1.0)
    speech.stopped("u1", 2.0)
    speech.committed("u1")
    hears(speech, 200)
    speech.lost(0.0)
    assert again(speech) is None


# Where the local gate ends turns -------------------------------------------------------------------------------------


def test_a_turn_that_is_over_is_heard_as_far_as_it_was_spoken(speech):
    hears(speech, 1000, loud=True)
    speech.began("turn-1", 0.5)
    speech.lost(0.0)
    speech.stopped("turn-1", 1.0)
    hears(speech, 3000)
    assert again(speech, "turn-1", whole=False) == (200, 1100)


def test_a_turn_that_goes_on_is_heard_up_to_now(speech):
    hears(speech, 1000, loud=True)
    speech.began("turn-1", 0.5)
    speech.lost(0.0)
    hears(speech, 300, loud=True)
    assert again(speech, "turn-1", whole=False) == (200, 1300)


def test_without_a_turn_nothing_is_handed_over(speech):
    hears(speech, 1000)
    speech.lost(0.0)
    hears(speech, 1000, loud=True)
    assert again(speech, whole=False) is None


def test_two_turns_that_nobody_took_become_one(speech):
    hears(speech, 1000, loud=True)
    speech.began("turn-1", 0.5)
    speech.lost(0.0)
    speech.stopped("turn-1", 1.0)
    hears(speech, 1000)
    speech.began("turn-2", 2.0)
    hears(speech, 500, loud=True)
    speech.stopped("turn-2", 2.5)
    hears(speech, 500)
    assert again(speech, "turn-2", whole=False) == (200, 2600)


# A turn as sound -----------------------------------------------------------------------------------------------------


def samples(pcm):
    found = np.frombuffer(pcm, np.int16)
    return None if not len(found) else (int(found[0]) - 1000, int(found[-1]) - 1000)


def test_a_turn_without_words_is_there_as_sound(speech):
    hears(speech, 3000, loud=True)
    speech.began("u1", 1.0)
    speech.stopped("u1", 2.0)
    assert speech.speech("u1") == b""
    speech.committed("u1")
    assert samples(speech.speech("u1")) == (700, 2099)
    speech.known("u1")
    assert speech.speech("u1") == b""


def test_it_is_there_after_the_next_engine_has_heard_the_rest(speech):
    hears(speech, 2000, loud=True)
    speech.began("u1", 0.5)
    speech.stopped("u1", 1.0)
    speech.committed("u1")
    speech.lost(0.0)
    again(speech)
    assert samples(speech.speech("u1")) == (200, 1099)


def test_a_turn_that_goes_on_after_a_pause_ends_where_it_ends_at_last(speech):
    hears(speech, 4000, loud=True)
    speech.began("u1", 1.0)
    speech.stopped("u1", 2.0)
    speech.began("u1", 2.5)
    speech.stopped("u1", 3.0)
    speech.committed("u1")
    assert samples(speech.speech("u1")) == (700, 3099)


def test_a_turn_without_an_end_ends_where_it_was_handed_over(speech):
    hears(speech, 2000, loud=True)
    speech.began("u1", 1.0)
    speech.committed("u1")
    hears(speech, 1000, loud=True)
    assert samples(speech.speech("u1")) == (700, 2099)


def test_a_turn_whose_sound_nobody_noticed_has_none_to_speak_of(speech):
    hears(speech, 1000)
    speech.committed("u1")
    assert len(speech.speech("u1")) == 2 * 300
    speech.stopped("u7", 1.0)
    speech.known("u7")
    assert speech.speech("u7") == b""


def test_half_a_minute_is_kept_and_older_turns_are_forgotten(speech):
    hears(speech, 1000, loud=True)
    speech.began("u1", 0.0)
    speech.stopped("u1", 1.0)
    speech.committed("u1")
    hears(speech, 29_000)
    assert samples(speech.speech("u1")) is not None
    hears(speech, 3000)
    assert len(speech.speech("u1")) == 0
    speech.committed("u2")
    assert list(speech._turns) == ["u2"]


def test_while_nothing_is_unanswered_little_is_kept(speech):
    hears(speech, 20_000)
    assert speech._ring.oldest == 14_000
    speech.lost(0.0)
    hears(speech, 20_000)
    assert speech._ring.oldest == 14_000


# An engine that may be deaf ------------------------------------------------------------------------------------------


def test_speech_that_the_engine_tells_nothing_of_is_a_reason_to_doubt_it(speech):
    hears(speech, 5000)
    assert not speech.doubtful()
    hears(speech, 600, loud=True)
    assert not speech.doubtful(), "it may be about to tell"
    hears(speech, 200, loud=True)
    assert speech.doubtful()


def test_silence_while_the_engine_hears_somebody_is_one_too(speech):
    hears(speech, 1000, loud=True)
    speech.began("t1", 0.0)
    assert not speech.doubtful()
    hears(speech, 1600)
    assert speech.doubtful()
    speech.stopped("t1", 1.0)
    speech.committed("t1")
    assert not speech.doubtful()


def test_what_belongs_to_a_turn_that_was_taken_is_no_reason(speech):
    hears(speech, 1000, loud=True)
    speech.began("t1", 0.0)
    speech.stopped("t1", 1.0)
    speech.committed("t1")
    assert not speech.doubtful()


def test_what_a_deaf_engine_told_nothing_of_is_kept_and_heard_by_the_next_one(speech):
    hears(speech, 10_000)
    hears(speech, 1000, loud=True)
    assert speech.doubtful()
    hears(speech, 12_000)
    speech.lost(0.5)
    assert again(speech) == (9700, 23_000)


def test_a_doubt_that_was_unfounded_keeps_nothing(speech):
    hears(speech, 10_000)
    hears(speech, 1000, loud=True)
    assert speech.doubtful()
    hears(speech, 2000)
    assert not speech.doubtful()
    hears(speech, 20)
    assert speech._ring.oldest >= 7000
