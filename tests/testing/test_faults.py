from __future__ import annotations

import json
from typing import get_args

import pytest

from voiceloop.testing import faults
from voiceloop.testing.faults import Cut, Fault, Lag


def test_every_fault_can_be_named_by_a_test():
    assert {kind.__name__ for kind in get_args(Fault)} <= set(faults.__all__)


def test_faults_are_values():
    assert Cut("up", messages=3) == Cut("up", messages=3) != Cut("up", messages=3, inside=True)
    assert len({Lag(0.1), Lag(0.1), Lag(0.2)}) == 2


def test_a_refusal_can_have_another_code():
    error = json.loads(faults.refusal(429, "insufficient_quota").body)["error"]
    assert (error["code"], error["type"]) == ("insufficient_quota", "requests")


def test_a_cut_says_how_much_passes():
    with pytest.raises(ValueError, match="messages or size"):
        Cut("up")
