"""What is asked of a chat model, checked before it is sent.

It has the shape of OpenAI's chat completions, fields as DGrid documents them unless they say more. The other dialects
write it in their own way, or say that they have no words for something.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_serializer, model_serializer

from voiceloop.dgrid.shape import RequestShape
from voiceloop.vocabulary import ToolCall, ToolSpec

__all__ = [
    "AssistantMessage",
    "AudioPart",
    "ChatMessage",
    "ChatRequest",
    "ImagePart",
    "OneTool",
    "SystemMessage",
    "TextPart",
    "ToolMessage",
    "UserMessage",
]


# Messages ------------------------------------------------------------------------------------------------------------


class TextPart(RequestShape):
    """Words."""

    type: Literal["text"] = "text"
    text: str


class ImageUrl(RequestShape):
    """Where an image is."""

    url: str
    """An address the server can reach, or `data:image/png;base64,...`."""
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(RequestShape):
    """An image to look at. DGrid is silent about it in chat completions; OpenAI's form."""

    type: Literal["image_url"] = "image_url"
    image_url: ImageUrl


class InputAudio(RequestShape):
    """A recording."""

    data: str
    """The whole file in base64."""
    format: Literal["wav", "mp3"]


class AudioPart(RequestShape):
    """A recording to listen to. DGrid's documentation is silent about it; OpenAI's form."""

    type: Literal["input_audio"] = "input_audio"
    input_audio: InputAudio


class SystemMessage(RequestShape):
    """How the model is to behave."""

    role: Literal["system", "developer"] = "system"
    content: str


class UserMessage(RequestShape):
    """What the user said or shows."""

    role: Literal["user"] = "user"
    content: str | tuple[Annotated[TextPart | ImagePart | AudioPart, Field(discriminator="type")], ...]


class AssistantMessage(RequestShape):
    """What the model said before, and the tools it asked for."""

    role: Literal["assistant"] = "assistant"
    content: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        calls = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in self.tool_calls
        ]
        written: dict[str, Any] = {"role": self.role, "content": self.content}  # strict servers want a null
        return written | ({"tool_calls": calls} if calls else {})


class ToolMessage(RequestShape):
    """The outcome of one tool call. Strict vendors answer 400 when a call has none, or when it does not come next."""

    role: Literal["tool"] = "tool"
    tool_call_id: str
    content: str


ChatMessage = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


# The request ---------------------------------------------------------------------------------------------------------


class OneTool(RequestShape):
    """The one tool the model has to call."""

    name: str


class ChatRequest(RequestShape):
    """One question, in whatever dialect it is put. What is None is not sent, and the server's default counts.

    One choice is asked for (`n` is never sent): an answer has one text.
    """

    model: str = Field(min_length=1)
    """Sent as it is; ids are opaque."""
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: Literal["auto", "none", "required"] | OneTool | None = None
    parallel_tool_calls: bool | None = None
    """Upstream only."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: Mapping[str, float] | None = None
    stop: str | tuple[str, ...] | None = None
    response_format: Mapping[str, Any] | None = None
    seed: int | None = None
    user: str | None = None
    reasoning_effort: str | None = None
    """Upstream only; a word of the model's vendor such as `low`."""
    contents: tuple[Mapping[str, Any], ...] | None = None
    """DGrid's addition: more context in Gemini's form, for images made through chat."""

    @field_serializer("tools")
    def _write_tools(self, tools: tuple[ToolSpec, ...]) -> list[dict[str, Any]] | None:
        return [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in tools
        ]

    @field_serializer("tool_choice")
    def _write_choice(self, choice: str | OneTool | None) -> str | dict[str, Any] | None:
        return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, OneTool) else choice

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object to send."""
        written = self.model_dump(mode="json", exclude_none=True)
        if not self.tools:
            del written["tools"]
        return written
