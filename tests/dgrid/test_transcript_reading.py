from __future__ import annotations

import pytest

from voiceloop.dgrid.transcript import Segment, Token, Transcription, Word
from voiceloop.dgrid.transcript_reading import read_document, read_transcription

SEGMENT = {"id": 0, "seek": 0, "start": 0.0, "end": 1.5, "text": " Turn on the light.", "tokens": [1, 2],
           "temperature": 0.0, "avg_logprob": -0.3, "compression_ratio": 1.0, "no_speech_prob": 0.01}  # fmt: skip
VERBOSE = {"task": "transcribe", "language": "english", "duration": 1.5, "text": "Turn on the light.",
           "segments": [SEGMENT], "words": [{"word": "Turn", "start": 0.0, "end": 0.25}]}  # fmt: skip
READ = Segment(text="Turn on the light.", start_s=0.0, end_s=1.5, id="0", no_speech_prob=0.01, avg_logprob=-0.3)
TOKENS = {"type": "tokens", "input_tokens": 31, "output_tokens": 5, "total_tokens": 36,
          "input_token_details": {"audio_tokens": 30, "text_tokens": 1}}  # fmt: skip


def test_the_answer_of_dgrids_reference():
    assert read_transcription({"text": "Turn on the light."}) == Transcription(text="Turn on the light.")


def test_verbose_json_in_full():
    found = read_transcription(VERBOSE)
    assert (found.text, found.language, found.duration_s) == ("Turn on the light.", "english", 1.5)
    assert found.segments == (READ,)
    assert found.words == (Word(word="Turn", start_s=0.0, end_s=0.25),)


def test_diarized_json():
    said = {"type": "transcript.text.segment", "id": "seg_1", "start": 0.0, "end": 1.0, "speaker": "A", "text": "Hi."}
    found = read_transcription({"task": "transcribe", "duration": 2, "text": "Hi. Ho.", "segments": [
        said, {**said, "id": "seg_2", "speaker": "anna", "text": "Ho."},
    ]})  # fmt: skip
    assert (found.speakers, [segment.id for segment in found.segments]) == (("A", "anna"), ["seg_1", "seg_2"])


@pytest.mark.parametrize(
    ("bill", "figures"),
    [
        (TOKENS, (31, 5, 30, 0.0)),
        ({"type": "duration", "seconds": 7}, (0, 0, 0, 7.0)),
        ({"prompt_tokens": 31, "completion_tokens": 5}, (31, 5, 0, 0.0)),
    ],
)
def test_what_it_cost(bill, figures):
    usage = read_transcription({"text": "x", "usage": bill}).usage
    assert (usage.input_tokens, usage.output_tokens, usage.audio_input_tokens, usage.seconds) == figures


def test_languages_and_tokens_of_newer_models():
    found = read_transcription(
        {
            "text": "x",
            "languages": [{"code": "de"}, "en"],
            "logprobs": [{"token": "x", "logprob": -0.5, "bytes": [120]}, {"token": "y"}, 7],
        }
    )
    assert (found.language, found.languages) == ("de", ("de", "en"))
    assert found.tokens == (Token(token="x", logprob=-0.5), Token(token="y", logprob=0.0))


@pytest.mark.parametrize("duration", [1.5, "1.5"])
def test_older_servers_write_numbers_as_text(duration):
    assert read_transcription({"text": "x", "duration": duration}).duration_s == 1.5


def test_words_may_stand_in_their_segments():
    found = read_transcription({"text": "Turn", "segments": [{**SEGMENT, "words": VERBOSE["words"]}]})
    assert [word.word for word in found.words] == ["Turn"]


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": ""}])
def test_segments_tell_the_text_where_nothing_else_does(text):
    assert read_transcription({**text, "segments": [SEGMENT, SEGMENT]}).text == "Turn on the light. Turn on the light."


@pytest.mark.parametrize(
    "odd",
    [
        {"text": None},
        {"text": "", "segments": None, "words": "x", "usage": 7, "languages": {}},
        {"text": [], "duration": "long", "language": 5.5, "segments": [7, None], "logprobs": [None]},
        {"text": "", "duration": float("nan"), "words": [[]]},
        {"text": "", "duration": "inf"},
    ],
)
def test_values_of_other_types_are_left_out(odd):
    assert read_transcription(odd) == Transcription(text="")


@pytest.mark.parametrize("raw", [{}, {"task": "transcribe"}, {"segments": []}, {"success": True}])
def test_an_object_that_says_nothing_of_speech_is_none(raw):
    assert read_transcription(raw) is None


# Documents


@pytest.mark.parametrize(
    ("document", "asked", "content_type", "text"),
    [
        ('{"text":" Hi. "}', "json", "application/json", "Hi."),
        ('{"text":"Hi."}', "text", "text/plain", "Hi."),  # asked for text, got JSON
        ("Hi.\n", "text", "text/plain", "Hi."),
        ("Hi.\n", "text", "application/json", "Hi."),
        ("Hi.\n", "json", "text/plain; charset=utf-8", "Hi."),  # and the other way round
        ('"Hi.\\n"', "text", "application/json", "Hi."),
        ('"Hi."', "json", "application/json", "Hi."),
        ("42", "text", "text/plain", "42"),
        ("[Music]", "text", "text/plain", "[Music]"),
        ("<noise>", "text", "text/plain", "<noise>"),
        ("", "text", "text/plain", ""),
    ],
)
def test_what_a_document_says(document, asked, content_type, text):
    found, _ = read_document(document, asked, content_type)
    assert found == Transcription(text=text)


@pytest.mark.parametrize("wrapped", [False, True])
def test_subtitles_are_kept_whole_and_read(wrapped):
    file = "1\n00:00:00,000 --> 00:00:01,500\nTurn on the light.\n"
    document = '"' + file.replace("\n", "\\n") + '"' if wrapped else file
    found, _ = read_document(document, "srt", "text/plain")
    assert (found.subtitles, found.text, len(found.segments)) == (file, "Turn on the light.", 1)


@pytest.mark.parametrize(
    ("file", "text"),
    [("WEBVTT\n\n", ""), ("Turn on the light.", "Turn on the light."), ("1\n00:00:00,000 --> 00:00:01,000\n", "")],
)
def test_subtitles_of_silence_and_subtitles_that_are_none(file, text):
    assert read_document(file, "vtt", "text/plain")[0].text == text


@pytest.mark.parametrize(
    ("document", "asked", "content_type"),
    [
        ("", "json", "application/json"),
        ("", "json", "text/plain"),
        ("Hi.", "json", "application/json"),
        ("<!DOCTYPE html><p>Hi.", "text", "text/html"),
        (" <html>", "json", "text/plain"),
        ('{"fine":true}', "text", "text/plain"),
        ("[1]", "json", "application/json"),
        ("{" * 5_000, "json", "application/json"),
    ],
)
def test_a_document_that_says_nothing_of_speech(document, asked, content_type):
    assert read_document(document, asked, content_type)[0] is None
