"""What a form on the wire says, read by the standard library."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP


def parts(content_type, body):
    """Name, file name, content type and data of each part, in order."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    assert message.get_content_type() == "multipart/form-data"
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


def fields(heard):
    """Name and text of what a request says beside its file."""
    return [
        (name, data.decode())
        for name, file_name, _, data in parts(heard.headers["content-type"], heard.body)
        if not file_name
    ]
