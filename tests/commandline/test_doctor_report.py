from __future__ import annotations

import pytest

from voiceloop.commandline.doctor_report import Chosen, Finding, Report, State, TierFound
from voiceloop.vocabulary import Cause, Tier

OK = Finding("x", State.OK, "well")
SLOW = Finding("x", State.DEGRADED, "slow")
UNASKED = Finding("x", State.SKIPPED, "not asked")
REFUSED = Finding("x", State.REFUSED, "no", exit_status=4, cause=Cause.REFUSED)
NO_KEY = Finding("x", State.REFUSED, "no", exit_status=4, cause=Cause.BAD_KEY)
DOWN = Finding("x", State.FAILED, "down", exit_status=5)
MISSING = Finding("x", State.NOT_OFFERED, "missing", exit_status=6)


def realtime(*checks, **more):
    return TierFound(Tier.REALTIME, checks, "R", "marin", **more)


def rest(*checks, **more):
    return TierFound(Tier.REST, checks, "C", "alloy", **more)


def device(*checks):
    return TierFound(Tier.DEVICE, checks, carries_pictures=False)


def steps(*tiers, **more):
    return [step.text for step in Report((), (), (), tiers, **more).steps]


@pytest.mark.parametrize(
    ("checks", "state", "usable"),
    [
        ((OK, OK), State.OK, True),
        ((SLOW, OK), State.DEGRADED, True),
        ((OK, MISSING), State.NOT_OFFERED, False),
        ((DOWN, NO_KEY), State.FAILED, False),
        ((UNASKED,), State.SKIPPED, False),
    ],
)
def test_a_tier_is_as_good_as_its_worst_part(checks, state, usable):
    found = realtime(*checks)
    assert (found.state, found.usable) == (state, usable)


def test_each_tier_that_works_follows_the_one_that_fails():
    assert steps(realtime(OK), rest(SLOW, OK), device(OK)) == [
        "talk begins: realtime answers with R in voice marin",
        "when realtime fails: REST answers with C in voice alloy",
        "when REST fails: this machine answers in its own voice",
        "when this machine fails: nothing is left: the session ends with status 5",
    ]


def test_a_tier_that_does_not_work_is_passed_over():
    assert steps(realtime(REFUSED), rest(OK), device(MISSING)) == [
        "talk begins: REST answers with C in voice alloy",
        "when REST fails: nothing is left: the session ends with status 5",
    ]


def test_a_voice_that_nobody_named_is_the_servers_own():
    assert (
        steps(TierFound(Tier.REALTIME, (OK,), "R"))[0]
        == "talk begins: realtime answers with R in the server's own voice"
    )


def test_what_was_not_tried_is_said_to_be_so():
    assert steps(realtime(UNASKED), device(OK))[0] == "talk begins: realtime answers with R in voice marin (not tried)"


@pytest.mark.parametrize(
    ("tiers", "status"),
    [
        ((realtime(OK),), 0),
        ((realtime(DOWN), device(SLOW)), 0),
        ((realtime(NO_KEY), rest(DOWN), device(MISSING)), 4),
        ((realtime(DOWN), rest(NO_KEY)), 5),
        ((device(MISSING),), 6),
        ((realtime(UNASKED), device(MISSING)), 0),
        ((realtime(NO_KEY), rest(OK), device(OK)), 4),
        ((realtime(OK), rest(NO_KEY), device(OK)), 0),
        ((), 5),
    ],
)
def test_the_status_is_that_of_the_conversation_there_would_be(tiers, status):
    report = Report((), (), (), tiers)
    assert report.exit_status == status
    if status:
        assert [step.json for step in report.steps] == [
            {
                "failed": None,
                "answers": None,
                "exit_status": status,
                "text": f"nobody answers: talk ends with status {status}",
            }
        ]


def test_wrong_settings_end_everything():
    assert Report((), (Finding("settings", State.REFUSED, "typo", exit_status=3),)).exit_status == 3


def test_the_embedded_gateway_needs_the_models_here():
    assert Report((), (), (), (realtime(UNASKED), device(MISSING)), embedded=True).exit_status == 6
    assert steps(realtime(UNASKED), rest(UNASKED), device(OK), embedded=True) == [
        "talk begins: the embedded gateway answers with the models of this machine; no key, no network",
        "when the gateway fails: this machine answers in its own voice",
        "when this machine fails: nothing is left: the session ends with status 5",
    ]


def warned(*tiers, **more):
    return [(each.code, each.tier.value) for each in Report((), (), (), tiers, **more).warnings]


def test_what_a_person_will_notice_is_warned_of():
    assert warned(realtime(OK), rest(OK), device(OK)) == [
        ("voice_changes", "rest"),
        ("voice_changes", "device"),
        ("pictures_lost", "device"),
    ]
    plain = rest(OK, carries_tools=False, carries_pictures=False)
    assert warned(realtime(OK), plain, uses_tools=True) == [
        ("voice_changes", "rest"),
        ("tools_lost", "rest"),
        ("pictures_lost", "rest"),
    ]
    assert ("tools_lost", "rest") not in warned(realtime(OK), plain)


def test_one_voice_and_nothing_lost_is_no_warning():
    assert warned(realtime(OK), TierFound(Tier.REST, (OK,), "C", "marin")) == []
    assert warned(realtime(REFUSED), rest(OK)) == []


def test_scripts_get_plain_values():
    report = Report(
        (OK,),
        (),
        (Chosen("chat", "", "none is listed"),),
        (realtime(Finding("y", State.NOT_OFFERED, "-", took_s=0.0123)),),
    )
    assert report.json["machine"] == [{"what": "x", "state": "ok", "detail": "well", "fix": "", "took_ms": None}]
    assert report.json["models"] == {"chat": {"model": None, "why": "none is listed"}}
    assert report.json["tiers"][0]["state"] == "not_offered"
    assert report.json["tiers"][0]["checks"][0]["took_ms"] == 12
