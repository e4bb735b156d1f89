"""Forms with files in them."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request

from voiceloop_local.rest import uploads
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.uploads import Form, read_form


def posted(content, content_type):
    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def multipart(**parts):
    request = httpx.Request("POST", "http://gateway", **parts)
    return posted(request.read(), request.headers["content-type"])


async def test_fields_and_files_are_read_whatever_their_size():
    large = bytes(range(256)) * 8192  # two megabytes: more than is kept in memory by default
    form = await read_form(multipart(data={"model": " m ", "tags[]": ["a", "b"]}, files={"file": ("a.wav", large)}))
    assert form.required("model") == "m"
    assert form.all("tags") == ["a", "b"]
    assert form.text("prompt") == ""
    assert form.uploaded("file") == [large]


async def test_several_files_of_one_name_are_kept_in_order():
    files = [("image[]", ("a.png", b"one")), ("image[]", ("b.png", b"two"))]
    assert (await read_form(multipart(files=files))).uploaded("image") == [b"one", b"two"]


async def test_a_body_that_is_no_form_has_nothing_in_it():
    form = await read_form(posted(b"{}", "application/json"))
    with pytest.raises(ApiProblem, match=r"Missing required parameter: 'file'\. Send it as a file") as caught:
        form.uploaded("file")
    assert (caught.value.status, caught.value.param) == (400, "file")
    with pytest.raises(ApiProblem, match="Missing required parameter: 'model'"):
        form.required("model")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"--x\r\nno header", "multipart/form-data; boundary=x"),
        (b"something else", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ],
)
async def test_a_broken_form_is_a_bad_request(content, content_type):
    with pytest.raises(ApiProblem, match="The form cannot be read") as caught:
        await read_form(posted(content, content_type))
    assert caught.value.status == 400


def test_an_empty_file_is_refused_and_so_is_a_large_one(monkeypatch):
    with pytest.raises(ApiProblem, match="'file' is empty") as caught:
        Form({}, {"file": [b""]}).uploaded("file")
    assert caught.value.status == 400
    monkeypatch.setattr(uploads, "LARGEST_FILE", 3 * 1024 * 1024)
    assert Form({}, {"file": [bytes(3 * 1024 * 1024)]}).uploaded("file")
    with pytest.raises(ApiProblem, match="larger than 3 MB") as caught:
        Form({}, {"file": [bytes(3 * 1024 * 1024 + 1)]}).uploaded("file")
    assert caught.value.status == 413
