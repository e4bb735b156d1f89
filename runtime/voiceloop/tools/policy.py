"""Whether a tool may run: a pure decision, apart from how tools run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

__all__ = ["Policy", "Ruling", "Verdict", "decide"]

Policy = Literal["allow", "ask", "deny"]


class Verdict(StrEnum):
    """What happens to a call."""

    RUN = "run"
    ASK = "ask"
    """Put a question to the user; the call runs only after a yes."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and, unless the call runs, the sentence the model is told."""

    verdict: Verdict
    output: str = ""


def decide(name: str, policy: Policy, *, confirmed: bool = False, can_ask: bool = False) -> Ruling:
    """Decide whether the tool `name` may run.

    `confirmed`: the user said yes to this very call. `can_ask`: this session is able to put the question; without it a
    tool that needs a yes is refused, because a guess at the user's will must never have side effects.
    """
    match policy:
        case "allow":
            return Ruling(Verdict.RUN)
        case "deny":
            return Ruling(Verdict.REFUSE, f"{name} is not allowed here. Tell the user that you may not do this.")
        case "ask" if confirmed:
            return Ruling(Verdict.RUN)
        case "ask" if can_ask:
            return Ruling(Verdict.ASK, f"{name} needs the user's yes. Ask for it.")
        case "ask":
            return Ruling(
                Verdict.REFUSE,
                f"{name} was not run: the user must confirm it, and this version cannot ask for a confirmation. "
                "Tell the user that nothing was done.",
            )
        case _:
            assert_never(policy)
