"""What the model process still owes: one future for each recording, one short queue for each speech."""

from __future__ import annotations

import asyncio
from typing import Any, assert_never

from voiceloop.errors import DeviceError, LanguageError
from voiceloop_local.models.protocol import WINDOW, Answer, Chunk, Failed, Identified, Lacking, Spoken, Transcribed

__all__ = ["Pending", "Piece", "RequestError"]


class RequestError(DeviceError):
    """One request cannot be served; the process is well and serves others."""


class LackingError(RequestError, LanguageError):
    """No request in this language can be served."""


Piece = bytes | DeviceError | None
"""A chunk of a speech, the reason why it broke off, or its end."""


class Pending:
    """Hands answers to whoever waits for them; an answer nobody waits for is dropped."""

    __slots__ = ("_answers", "_speeches")

    def __init__(self) -> None:
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._speeches: dict[int, asyncio.Queue[Piece]] = {}

    def __len__(self) -> int:
        return len(self._answers) + len(self._speeches)

    def transcript(self, request_id: int) -> asyncio.Future[str]:
        """Expect a transcription; needs a running loop."""
        return self._expect(request_id)

    def language(self, request_id: int) -> asyncio.Future[tuple[str, float]]:
        """Expect a language and its probability; needs a running loop."""
        return self._expect(request_id)

    def speech(self, request_id: int) -> asyncio.Queue[Piece]:
        """Expect a speech. Its queue never fills up: the host keeps to a window of chunks, then come end or failure."""
        self._speeches[request_id] = asyncio.Queue(WINDOW + 2)
        return self._speeches[request_id]

    def forget(self, request_id: int) -> bool:
        """Expect nothing more; whether anything was still owed."""
        speech, answer = self._speeches.pop(request_id, None), self._answers.pop(request_id, None)
        return speech is not None or answer is not None

    def answer(self, report: Answer, payload: bytes) -> None:
        """Hand an answer over."""
        match report:
            case Transcribed(request_id, text):
                self._settle(request_id, text)
            case Identified(request_id, language, probability):
                self._settle(request_id, (language, probability))
            case Chunk(request_id):
                if speech := self._speeches.get(request_id):
                    speech.put_nowait(payload)
            case Spoken(request_id):
                if speech := self._speeches.pop(request_id, None):
                    speech.put_nowait(None)
            case Failed(request_id, message):
                kind = LackingError if isinstance(report, Lacking) else RequestError
                self._fail(request_id, kind(message))
            case never:
                assert_never(never)

    def fail_all(self, message: str) -> None:
        """Tell everybody that the process failed."""
        for request_id in (*self._answers, *self._speeches):
            self._fail(request_id, DeviceError(message))

    def _fail(self, request_id: int, error: DeviceError) -> None:
        answer = self._answers.pop(request_id, None)
        if answer is not None and not answer.done():
            answer.set_exception(error)
        if speech := self._speeches.pop(request_id, None):
            speech.put_nowait(error)

    def _expect(self, request_id: int) -> asyncio.Future[Any]:
        self._answers[request_id] = asyncio.get_running_loop().create_future()
        return self._answers[request_id]

    def _settle(self, request_id: int, result: str | tuple[str, float]) -> None:
        answer = self._answers.pop(request_id, None)
        if answer is not None and not answer.done():
            answer.set_result(result)
