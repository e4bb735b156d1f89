"""What the conversation is doing, in one word: the failover policy and the screen ask for it."""

from __future__ import annotations

from voiceloop.turn.machine import TurnMachine
from voiceloop.turn.states import Ear, Mouth
from voiceloop.vocabulary import Phase

__all__ = ["phase_of"]


def phase_of(machine: TurnMachine) -> Phase:
    """The phase; where several apply, the one that is worst to be cut off in."""
    if machine.floor.mouth is not Mouth.QUIET:
        return Phase.AGENT_SPEAKING if machine.replies.generating else Phase.AUDIO_QUEUED
    if machine.calls.running:
        return Phase.TOOL_RUNNING
    if machine.floor.ear is not Ear.QUIET:
        return Phase.USER_SPEAKING
    return Phase.IDLE if machine.settled else Phase.THINKING
