from __future__ import annotations

import pytest

from voiceloop.engines.cascade.troubles import trouble_of
from voiceloop.errors import MisuseError
from voiceloop.testing.faults import Refuse, refusal
from voiceloop.testing.service_faults import Garbled, ServiceFaults, cut_off, failure_error, silent
from voiceloop.vocabulary import Cause

DOWN = Refuse()


def broken(*endpoints, seed=0, times=None, until_s=None, share=1.0):
    faults = ServiceFaults(seed)
    faults.begin(endpoints, DOWN, times=times, until_s=until_s, share=share)
    return faults


def test_an_endpoint_is_broken_until_it_is_mended_and_others_are_not():
    faults = broken("chat")
    assert [faults.meets("chat", now) for now in (1.0, 99.0)] == [DOWN, DOWN]
    assert faults.meets("speak", 1.0) is None
    faults.end(("chat",))
    assert faults.meets("chat", 1.0) is None


def test_without_a_name_all_are_meant():
    faults = broken()
    assert all(faults.meets(endpoint, 1.0) for endpoint in ("models", "transcribe", "chat", "speak"))
    faults.end(())
    assert not any(faults.meets(endpoint, 1.0) for endpoint in ("models", "transcribe", "chat", "speak"))


def test_so_many_times_or_for_so_long():
    faults = broken("chat", times=2)
    assert [faults.meets("chat", 1.0) for _ in range(3)] == [DOWN, DOWN, None]
    faults = broken("chat", until_s=5.0)
    assert [faults.meets("chat", now) for now in (4.9, 5.0)] == [DOWN, None]


def test_a_share_fails_by_chance_and_the_same_seed_brings_the_same():
    def met(seed):
        faults = broken("chat", seed=seed, share=0.5)
        return [faults.meets("chat", 1.0) is DOWN for _ in range(200)]

    assert 60 < sum(met(1)) < 140
    assert met(1) == met(1) != met(2)


def test_an_answer_stops_after_its_beginning_and_before_its_end():
    places = {ServiceFaults(seed).place(4) for seed in range(50)}
    assert places == {1, 2, 3}
    assert ServiceFaults().place(1) == 0


def test_a_name_that_no_endpoint_has_is_refused():
    with pytest.raises(MisuseError, match="there are models, transcribe, chat, speak"):
        broken("listen")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (failure_error(DOWN), Cause.UNREACHABLE),
        (failure_error(refusal(401)), Cause.BAD_KEY),
        (failure_error(refusal(404)), Cause.BAD_MODEL),
        (failure_error(refusal(429)), Cause.BUSY),
        (failure_error(refusal(429, "insufficient_quota")), Cause.QUOTA),
        (failure_error(refusal(500)), Cause.UNREACHABLE),
        (failure_error(Garbled()), Cause.BROKEN_PEER),
        (cut_off(), Cause.DROP),
        (silent(5.0), Cause.SLOW_MODEL),
    ],
)
def test_errors_are_those_of_rest_services(error, cause):
    assert trouble_of(error).cause is cause
