"""Pictures that are just long enough to be told apart."""

from __future__ import annotations

import base64

from voiceloop.dgrid.picture_files import PictureFile, PictureLink

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)
IN_BASE64 = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{IN_BASE64}"
HTTPS = "https://example.com/a.png?sig=x"
FILE = PictureFile(PNG, "image/png")
LINK = PictureLink(HTTPS)
