"""What a scripted server answers when nothing is scripted: a function of what it was asked, the same every time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voiceloop.languages.language import Language
from voiceloop.testing.gateway_items import Item
from voiceloop.testing.script import Call, Reply, Spoken
from voiceloop.tools.phrases import Phrasebook
from voiceloop.vocabulary import ToolSpec

if TYPE_CHECKING:
    from voiceloop.testing.gateway_connection import Connection

__all__ = ["Brain", "PhraseBrain", "Question", "question", "spoken"]

WORD_MS = 300
"""About as long as a word takes."""
SAY_EXACTLY = "Say exactly this, and nothing else: "


@dataclass(frozen=True, slots=True)
class Question:
    """What a reply is to answer. At most one of the first three is there; none of them: the user said nothing yet."""

    say: str = ""
    """Words to be said as they stand."""
    outputs: tuple[str, ...] = ()
    """What tools returned since anybody spoke, but for the agent's answer to them that is asked for once more."""
    text: str = ""
    """What the user said last."""
    tools: tuple[ToolSpec, ...] = ()
    """The tools of the session; none where the client forbids them."""


Brain = Callable[[Question], Reply]


def question(connection: Connection, asked: Mapping[str, Any]) -> Question:
    """Read the question off a connection; `asked` is the `response` of the client's request."""
    fields = connection.session.fields
    given = () if asked.get("tool_choice") == "none" else asked.get("tools", fields.get("tools", ()))
    tools = tuple(ToolSpec(each["name"], each.get("description", ""), each.get("parameters", {})) for each in given)
    _, _, say = str(asked.get("instructions", "")).partition(SAY_EXACTLY)
    if say:
        return Question(say=say, tools=tools)
    conversation = connection.conversation
    items = [conversation.items[item_id] for item_id in conversation.order]
    while items and items[-1].body.get("role") == "assistant":  # an answer that was cut off: it is asked for once more
        items.pop()
    outputs = _new_outputs(items)
    return Question("", outputs, "" if outputs else _newest_words(items), tools)


def spoken(text: str) -> Spoken:
    """A message with sound about as long as its words take."""
    return Spoken(text, WORD_MS * max(1, len(text.split())))


class PhraseBrain:
    """Calls the tool whose phrase was said and speaks what it returns, as it stands.

    Raises DeviceError when hassil, which matches phrases, is not installed.
    """

    def __init__(self, language: Language | None = None) -> None:
        self._language = language
        self._tools: tuple[ToolSpec, ...] = ()
        self._book = Phrasebook.from_specs((), language)

    def __call__(self, asked: Question) -> Reply:
        """Return the reply; the same questions in the same order get the same replies."""
        if asked.say or asked.outputs:
            return Reply(tuple(map(spoken, asked.outputs or (asked.say,))))
        if not asked.text:
            return Reply((spoken("Hello."),))
        if asked.tools != self._tools:
            self._book, self._tools = Phrasebook.from_specs(asked.tools, self._language), asked.tools
        found = self._book.match(asked.text)
        if found is None:
            return Reply((spoken(f"No tool has a phrase for: {asked.text}"),))
        return Reply((), (Call(found.name, json.dumps(found.arguments, ensure_ascii=False)),))


def _new_outputs(items: Sequence[Item]) -> tuple[str, ...]:
    last = max((at for at, item in enumerate(items) if item.body["type"] == "message"), default=-1)
    new = (item.body for item in items[last + 1 :])
    return tuple(body["output"] for body in new if body["type"] == "function_call_output")


def _newest_words(items: Sequence[Item]) -> str:
    newest = next((item for item in reversed(items) if item.body.get("role") == "user"), None)
    if newest is None:
        return ""
    return newest.words or "".join(part.get("text", "") for part in newest.body["content"])
