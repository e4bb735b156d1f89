"""`POST /v1/audio/translations`: what recordings say, in English.

Documented by DGrid: `file`, `model`, `prompt`, `response_format`, `temperature`. English speech is written down; other
languages need the multilingual model of the extra `languages`, which writes them in English itself. `prompt` is not
used, `temperature` changes nothing.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voiceloop.languages.shelf import AUTO, english, language_for
from voiceloop_local.rest.captions import Recognition
from voiceloop_local.rest.desk import Desk
from voiceloop_local.rest.listening import Recording, language_in, open_recording, segments
from voiceloop_local.rest.problems import ApiProblem
from voiceloop_local.rest.transcriptions import check_temperature, response_format, written
from voiceloop_local.rest.uploads import read_form
from voiceloop_local.seams import Transcriber

__all__ = ["routes"]

_log = logging.getLogger(__name__)

PATH: Final = "/v1/audio/translations"


def routes(desk: Desk) -> list[Route]:
    """Return the endpoint."""

    async def translations(request: Request) -> Response:
        form = await read_form(request)
        form.required("model")
        check_temperature(form)
        chosen = response_format(form)
        [*_, data] = form.uploaded("file")
        recording = await open_recording(data)
        ears = desk.models().transcriber
        language = await _language(ears, recording, desk.language)
        recognise = ears.transcribe if language_for(language) is english() else ears.translate
        heard = [segment async for segment in segments(recording, partial(recognise, language=language))]
        return written(Recognition("translate", english().tag, recording.duration_ms, heard), chosen)

    return [Route(PATH, translations, methods=["POST"])]


async def _language(ears: Transcriber, recording: Recording, default: str) -> str:
    """Return the tag of what is spoken. Raises ApiProblem where it cannot be told.

    Only the multilingual model can tell. A gateway that is set to English does without it, and takes all for English.
    """
    try:
        return await language_in(ears, recording)
    except ApiProblem as problem:
        if default == AUTO or language_for(default) is not english():
            raise
        _log.info("A recording is taken for English: %s", problem)
        return english().tag
