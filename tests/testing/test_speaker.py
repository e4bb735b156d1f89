from __future__ import annotations

from voiceloop.audio.ledger import Ledger
from voiceloop.testing.numbers import Run, numbered
from voiceloop.testing.speaker import Speaker


def ledger_with(samples):
    ledger = Ledger(24_000, lambda event: None)
    ledger.put("r", "i", 0, numbered(0, samples))
    return ledger


def test_it_records_what_time_has_let_sound():
    speaker = Speaker(ledger_with(1000))
    speaker.pull(480)
    assert speaker.runs() == []
    speaker.pass_time(100)
    assert speaker.runs() == [Run(0, 0, 100)]
    speaker.pass_time(9999)
    assert speaker.played == 480


def test_latency_comes_before_the_first_sample():
    speaker = Speaker(ledger_with(1000), latency=200)
    speaker.pull(480)
    speaker.pass_time(150)
    assert (speaker.played, speaker.recording) == (0, bytes(300))
    speaker.pass_time(480)
    assert speaker.runs() == [Run(200, 0, 280)]


def test_a_flush_silences_what_was_pulled_and_not_heard():
    ledger = ledger_with(1000)
    speaker = Speaker(ledger, latency=200)
    speaker.pull(480)
    speaker.pass_time(480)
    ledger.flush()
    speaker.flush(ledger.generation)
    speaker.pull(480)
    speaker.pass_time(960)
    assert speaker.runs() == [Run(200, 0, 280)]
    assert speaker.generation == 1


def test_an_estimating_speaker_is_off_by_as_much_as_asked():
    speaker = Speaker(ledger_with(1000), off=-50)
    speaker.pull(480)
    assert speaker.reported == 0
    speaker.pass_time(480)
    assert (speaker.played, speaker.reported) == (480, 430)


def test_a_speaker_for_long_sessions_remembers_the_last_of_it():
    ledger = ledger_with(100_000)
    speaker = Speaker(ledger, keeps=1000)
    for block in range(1, 101):
        speaker.pull(480)
        speaker.pass_time(block * 480)
    assert speaker.played == 48_000
    (run,) = speaker.runs()
    assert run.number + run.samples == 48_000
    assert 1000 <= run.samples <= 2500
    speaker.pull(480)
    ledger.flush()
    speaker.flush(ledger.generation)
    speaker.pass_time(49_000)
    assert speaker.runs()[-1].number + speaker.runs()[-1].samples == 48_000
