from __future__ import annotations

import logging

import pytest

from voiceloop.dgrid.adapting import adapted
from voiceloop.dgrid.failures import Failure, Kind, RequestRefusedError
from voiceloop.dgrid.refused_parameters import RefusedParameters


class Model:
    """Refuses parameters by name, and keeps what it was sent."""

    def __init__(self, *refuses):
        self.refuses = refuses
        self.sent = []

    async def __call__(self, fields):
        self.sent.append(fields)
        for name in self.refuses:
            if name in fields:
                raise RequestRefusedError("no", Failure(Kind.REFUSED, f"unknown {name}", 400))
        return "answer"


async def test_each_refused_parameter_costs_one_attempt_once(caplog):
    caplog.set_level(logging.WARNING)
    refused, model = RefusedParameters(("speed", "tone")), Model("speed", "tone")
    asked = {"model": "m", "speed": 1, "tone": 2}
    assert await adapted(refused, "m", asked, model) == "answer"
    assert await adapted(refused, "m", asked, model) == "answer"
    assert [len(sent) for sent in model.sent] == [3, 2, 1, 1]
    assert len(caplog.messages) == 2


async def test_what_may_not_be_left_out_is_the_callers_to_mend():
    model = Model("voice")
    with pytest.raises(RequestRefusedError):
        await adapted(RefusedParameters(("speed",)), "m", {"voice": "x", "speed": 1}, model)
    assert len(model.sent) == 1
