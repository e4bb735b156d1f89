"""The record of a conversation as messages that chat models of every vendor accept. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, assert_never

from voiceloop.dgrid.chat_request import (
    AssistantMessage,
    AudioPart,
    ChatMessage,
    ImagePart,
    ImageUrl,
    InputAudio,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from voiceloop.vocabulary import AssistantTurn, Item, Summary, ToolCall, ToolOutput, UserImage, UserTurn

__all__ = ["messages_of"]

NO_OUTPUT: Final = "There is no output: the tool never finished."


def messages_of(items: Sequence[Item], instructions: str = "", wav: bytes = b"") -> tuple[ChatMessage, ...]:
    """Return the messages of a record, after the instructions if there are any.

    `wav` is a WAV file of the newest turn without words, for models that listen themselves; other turns without words
    are left out. Calls that follow one another stand in one message, with the words before them, and are followed by
    their outputs wherever those stood; a call without one gets a note in its place, since vendors refuse it otherwise.
    """
    messages: list[ChatMessage] = [SystemMessage(content=instructions)] if instructions.strip() else []
    outputs = [item for item in items if isinstance(item, ToolOutput)]
    ids: Counter[str] = Counter()
    listened = next((item for item in reversed(items) if _wordless(item)), None) if wav else None
    calls: list[ToolCall] = []
    for item in items:
        if calls and not isinstance(item, ToolCall):
            _called(messages, calls, outputs, ids)
            calls = []
        match item:
            case ToolCall():
                calls.append(item)
            case UserTurn() if item is listened:
                sound = InputAudio(data=b64encode(wav).decode(), format="wav")
                messages.append(UserMessage(content=(AudioPart(input_audio=sound),)))
            case Summary() | UserTurn() | UserImage() | AssistantTurn():
                messages += _said(item)
            case ToolOutput():
                pass  # stands after its call
            case _:
                assert_never(item)
    if calls:
        _called(messages, calls, outputs, ids)
    return tuple(messages)


def _wordless(item: Item) -> bool:
    return isinstance(item, UserTurn) and not item.text.strip()


def _said(item: Summary | UserTurn | UserImage | AssistantTurn) -> Iterator[ChatMessage]:
    match item:
        case Summary():
            yield SystemMessage(content=item.told)
        case UserImage():
            address = f"data:{item.media_type};base64,{b64encode(item.encoded).decode()}"
            yield UserMessage(content=(ImagePart(image_url=ImageUrl(url=address)),))
        case UserTurn(text=text) if text.strip():
            yield UserMessage(content=text)
        case AssistantTurn(text=text) if text.strip():
            yield AssistantMessage(content=text)
        case _:
            pass  # vendors refuse empty words


def _called(
    messages: list[ChatMessage], calls: Sequence[ToolCall], outputs: list[ToolOutput], ids: Counter[str]
) -> None:
    """Add calls and their outputs. Outputs are used up, and an id that was there before is made another.

    Some servers count their calls anew in each answer, and others refuse an id that they see twice.
    """
    words = None
    if messages and isinstance(messages[-1], AssistantMessage):
        words = messages[-1].content
        del messages[-1]
    written: list[ToolCall] = []
    answers: list[ToolMessage] = []
    for call in calls:
        ids[call.call_id] += 1
        call_id = call.call_id if ids[call.call_id] == 1 else f"{call.call_id}_{ids[call.call_id]}"
        output = next((output for output in outputs if output.call_id == call.call_id), None)
        if output is not None:
            outputs.remove(output)
        written.append(replace(call, call_id=call_id))
        answers.append(ToolMessage(tool_call_id=call_id, content=NO_OUTPUT if output is None else output.output))
    messages += [AssistantMessage(content=words, tool_calls=tuple(written)), *answers]
