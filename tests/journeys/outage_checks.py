"""What a conversation keeps through an outage, counted by samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from journeys.outage_talk import RATE_PER_MS, Talk, answer_to
from voiceloop.testing.account import Account
from voiceloop.testing.gateway_items import Item as WireItem
from voiceloop.testing.spans import Span, absent
from voiceloop.vocabulary import AssistantTurn, Item, ToolCall, ToolOutput, UserTurn

__all__ = [
    "of_agent_audio",
    "of_answers",
    "of_ending",
    "of_history",
    "of_tools",
    "of_turns",
    "of_user_speech",
    "of_warnings",
]

Row = tuple[str, str]


def of_user_speech(told: Account) -> Iterator[str]:
    """Each sample that the user said is in one turn of the history that survives."""
    if told.lost:
        yield f"speech is lost: {_ms(told.lost)}; turns {told.turns}"
    if told.twice:
        yield f"speech is in the history twice: {_ms(told.twice)}; turns {told.turns}"
    if told.pending:
        yield f"speech waits in the buffer: {_ms(told.pending)}"


def of_agent_audio(talk: Talk, told: Account, *, whole: bool) -> Iterator[str]:
    """Each sample of the agent's is heard once at most; `whole`: all that arrived is heard."""
    if told.played_twice:
        yield f"the agent is heard twice: {_ms(told.played_twice)}"
    if told.strange:
        yield f"{told.strange} samples were heard that nobody sent"
    unplayed = absent(talk.arrived, told.heard)
    if unplayed and whole:
        yield f"arrived and was not heard: {_ms(unplayed)}"


def of_answers(talk: Talk, interrupted: str = "") -> Iterator[str]:
    """All that the user asked is answered to the end, once; but for what was interrupted."""
    due = talk.due
    if interrupted:
        due.remove(answer_to(interrupted))
    whole = [line["heard_text"] for line in talk.said("agent_said") if line["heard_text"] in talk.due]
    if sorted(whole) != sorted(due):
        yield f"heard to the end: {whole}; due: {due}"


def of_tools(talk: Talk, calls: int) -> Iterator[str]:
    """So many calls, each run once and with one outcome."""
    called = [line["call_id"] for line in talk.said("tool_called")]
    finished = [line["call_id"] for line in talk.said("tool_finished")]
    if len(talk.ran) != calls or len(called) != calls or sorted(called) != sorted(finished):
        yield f"{calls} calls expected; called {called}, finished {finished}, ran {talk.ran}"


def of_ending(talk: Talk, reason: str) -> Iterator[str]:
    """The session ended for this reason, "" being the end of the script."""
    assert talk.ended is not None
    wanted = (reason, 4) if reason else ("script over", 0)
    if (talk.ended.reason, talk.ended.exit_status) != wanted:
        yield f"ended as {talk.ended}, not as {wanted}"


def of_warnings(talk: Talk, ends: str, errors: list[str]) -> Iterator[str]:
    """One warning of the outage, and no error events of the server's but these."""
    warnings = [code for code in talk.warnings() if code != ends]
    if len(warnings) != 1 or not warnings[0].startswith("engine_lost_"):
        yield f"warnings: {talk.said('warning')}"
    sent = [error["error"]["code"] for error in talk.gateway.errors]
    if sent != errors or talk.gateway.garbage:
        yield f"the server complained: {[error['error'] for error in talk.gateway.errors]} {talk.gateway.garbage}"


def of_turns(talk: Talk) -> Iterator[str]:
    """The same less strictly: the user's turns in order, and each call with its output.

    What crosses on the wire may stand in another order there, and less than a word heard of a reply leaves no text.
    """
    ours, theirs = _both(talk)
    for kind in ("user", "call", "output"):
        mine, yours = ([row for row in rows if row[0] == kind] for rows in (ours, theirs))
        if mine != yours and (kind == "user" or sorted(mine) != sorted(yours)):
            yield f"the record has\n  {mine}\nand the newest connection has\n  {yours}"


def of_history(talk: Talk) -> Iterator[str]:
    """The newest connection has what the record has, item by item, calls with their outputs."""
    ours, theirs = (_joined(rows) for rows in _both(talk))
    if ours != theirs:
        yield f"the record is\n  {ours}\nand the newest connection has\n  {theirs}"


def _both(talk: Talk) -> tuple[list[Row], list[Row]]:
    """What we have and what the server has. Each names calls in its own way, so they are counted."""
    items = talk.session._driver.core.narrator.conversation.items
    return _counted(map(_row, items)), _counted(map(_wire_row, talk.gateway.connection.items))


def _counted(rows: Iterable[Row]) -> list[Row]:
    numbers: dict[str, str] = {}
    found: list[Row] = []
    for kind, text in rows:
        known = text if kind not in {"call", "output"} else numbers.setdefault(text, str(len(numbers) + 1))
        found.append((kind, known))
    return found


def _joined(rows: Iterable[Row]) -> list[Row]:
    """A reply of several items is one in the record."""
    joined: list[Row] = []
    for kind, text in rows:
        if joined and kind == joined[-1][0] == "assistant":
            joined[-1] = (kind, f"{joined[-1][1]} {text}")
        else:
            joined.append((kind, text))
    return joined


def _row(item: Item) -> Row:
    match item:
        case UserTurn(text=text):
            return "user", text
        case AssistantTurn(text=text):
            return "assistant", text
        case ToolCall(call_id=call_id):
            return "call", call_id
        case ToolOutput(call_id=call_id):
            return "output", call_id
        case _:
            return "other", str(item)


def _wire_row(item: WireItem) -> Row:
    kinds = {"function_call": "call", "function_call_output": "output"}
    kind = kinds.get(item.body["type"])
    if kind is not None:
        return kind, str(item.body["call_id"])
    written = " ".join(str(part.get("text") or part.get("transcript") or "") for part in item.body["content"])
    return str(item.body["role"]), written.strip()


def _ms(spans: Iterable[Span]) -> str:
    return ", ".join(f"{span.first / RATE_PER_MS:g}-{span.end / RATE_PER_MS:g} ms" for span in spans)
