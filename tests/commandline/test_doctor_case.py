from __future__ import annotations

import pytest

from voiceloop.commandline.doctor_case import case_of, hidden
from voiceloop.commandline.doctor_report import Finding, State
from voiceloop.errors import UsageError
from voiceloop.sources import Origins
from voiceloop.vocabulary import Tier

KEY = "sk-canary-4711-abcdef"  # pragma: allowlist secret


def case(tmp_path, agent=None, *, offline=False, **environ):
    return case_of(Origins(environ=environ, folder=tmp_path), agent, offline=offline)


@pytest.mark.parametrize(
    ("environ", "offline", "why"),
    [
        ({"DGRID_API_KEY": KEY}, False, ""),
        ({"DGRID_BASE_URL": "http://127.0.0.1:1"}, False, ""),
        ({"DGRID_API_KEY": KEY}, True, "not asked: --offline"),
        ({}, False, "no key: talk starts the embedded gateway, which runs the models of this machine"),
    ],
)
def test_why_no_server_is_asked(tmp_path, environ, offline, why):
    assert case(tmp_path, offline=offline, **environ).why_unasked == why


def test_the_agents_file_brings_voice_and_tools(tmp_path):
    file = tmp_path / "agent.py"
    file.write_text(
        "import voiceloop\n\n@voiceloop.tool\ndef lamp() -> str:\n    '''Switch the lamp.'''\n    return 'on'\n\n"
        "agent = voiceloop.Agent(voice={'realtime': 'cedar', 'rest': 'nova'}, tools=[lamp])\n"
    )
    found = case(tmp_path, file)
    assert found.seed.voice == "cedar"
    assert [tool.name for tool in found.seed.tools] == ["lamp"]
    with pytest.raises(UsageError, match="there is no such file"):
        case(tmp_path, tmp_path / "none.py")


def test_a_pinned_engine_is_the_only_tier(tmp_path):
    assert case(tmp_path).order == tuple(Tier)
    rest, device = (case(tmp_path, VOICELOOP_TIERS__ENGINE=engine) for engine in ("rest", "device"))
    assert (rest.order, rest.needs_server, rest.embedded) == ((Tier.REST,), True, True)
    assert (device.order, device.needs_server, device.embedded) == ((Tier.DEVICE,), False, False)


def test_secrets_do_not_leave_a_finding():
    found = Finding("x", State.FAILED, f"http://me:hunter/2@b@proxy said {KEY}", f"unset {KEY}")
    assert hidden(found, KEY) == Finding("x", State.FAILED, "http://***@proxy said ***", "unset ***")
    assert hidden(found, None).fix == f"unset {KEY}"
