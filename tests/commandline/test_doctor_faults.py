from __future__ import annotations

import pytest

from voiceloop.commandline.doctor_faults import of_error, of_failure, of_loss, too_late
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.dgrid.failures import TOLD, Failure, Kind, error_of
from voiceloop.errors import DeviceError, RefusedError, SettingsError, UnreachableError
from voiceloop.events import EngineLost
from voiceloop.vocabulary import Cause


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_failure_has_a_state_a_fix_and_a_status(kind):
    found = of_failure("chat", Failure(kind))
    assert found.state in {State.REFUSED, State.FAILED, State.NOT_OFFERED}
    assert found.fix
    assert found.exit_status == (4 if found.state is State.REFUSED else 5)
    assert found.detail == f"the server {TOLD[kind][0]}"


def test_a_failure_is_told_with_what_helps_its_owner():
    failure = Failure(Kind.SERVER_FAULT, "no upstream\x1b[31m", 503, request_id="req-7")
    assert of_failure("chat", failure, 0.5) == Finding(
        "chat",
        State.FAILED,
        "the server is in trouble (HTTP 503): no upstream[31m [request req-7]",
        "try again later",
        5,
        0.5,
        Cause.UNREACHABLE,
    )


def test_a_model_that_is_not_there_is_pinned_by_its_variable():
    assert of_failure("speech", Failure(Kind.BAD_MODEL)).fix.endswith("VOICELOOP_AGENT__MODELS__SPEECH=ID")
    assert of_failure("session", Failure(Kind.BAD_MODEL)).fix.endswith("VOICELOOP_REALTIME__MODEL=ID")
    assert of_loss("session", EngineLost(Cause.BAD_MODEL, "no")).fix.endswith("VOICELOOP_REALTIME__MODEL=ID")


@pytest.mark.parametrize("cause", Cause)
def test_every_loss_has_a_state_a_fix_and_a_status(cause):
    found = of_loss("session", EngineLost(cause, "it is so"))
    assert found.state in {State.REFUSED, State.FAILED, State.NOT_OFFERED}
    assert found.fix
    assert found.exit_status in {3, 4, 5}
    assert found.detail == "it is so"


@pytest.mark.parametrize(
    ("error", "state", "status"),
    [
        (RefusedError("no"), State.REFUSED, 4),
        (SettingsError("no"), State.REFUSED, 3),
        (UnreachableError("no"), State.FAILED, 5),
        (DeviceError("no"), State.NOT_OFFERED, 6),
        (error_of(Failure(Kind.QUOTA), "http://x"), State.REFUSED, 4),
    ],
)
def test_errors_keep_their_status(error, state, status):
    found = of_error("x", error)
    assert (found.state, found.exit_status) == (state, status)


def test_too_late_says_how_long_was_waited():
    assert too_late("chat", 15.0) == Finding("chat", State.FAILED, "no answer within 15 s", "try again later", 5, 15.0)
