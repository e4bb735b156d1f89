"""`POST /v1/audio/transcriptions`: what was said in a recording, in its own language, whole or while it is recognised.

The form and `{"text": ...}` are as DGrid documents them. It is silent about the fields of the longer formats and about
streams: both are upstream's, and servers differ, see `transcript_reading` and `transcript_events`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final

from voiceloop.dgrid.client import Client
from voiceloop.dgrid.listening import Listening, Progress
from voiceloop.dgrid.transcript import TranscriptDelta, Transcription
from voiceloop.dgrid.transcription_request import TranscriptionRequest

__all__ = ["TranscriptionRequest", "Transcriptions"]

PATH: Final = "/v1/audio/transcriptions"


class Transcriptions:
    """Asks the listening models of one server.

    A parameter that a model refuses is left out from then on and the recording sent again; so is a format other than
    subtitles, and the answer then has less than was asked for. Both methods raise RequestRefusedError and
    RequestFailedError, also for an answer with a success's status that is none. Listening changes nothing at the
    server, so a recording whose connection broke before the answer began is sent again; it may be billed twice then.
    `progress` is told how much of the recording has left, each 64 KiB.
    """

    def __init__(self, client: Client) -> None:
        self._listening = Listening(client, PATH)

    async def whole(self, request: TranscriptionRequest, progress: Progress | None = None) -> Transcription:
        """Return all that was heard; a server that streams all the same is understood. Safe to cancel."""
        return await self._listening.whole(request, progress)

    def stream(
        self, request: TranscriptionRequest, progress: Progress | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[TranscriptDelta]]:
        """Yield what was heard as it comes, `Transcribed` last. Safe to cancel; leaving early closes the connection.

        Events that end early give a truncated transcription; a connection that breaks is raised after what came. A
        server that answers with one document gives the same deltas at once.
        """
        return self._listening.stream(request, progress)
