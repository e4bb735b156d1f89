from voiceloop.errors import LanguageError
from voiceloop_local.models.desks import ListeningDesk, SpeakingDesk
from voiceloop_local.models.protocol import WINDOW, Chunk, Failed, Lacking, Speak, Spoken, Transcribe, Transcribed


class Sent(list):
    def __call__(self, report, payload):
        self.append((report, payload))


def words(text, language):
    for word in text.split():
        if word == "fail":
            raise ValueError("no such\nword")
        yield word.encode()


def test_transcriptions_are_served_in_order_and_a_cancelled_one_never():
    sent = Sent()
    desk = ListeningDesk(sent)
    for request_id in (1, 2, 3):
        desk.take(Transcribe(request_id, 8_000), b"x" * request_id)
    desk.cancel(2)
    desk.cancel(99)
    for _ in range(2):
        desk.serve_one(lambda request, pcm: f"{len(pcm)}")
    assert sent == [(Transcribed(1, "1"), b""), (Transcribed(3, "3"), b"")]


def test_a_transcription_that_breaks_is_answered_in_one_line():
    sent = Sent()
    desk = ListeningDesk(sent)

    def broken(request, pcm):
        raise RuntimeError

    desk.take(Transcribe(1, 8_000), b"")
    desk.serve_one(broken)
    assert sent == [(Failed(1, "RuntimeError"), b"")]


def test_what_a_language_lacks_is_told_apart():
    sent = Sent()
    ears, voice = ListeningDesk(sent), SpeakingDesk(sent)

    def lacking(*request):
        raise LanguageError("pip install it")

    ears.take(Transcribe(1, 8_000, "de"), b"")
    ears.serve_one(lacking)
    voice.take(Speak(2, "gut", "de"))
    voice.serve_one(lacking)
    assert [type(report) for report, _ in sent] == [Lacking, Lacking]
    assert [(report.id, report.message) for report, _ in sent] == [(1, "pip install it"), (2, "pip install it")]


def test_more_than_32_waiting_transcriptions_are_refused():
    sent = Sent()
    desk = ListeningDesk(sent)
    for request_id in range(40):
        desk.take(Transcribe(request_id, 8_000), b"")
    assert [report.id for report, _ in sent] == list(range(32, 40))


def test_speeches_take_turns():
    sent = Sent()
    desk = SpeakingDesk(sent)
    desk.take(Speak(1, "a b"))
    desk.take(Speak(2, "c d"))
    for _ in range(6):
        desk.serve_one(words)
    assert sent == [
        (Chunk(1), b"a"),
        (Chunk(2), b"c"),
        (Chunk(1), b"b"),
        (Chunk(2), b"d"),
        (Spoken(1), b""),
        (Spoken(2), b""),
    ]


def test_a_speech_waits_for_its_listener_while_others_go_on():
    sent = Sent()
    desk = SpeakingDesk(sent)
    desk.take(Speak(1, "word " * 100))
    for _ in range(WINDOW):
        desk.serve_one(words)
    desk.take(Speak(2, "short"))
    desk.serve_one(words)
    desk.serve_one(words)
    assert [report for report, _ in sent[WINDOW:]] == [Chunk(2), Spoken(2)]
    desk.more(1)
    desk.more(77)
    desk.serve_one(words)
    assert sent[-1] == (Chunk(1), b"word")


def test_a_cancelled_speech_is_silent_even_when_its_chunk_is_being_made():
    sent = Sent()
    desk = SpeakingDesk(sent)

    def cancelled_meanwhile(text, language):
        desk.cancel(1)
        yield b"too late"

    desk.take(Speak(1, "x"))
    desk.serve_one(cancelled_meanwhile)
    assert sent == []


def test_a_speech_cancelled_at_its_very_end_is_not_reported():
    sent = Sent()
    desk = SpeakingDesk(sent)

    def nothing(text, language):
        desk.cancel(1)
        yield from ()

    desk.take(Speak(1, "x"))
    desk.serve_one(nothing)
    assert sent == []


def test_a_speech_that_breaks_ends_with_the_reason():
    sent = Sent()
    desk = SpeakingDesk(sent)
    desk.take(Speak(1, "well fail"))
    desk.serve_one(words)
    desk.serve_one(words)
    assert sent == [(Chunk(1), b"well"), (Failed(1, "no such word"), b"")]


def test_more_than_32_speeches_are_refused():
    sent = Sent()
    desk = SpeakingDesk(sent)
    for request_id in range(33):
        desk.take(Speak(request_id, "x"))
    assert [report.id for report, _ in sent] == [32]
