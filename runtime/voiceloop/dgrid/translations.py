"""`POST /v1/audio/translations`: what was said in a recording, in English, as DGrid documents it.

Upstream: `verbose_json` says `english` as its language. There is no stream, and only Whisper models translate.
"""

from __future__ import annotations

from typing import Final

from voiceloop.dgrid.client import Client
from voiceloop.dgrid.listening import Listening, Progress
from voiceloop.dgrid.transcript import Transcription
from voiceloop.dgrid.transcription_request import TranslationRequest

__all__ = ["TranslationRequest", "Translations"]

PATH: Final = "/v1/audio/translations"


class Translations:
    """Asks the translating models of one server; as `Transcriptions` does in all other respects."""

    def __init__(self, client: Client) -> None:
        self._listening = Listening(client, PATH)

    async def whole(self, request: TranslationRequest, progress: Progress | None = None) -> Transcription:
        """Return all that was heard, in English.

        Safe to cancel. Raises RequestRefusedError and RequestFailedError.
        """
        return await self._listening.whole(request, progress)
