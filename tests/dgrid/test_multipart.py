from __future__ import annotations

import pytest

from dgrid.forms import parts
from voiceloop.dgrid.multipart import Upload, write_form


def test_a_form_byte_for_byte():
    form = write_form({"model": "whisper-1"}, {"file": Upload("audio.wav", "audio/wav", b"RIFF")})
    assert form.content_type == "multipart/form-data; boundary=voiceloop-form"
    assert form.body == (
        b'--voiceloop-form\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
        b'--voiceloop-form\r\nContent-Disposition: form-data; name="file"; filename="audio.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\nRIFF\r\n"
        b"--voiceloop-form--\r\n"
    )


def test_lists_and_objects_go_by_brackets():
    form = write_form({"include": ["a", "b"], "vad": {"type": "x", "threshold": "0.5"}, "none": []}, {})
    assert [(name, data) for name, _, _, data in parts(form.content_type, form.body)] == [
        ("include[]", b"a"), ("include[]", b"b"), ("vad[type]", b"x"), ("vad[threshold]", b"0.5"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["äöü 余额", "a\r\nb", "", '"quoted"'])
def test_text_arrives_as_it_is(text):
    form = write_form({"prompt": text}, {})
    assert parts(form.content_type, form.body)[0][3].decode() == text


@pytest.mark.parametrize("data", [b"--voiceloop-form--\r\n", b"voiceloop-form-" * 3, b"\r\n--voiceloop-form\r\n"])
def test_no_file_can_end_the_form(data):
    form = write_form({"model": "m"}, {"file": Upload("audio.ogg", "audio/ogg", data)})
    assert data.count(form.content_type.partition("=")[2].encode()) == 0
    assert parts(form.content_type, form.body)[1][3] == data


def test_the_same_form_is_the_same_bytes():
    upload = Upload("audio.wav", "audio/wav", bytes(range(256)))
    assert write_form({"model": "m"}, {"file": upload}) == write_form({"model": "m"}, {"file": upload})


def test_several_files_under_one_name_are_a_list():
    files = [Upload("a.png", "image/png", b"A"), Upload("b.png", "image/png", b"B")]
    form = write_form({}, {"image": files, "mask": files[0]})
    assert [(name, file_name) for name, file_name, _, _ in parts(form.content_type, form.body)] == [
        ("image[]", "a.png"), ("image[]", "b.png"), ("mask", "a.png"),
    ]  # fmt: skip
