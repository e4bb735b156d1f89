"""A brain behind any OpenAI-compatible chat completions URL: Ollama, llama.cpp, vLLM or a server of one's own."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from voiceloop.errors import SettingsError
from voiceloop.languages.sentences import SentenceStream
from voiceloop.languages.shelf import english, language_for
from voiceloop.vocabulary import AssistantTurn, Item, Summary, ToolCall, ToolOutput, ToolSpec, UserTurn
from voiceloop_local.models.sse import ChatStream
from voiceloop_local.seams import Say, Thought

if TYPE_CHECKING:
    import httpx

__all__ = ["ChatBrain", "messages"]

log = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_SILENCE_S: Final = 60.0
"""A model that is still loading may keep its first token back this long."""
_LONGEST_ANSWER_S: Final = 120.0


class ChatBrain:
    """A `Brain` that asks a chat server, sentence by sentence. Any failure is a spoken apology and a line in the log.

    `url` is the server's base URL with or without `/v1` or `/chat/completions`. `model` None lets the server choose:
    the first one it lists. Plain `http` off this machine is refused with SettingsError when there is a key to lose.
    """

    def __init__(self, url: str, model: str | None = None, key: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{url!r} is no chat URL; write for example http://127.0.0.1:11434/v1")
        self._loopback = _is_loopback(parts.hostname)
        if key and parts.scheme == "http" and not self._loopback:
            raise SettingsError(f"a key would be readable on the way to {parts.hostname}; use https")
        base = url.rstrip("/").removesuffix("/chat/completions").rstrip("/").removesuffix("/v1")
        self._base = f"{base}/v1"
        self._model = model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client: httpx.AsyncClient | None = None

    async def think(
        self, instructions: str, items: Sequence[Item], tools: Sequence[ToolSpec], say: str | None, language: str = "en"
    ) -> AsyncIterator[Thought]:
        """Yield sentences as they arrive, then tool calls. Safe to cancel: the request is dropped."""
        if say is not None:
            yield Say(say)
            return
        import httpx  # noqa: PLC0415 - only where a chat URL is set

        spoken = language_for(language)
        if spoken is not english():
            instructions = f"{instructions}\n{spoken.said.speak}".strip()
        try:
            async for thought in self._ask(instructions, items, tools, SentenceStream(spoken)):
                yield thought
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            log.warning("chat server %s failed: %s", self._base, str(error) or type(error).__name__)
            yield Say(spoken.said.no_answer)

    async def aclose(self) -> None:
        """Close the connections. Idempotent."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(
        self, instructions: str, items: Sequence[Item], tools: Sequence[ToolSpec], cutter: SentenceStream
    ) -> AsyncIterator[Thought]:
        client = self._open()
        body: dict[str, Any] = {
            "model": await self._model_name(client),
            "messages": messages(instructions, items),
            "stream": True,
        }
        if tools:
            body["tools"] = [_function(tool) for tool in tools]
        stream = ChatStream()
        async with client.stream("POST", f"{self._base}/chat/completions", json=body) as response:
            if response.is_error:
                await response.aread()
                raise ValueError(f"status {response.status_code}: {response.text[:300]}")
            async for sentence in _sentences(response, stream, cutter):
                yield Say(sentence)
        if stream.error:
            raise ValueError(stream.error)
        for call in stream.calls():
            yield call

    def _open(self) -> httpx.AsyncClient:
        import httpx  # noqa: PLC0415 - only where a chat URL is set

        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers,
                timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
                trust_env=not self._loopback,  # a proxy cannot reach this machine's own server
            )
        return self._client

    async def _model_name(self, client: httpx.AsyncClient) -> str:
        if self._model is None:
            response = await client.get(f"{self._base}/models")
            response.raise_for_status()
            self._model = str(response.json()["data"][0]["id"])
            log.info("chat server %s answers with %s", self._base, self._model)
        return self._model


async def _sentences(response: httpx.Response, stream: ChatStream, cutter: SentenceStream) -> AsyncIterator[str]:
    """Yield the answer's sentences; stops at its end, at an error, or when a server will not stop talking."""
    clock = asyncio.get_running_loop().time
    enough_at = clock() + _LONGEST_ANSWER_S
    async for line in response.aiter_lines():
        for sentence in cutter.feed(stream.line(line)):
            yield sentence
        if stream.done or stream.error or clock() > enough_at:
            break
    for sentence in cutter.drain():
        yield sentence


def messages(instructions: str, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Return a conversation as chat messages.

    Servers want the outputs of a turn's calls right behind the message that holds all of them, and no call without
    one; so neighbouring calls are joined, outputs are moved up, and a call that has no output is left out. A summary
    joins the instructions, as many models take one system message only.
    """
    system = "\n\n".join(filter(None, (instructions, *(item.told for item in items if isinstance(item, Summary)))))
    outputs = {item.call_id: item.output for item in items if isinstance(item, ToolOutput)}
    told: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    said = [item for item in items if not isinstance(item, ToolOutput)]
    for is_call, run in groupby(said, lambda item: isinstance(item, ToolCall)):
        if is_call:
            told += _calls([item for item in run if isinstance(item, ToolCall) and item.call_id in outputs], outputs)
        else:
            told += [_turn(item) for item in run if isinstance(item, UserTurn | AssistantTurn) and item.text]
    return told


def _turn(item: UserTurn | AssistantTurn) -> dict[str, Any]:
    return {"role": "user" if isinstance(item, UserTurn) else "assistant", "content": item.text}


def _calls(calls: Sequence[ToolCall], outputs: Mapping[str, str]) -> list[dict[str, Any]]:
    if not calls:
        return []
    asked = [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    answers = [{"role": "tool", "tool_call_id": call.call_id, "content": outputs[call.call_id]} for call in calls]
    return [{"role": "assistant", "content": None, "tool_calls": asked}, *answers]


def _function(tool: ToolSpec) -> Mapping[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
