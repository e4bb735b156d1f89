"""Parameters that a model turned out not to take: recognised in its refusal, left out from then on. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from voiceloop.dgrid.failures import Failure, Kind

__all__ = ["RefusedParameters", "refused_parameter"]

OPTIONAL: Final = (
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "presence_penalty", "frequency_penalty"),
    *("logit_bias", "seed", "stream_options", "parallel_tool_calls", "reasoning_effort"),
)
"""What a chat may do without: the answer is still one to the same question."""
INSTEAD: Final = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""Two names for one thing: where a model refuses one, the other is tried before none is sent."""
CODES: Final = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter"})
WORDS = re.compile(
    r"(?i)unsupported|not support|not compatible|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed"
    r"|deprecated|cannot find|cannot both"
)


def refused_parameter(failure: Failure, sent: Collection[str], optional: Sequence[str] = OPTIONAL) -> str | None:
    """Return which of the parameters sent a server cannot take at all; None when its refusal is about anything else.

    `optional` are those that may be left out; a list goes by its name without brackets. A value that is only out of
    range is for whoever chose it, and so is what would change the question.
    """
    if failure.kind is not Kind.REFUSED or not (failure.code in CODES or WORDS.search(failure.message)):
        return None
    left_out = [name for name in optional if name in sent]
    param = failure.param.partition("[")[0]
    if param in left_out:
        return param
    named = {name: found.start() for name in left_out if (found := re.search(rf"\b{name}\b", failure.message))}
    return min(named, key=named.__getitem__, default=None)  # the first is what it is about, a second one the advice


class RefusedParameters:
    """Remembers for each model what it refused of what is optional."""

    def __init__(self, optional: Sequence[str] = OPTIONAL) -> None:
        self._optional = optional
        self._refused: dict[str, set[str]] = {}

    def learn(self, model: str, failure: Failure, sent: Collection[str]) -> str | None:
        """Return the parameter that a refusal is about, not to be sent to this model again; None where it is not."""
        name = refused_parameter(failure, sent, self._optional)
        if name is not None:
            self._refused.setdefault(model, set()).add(name)
        return name

    def without(self, model: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request's body without what the model refused, a limit under its other name where it has one."""
        refused = self._refused.get(model, set())
        kept = {name: value for name, value in body.items() if name not in refused}
        for name in refused & body.keys() & INSTEAD.keys():
            if INSTEAD[name] not in refused:
                kept.setdefault(INSTEAD[name], body[name])
        return kept
